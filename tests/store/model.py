"""What must a store hold after so many steps? Kept in plain Python, without a line of the store's own code.

A step is one change that is there wholly or not at all, or one that changes nothing that can be asked for.
"""

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, rows, some_readings

from collector import housekeeping
from collector.store import devices, gaps, readings, reports
from collector.store.account import account
from collector.store.gathering import gather
from collector.store.store import transaction
from collector.store.tags import stored_tags
from collector.store.verification import verified
from plant.gap import Gap
from plant.status_code import BAD

Row = tuple[int, float | None, int]
Rows = tuple[Row, ...]
Held = dict[str, Any]

EVER = (-(2**60), 2**60)
TAGS = 3
KEEP_DAYS = 2


@dataclass(frozen=True, slots=True)
class Step:
    """One change. commit: rows by tag, and a gap of what could not be had. import, replace: rows of one tag. report,
    publish, accept, reject: the outbox. forget, seal, merge: as of an instant. gather, checkpoint."""

    kind: str
    parts: tuple[tuple[int, Rows], ...] = ()
    at_us: int = 0
    gap: Gap | None = None


@dataclass
class Model:
    """What is known. repeats: readings that came again; made, settled, sent: reports by sequence."""

    readings: dict[int, list[Row]] = field(default_factory=lambda: {tag: [] for tag in range(TAGS)})
    gaps: dict[int, Gap] = field(default_factory=dict)
    received: int = 0
    repeats: int = 0
    states: list[str] = field(default_factory=list)
    known_until_us: int = 0

    def after(self, step: Step) -> "Model":
        """What is known after one more step."""
        new = deepcopy(self)
        new.apply(step)
        return new

    def apply(self, step: Step) -> None:
        """Take note of a step."""
        if step.kind in ("commit", "import", "replace"):
            for tag, part in step.parts:
                self._put_in(tag, part, step.kind)
        if step.kind == "commit":
            self.received += sum(len(part) for _, part in step.parts)
            self.known_until_us = max(self.known_until_us, step.at_us)
            if step.gap is not None:
                self.gaps[step.gap.start_us] = step.gap
        elif step.kind == "report":
            self.states.append("pending")
        elif step.kind in ("accepted", "rejected"):
            self.states = [step.kind if state == "pending" else state for state in self.states]
        elif step.kind == "resend":
            self.states = ["pending"] * len(self.states)
        elif step.kind == "forget":
            first_us = _forgotten_before(step.at_us)
            for tag, held in self.readings.items():
                self.readings[tag] = [row for row in held if row[0] >= first_us]

    def _put_in(self, tag: int, part: Rows, kind: str) -> None:
        held = self.readings[tag]
        if kind == "replace":
            times = {time_us for time_us, *_ in part}
            held[:] = [row for row in held if row[0] not in times or row in part]
        for row in part:
            if row in held:
                self.repeats += kind != "replace"  # which seals first
            else:
                held.append(row)

    def held(self) -> Held:
        """In the words of `held`."""
        return {
            "readings": {tag: sorted(found, key=lambda row: row[0]) for tag, found in self.readings.items()},
            "gaps": [self.gaps[start_us] for start_us in sorted(self.gaps)],
            "received": self.received,
            "reports": [(1, at + 1, f"r{at + 1}", state) for at, state in enumerate(self.states)],
            "known": {"press": self.known_until_us} if self.known_until_us else {},
        }


def held(connection: Connection) -> Held:
    """What a store has: readings by tag, ascending, each once; gaps; how many were received; reports; device."""
    ids, counted = tag_ids(connection), account(connection)
    return {
        "readings": {tag: rows(readings.series(connection, tag_id, *EVER)) for tag, tag_id in enumerate(ids)},
        "gaps": gaps.overlapping(connection, *EVER),
        "received": counted.received + counted.before,  # retention moves the one to the other
        "reports": [(one.epoch, one.sequence, one.id, one.state) for one in reports.all_reports(connection)],
        "known": devices.known(connection),
    }


def tag_ids(connection: Connection) -> list[int]:
    """Ids of the store's tags."""
    return sorted(stored.id for stored in stored_tags(connection).values())


def raw_count(connection: Connection) -> int:
    """Rows of readings in journal and chunks, whatever they say."""
    query = "select (select coalesce(sum(readings), 0) from journal) + (select coalesce(sum(readings), 0) from chunk)"
    return int(connection.exec_driver_sql(query).scalar_one())


def check(connection: Connection, models: list[Model]) -> int:
    """That a store holds what one of some models says, no reading twice in it; and still, once all is sealed.

    Returns which one. Raises AssertionError.
    """
    assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
    found = held(connection)
    expected = [model.held() for model in models]
    assert found in expected, f"{found}\nis none of\n{expected}"
    at = expected.index(found)
    count = sum(len(part) for part in found["readings"].values())
    assert count <= raw_count(connection) <= count + models[at].repeats
    connection.rollback()
    for kind in ("seal", "merge"):
        perform(connection, Step(kind, at_us=2**60))
    assert held(connection) == found
    assert raw_count(connection) == count
    assert connection.exec_driver_sql("select count(*) from journal").scalar() == 0
    connection.rollback()
    assert verified(connection).faults == []
    counted = account(connection)
    connection.rollback()
    assert counted.missing == 0, counted
    return at


def perform(connection: Connection, step: Step) -> None:
    """Let the store do a step, as the collector does it."""
    if step.kind == "checkpoint":
        outside_transactions(connection, "pragma wal_checkpoint(truncate)")
    elif step.kind in _BIT_BY_BIT:
        for name in _BIT_BY_BIT[step.kind]:
            at: int | None = 0
            while at is not None:
                with transaction(connection):
                    at = _WORK[name](connection, step.at_us, at)
    else:
        with transaction(connection):
            change(connection, step)
    connection.rollback()


