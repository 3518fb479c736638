"""Which histories can a store have? Any order of changes, crashes and starts; after each it holds what the model says.

A crash is a copy of the files while the store is open, in the middle of a change or between two: what SIGKILL leaves.
"""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from model import KEEP_DAYS, TAGS, Model, Row, Rows, Step, change, check, held, outside_transactions, perform, tag_ids
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, with_tags

from collector.store import reports
from collector.store.backup import back_up
from collector.store.store import reading, transaction, writing
from plant.gap import Gap
from plant.status_code import BAD, UNCERTAIN

HISTORY = settings(
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
MINUTE_US = 60_000_000

# Few times, so that much comes again, late, or at the same time with another value.
offsets = st.one_of(
    st.integers(-5, 0).map(lambda minutes: minutes * MINUTE_US),
    st.sampled_from((-HOUR_US, -5 * HOUR_US, -DAY_US, -KEEP_DAYS * DAY_US, -MINUTE_US + 1, 3 * HOUR_US)),
)
values = st.sampled_from([(0.0, 0), (1.5, 0), (2.5, 0), (1e300, UNCERTAIN), (None, BAD)])
drawn_rows = st.lists(st.tuples(offsets, values), min_size=1, max_size=6)


@cache
def _new_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plant.db"
        with writing(path) as connection:
            with_tags(connection, TAGS)
        return path.read_bytes()


class _BrokenOffError(Exception):
    """A change is not committed."""


class StoreMachine(RuleBasedStateMachine):
    """Store and outbox of a plant. produced, lost: identities that a device made, and those that only gaps tell of."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.stack = ExitStack()
        self.starts = 0
        self.model = Model()
        self.now_us = MONDAY_US
        self.produced: dict[int, set[Row]] = {tag: set() for tag in range(TAGS)}
        self.lost: dict[int, set[Row]] = {tag: set() for tag in range(TAGS)}
        self.gone: dict[int, set[Row]] = {tag: set() for tag in range(TAGS)}
        self.at_programme: set[str] = set()
        self.path = self.folder / "0" / "plant.db"
        self.path.parent.mkdir()
        self.path.write_bytes(_new_store())
        self.connection = self._open()

    def teardown(self) -> None:
        try:
            check(self.connection, [self.model])
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    def _open(self) -> Connection:
        connection = self.stack.enter_context(writing(self.path))
        outside_transactions(connection, "pragma cache_size = 10")  # what is not committed reaches the file too
        self.ids = tag_ids(connection)
        connection.rollback()
        return connection

    def _do(self, step: Step) -> None:
        perform(self.connection, step)
        self._note(step)

    def _note(self, step: Step) -> None:
        before = {tag: set(found) for tag, found in self.model.readings.items()}
        self.model.apply(step)
        for tag, found in before.items():
            self.gone[tag] |= found - set(self.model.readings[tag])
            self.gone[tag] -= set(self.model.readings[tag])

    def _rows(self, drawn: list[tuple[int, tuple[float | None, int]]]) -> Rows:
        return tuple((self.now_us + offset_us, value, status) for offset_us, (value, status) in drawn)

    @initialize(at=st.integers(0, 2 * DAY_US // MINUTE_US))
    def begin(self, at: int) -> None:
        """At any time of the day, as hours and days end at other moments of each history."""
        self.now_us += at * MINUTE_US

    @rule(drawn=st.lists(drawn_rows, min_size=TAGS, max_size=TAGS), breaks=st.booleans())
    def commit(self, drawn: list[list[tuple[int, tuple[float | None, int]]]], breaks: bool) -> None:
        """What devices hand over is committed; or the commit fails half way, and is done again."""
        step = self._commit(drawn)
        if breaks:
            self._half(step)
        self._do(step)

    def _commit(self, drawn: list[list[tuple[int, tuple[float | None, int]]]]) -> Step:
        self.now_us += MINUTE_US
        parts = tuple((tag, self._rows(rows)) for tag, rows in enumerate(drawn))
        for tag, rows in parts:
            self.produced[tag] |= set(rows)
        return Step("commit", parts, self.now_us)

    def _half(self, step: Step, at_half: Callable[[], None] = lambda: None) -> None:
        """A change that is not committed."""

        with suppress(_BrokenOffError), transaction(self.connection):
            change(self.connection, step)
            at_half()
            raise _BrokenOffError

    @rule(drawn=drawn_rows)
    def lose(self, drawn: list[tuple[int, tuple[float | None, int]]]) -> None:
        """A device made readings that it could not hand over; it says so."""
        self.now_us += MINUTE_US
        rows = self._rows(drawn)
        times = [time_us for time_us, *_ in rows]
        gap = Gap("press", None, min(times), max(times) + 1, f"overflow {self.now_us}")
        if gap.start_us in self.model.gaps:
            gap = Gap("press", None, gap.start_us, max(gap.end_us or 0, self.model.gaps[gap.start_us].end_us or 0), "")
        for tag in range(TAGS):
            self.produced[tag] |= set(rows)
            self.lost[tag] |= set(rows)
        self._do(Step("commit", tuple((tag, ()) for tag in range(TAGS)), self.now_us, gap))

    @rule(kind=st.sampled_from(["gather", "seal", "merge", "checkpoint"]), ahead=st.sampled_from([0, HOUR_US, DAY_US]))
    def keep_house(self, kind: str, ahead: int) -> None:
        """What is done in the background changes nothing that can be asked for."""
        self.now_us += ahead
        self._do(Step(kind, at_us=self.now_us))

    @rule(tag=st.integers(0, TAGS - 1), drawn=drawn_rows, replace=st.booleans())
    def bring_file(self, tag: int, drawn: list[tuple[int, tuple[float | None, int]]], replace: bool) -> None:
        """A file is imported; without --replace, rows that contradict the store are refused before."""
        rows = self._rows(drawn)
        if not replace:
            first: dict[int, Row] = {row[0]: row for row in reversed((*self.model.readings[tag], *rows))}
            rows = tuple(row for row in rows if first[row[0]] == row)
            rows = tuple(row for row in rows if [r for r in self.model.readings[tag] if r[0] == row[0]] in ([], [row]))
        if rows:
            self.produced[tag] |= set(rows)
            self._do(Step("replace" if replace else "import", ((tag, rows),), self.now_us))

    @rule()
    def forget(self) -> None:
        """Readings of long ago are deleted."""
        self._do(Step("forget", at_us=self.now_us))

    @rule()
    def report(self) -> None:
        """A report is put into the outbox."""
        self._do(Step("report", at_us=self.now_us))

    @rule()
    def publish(self) -> None:
        """What waits is sent; the programme may get it twice."""
        waiting = reports.all_reports(self.connection, pending=True)
        self.connection.rollback()
        self._do(Step("publish", at_us=self.now_us))
        self.at_programme |= {one.id for one in waiting}

    @precondition(lambda self: self._all_sent())
    @rule(kind=st.sampled_from(["accepted", "accepted", "rejected"]))
    def answer(self, kind: str) -> None:
        """The programme answers what it was sent."""
        self._do(Step(kind, at_us=self.now_us))

    def _all_sent(self) -> bool:
        return {f"r{at + 1}" for at in range(len(self.model.states))} <= self.at_programme

    @rule()
    def resend(self) -> None:
        """Somebody asks for all reports again."""
        self._do(Step("resend", at_us=self.now_us))

    @rule(step_us=st.sampled_from([-DAY_US, -HOUR_US, HOUR_US, DAY_US, 3 * DAY_US]))
    def step_clock(self, step_us: int) -> None:
        """The clock of the machine is set."""
        self.now_us += step_us

    @rule()
    def copy(self) -> None:
        """A backup beside the running collector holds the same, and is whole."""
        target = self.folder / f"copy-{self.starts}-{len(list(self.folder.glob('copy-*')))}.db"
        assert back_up(self.path, target, self.now_us).faults == []
        with reading(target) as copied:
            assert held(copied) == self.model.held()

    @rule()
    def reopen(self) -> None:
        """An orderly end and start."""
        self.stack.close()
        self.stack = ExitStack()
        self.connection = self._open()

    @rule(drawn=st.lists(drawn_rows, min_size=TAGS, max_size=TAGS), midway=st.booleans())
    def crash(self, drawn: list[list[tuple[int, tuple[float | None, int]]]], midway: bool) -> None:
        """The process is killed in the middle of a commit, or between two; a device hands over what was not
        acknowledged again."""
        step = self._commit(drawn)
        if midway:
            self._half(step, self._copy)
        else:
            self._copy()
        self.stack.close()
        self.stack = ExitStack()
        self.path = self.path.parent.with_name(str(self.starts)) / "plant.db"
        self.connection = self._open()
        self._do(step)

    def _copy(self) -> None:
        self.starts += 1
        copy = self.folder / str(self.starts)
        copy.mkdir()
        for name in ("plant.db", "plant.db-wal"):
            if (self.path.parent / name).exists():
                shutil.copy(self.path.parent / name, copy / name)

    @invariant()
    def store_holds_what_the_model_says(self) -> None:
        """Acknowledged = stored; made = settled + outbox."""
        found = held(self.connection)
        self.connection.rollback()
        assert found == self.model.held()

    @invariant()
    def produced_is_stored_or_declared(self) -> None:
        """Every reading that a device made is stored, in a gap that was declared, or was replaced or forgotten."""
        spans = [(gap.start_us, gap.end_us or 2**62) for gap in self.model.gaps.values()]
        for tag, produced in self.produced.items():
            missing = produced - set(self.model.readings[tag]) - self.gone[tag]
            assert missing <= self.lost[tag]
            assert all(any(start <= row[0] < end for start, end in spans) for row in missing)