def outside_transactions(connection: Connection, pragma: str) -> None:
    """Run what SQLite refuses in a transaction, such as SQLAlchemy begins for any statement."""
    connection.rollback()
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(pragma).fetchall()


# Forgetting is of chunks alone, so what is old is sealed before.
_BIT_BY_BIT = {"gather": ("gather",), "seal": ("gather", "seal"), "merge": ("merge",)}
_WORK: dict[str, Callable[[Connection, int, int], int | None]] = {
    "gather": lambda connection, _, __: gather(connection) or None,
    "seal": housekeeping.seal_next,
    "merge": housekeeping.merge_next_days,
    "forget": lambda connection, now_us, at: housekeeping.forget_next(connection, now_us, KEEP_DAYS, at),
}


def _forgotten_before(now_us: int) -> int:
    return (now_us - KEEP_DAYS * DAY_US) // DAY_US * DAY_US


def change(connection: Connection, step: Step) -> None:
    """The changes of a step that is one transaction; the caller's."""
    ids = tag_ids(connection)
    if step.kind == "commit":
        readings.append(connection, entry_of({ids[tag]: _readings(part) for tag, part in step.parts}))
        devices.add_received(connection, [("press", step.at_us, sum(len(part) for _, part in step.parts))])
        devices.extend_known(connection, {"press": step.at_us})
        gaps.save(connection, [] if step.gap is None else [step.gap])
    elif step.kind == "import":
        for tag, part in step.parts:
            readings.merge(connection, ids[tag], _readings(part))
    elif step.kind == "replace":
        readings.replace_all(connection, {ids[tag]: _readings(part) for tag, part in step.parts})
    elif step.kind == "report":
        _, last, previous = reports.last(connection)
        event = json.dumps({"previous": previous, "sequence": last + 1}).encode()
        sha256 = hashlib.sha256(event).hexdigest()
        made = reports.StoredReport(
            1, last + 1, f"r{last + 1}", "day", f"d{last + 1}", 1, "final", "pending", sha256, step.at_us
        )
        reports.save(connection, made, event)
    elif step.kind == "forget":
        for name in ("gather", "seal", "forget"):
            at: int | None = 0
            while at is not None:
                at = _WORK[name](connection, step.at_us, at)
    else:
        _settle(connection, step)


def _settle(connection: Connection, step: Step) -> None:
    waiting = reports.all_reports(connection, pending=True)
    if step.kind == "publish":
        reports.mark_sent(connection, [(one.epoch, one.sequence) for one in waiting], step.at_us)
    elif step.kind == "resend":
        reports.resend(connection, 1, 2**31)
    else:
        for one in waiting:
            assert reports.settle(connection, one.sha256, step.kind == "accepted", None, step.at_us)


def _readings(part: Rows) -> Any:
    return some_readings([row[0] for row in part], [float("nan") if row[1] is None else row[1] for row in part],
                         [row[2] for row in part])  # fmt: skip


@dataclass
class Plant:
    """Draws step after step of a plant that runs: most are commits of new readings, some are late or come again."""

    random: random.Random
    now_us: int = MONDAY_US
    sent: list[tuple[tuple[int, Rows], ...]] = field(default_factory=list)

    def steps(self, count: int) -> Iterator[Step]:
        """So many steps; time goes on by some minutes with each, and now and then by hours."""
        kinds = ["commit"] * 12 + ["gather"] * 3 + ["seal", "seal", "merge", "checkpoint", "import", "replace"]
        kinds += ["report", "publish", "accepted", "rejected", "resend", "forget"]
        for _ in range(count):
            yield self.step(self.random.choice(kinds))

    def step(self, kind: str) -> Step:
        """The next step, of a kind."""
        self.now_us += self.random.choice((1, 60, 60, 600, 4000)) * 1_000_000
        if kind not in ("commit", "import", "replace"):
            return Step(kind, at_us=self.now_us)
        if kind == "commit" and self.sent and self.random.random() < 0.1:
            return Step(kind, self.random.choice(self.sent), self.now_us)
        lateness_us = self.random.choice((0, 0, 0, 0, HOUR_US, 5 * HOUR_US, DAY_US)) if kind == "commit" else 0
        tags = range(TAGS) if kind == "commit" else (self.random.randrange(TAGS),)
        parts = tuple((tag, self._rows(self.now_us - lateness_us)) for tag in tags)
        gap = Gap("press", None, self.now_us - 5, self.now_us - 3, "no answer") if self.random.random() < 0.1 else None
        if kind == "commit":
            self.sent.append(parts)
        elif kind == "replace" and self.sent:  # other values at times that the store has
            tag, part = self.random.choice(self.random.choice(self.sent))
            parts = ((tag, tuple((time_us, 99.5, 0) for time_us, *_ in part[::2])),)
        return Step(kind, parts, self.now_us, gap if kind == "commit" else None)

    def _rows(self, at_us: int) -> Rows:
        count = self.random.choice((1, 3, 3, 120))
        first_us = at_us - count * 1_000_000 + self.random.randrange(1_000_000)
        return tuple(
            (first_us + row * 1_000_000, None if row % 50 == 7 else self.random.random(), BAD if row % 50 == 7 else 0)
            for row in range(count)
        )


def models_of(seed: int, steps: int) -> list[Model]:
    """What is known after none, one, two ... of the steps of a plant of a seed."""
    found = [Model()]
    for step in Plant(random.Random(seed)).steps(steps):
        found.append(found[-1].after(step))
    return found
