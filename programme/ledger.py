"""Which reports are in, and what do the newest say? Every report once, and never another under its id in its epoch.

A plant that was restored from a backup begins a newer epoch and makes reports again that it has lost: they stand beside
the old ones, and the newer epoch counts. All of a batch is one transaction of the caller; an ack may go out only after
its commit.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from kpi.acknowledgement import Ack
from kpi.report_schema import Report
from plant.instant import US_PER_S, parse_instant
from programme import schema
from programme.rejections import note_rejection
from programme.sequences import advance, holes, link, standing
from programme.verify import Accepted, Refusal, Rejected

Holes = tuple[tuple[int, int], ...]


def take(connection: Connection, batch: Sequence[Accepted | Rejected], received_us: int) -> list[Ack | None]:
    """Store a batch, inside the caller's transaction; the acks to send after its commit, None where nobody can be told.

    Every copy of a stored report is accepted again; another report under its id or its sequence in the
    same epoch is rejected and noted.
    """
    _lock_plants(connection, batch)
    results = [_take_one(connection, outcome, received_us) for outcome in batch]
    stands: dict[tuple[str, int], tuple[int, Holes]] = {}
    acks: list[Ack | None] = []
    for outcome, refusal in zip(batch, results, strict=True):
        if isinstance(outcome, Rejected):
            acks.append(_rejection_ack(outcome))
            continue
        key = (outcome.report.plant, outcome.report.epoch)
        if key not in stands:
            stand = standing(connection, *key)
            stands[key] = (stand.received_to, tuple(holes(connection, stand))) if stand else (0, ())
        acks.append(_ack(outcome, refusal, *stands[key]))
    return acks


def _lock_plants(connection: Connection, batch: Sequence[Accepted | Rejected]) -> None:
    if connection.dialect.name != "postgresql":
        return
    # Receivers are equal: two may hold copies of one report. In one order, so that they never wait for each other.
    plants = {one.report.plant if isinstance(one, Accepted) else one.plant for one in batch}
    for plant in sorted(name for name in plants if name is not None):
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(plant))))


def _take_one(connection: Connection, outcome: Accepted | Rejected, received_us: int) -> Rejected | None:
    if isinstance(outcome, Rejected):
        if outcome.plant is not None and outcome.enrolled:
            note_rejection(connection, outcome.plant, outcome, None, received_us)
        return None
    report = outcome.report
    stored = schema.report
    of_epoch = (stored.c.plant == report.plant, stored.c.epoch == report.epoch)
    sha256 = connection.execute(select(stored.c.sha256).where(*of_epoch, stored.c.id == report.id)).scalar()
    if sha256 == outcome.sha256:
        return None
    at_sequence = select(stored.c.id).where(*of_epoch, stored.c.sequence == report.sequence)
    holder = connection.execute(at_sequence).scalar()
    if sha256 is not None or holder is not None:
        what = f"sequence {report.sequence} is {holder}" if sha256 is None else "is stored with another content"
        refused = Rejected(report.plant, True, report.id, outcome.sha256, Refusal.CONFLICT, what)
        note_rejection(connection, report.plant, refused, report, received_us)
        advance(connection, report)
        return refused
    _store(connection, outcome, received_us)
    return None


def _store(connection: Connection, outcome: Accepted, received_us: int) -> None:
    report = outcome.report
    period = report.data.period
    table = schema.report
    of_period = (table.c.plant == report.plant, table.c.kind == period.kind, table.c.label == period.label)
    by_age = (table.c.epoch.desc(), table.c.revision.desc())
    newest = connection.execute(
        select(table.c.epoch, table.c.revision).where(*of_period).order_by(*by_age).limit(1)
    ).first()
    connection.execute(
        insert(table).values(
            plant=report.plant,
            id=report.id,
            epoch=report.epoch,
            sequence=report.sequence,
            sha256=outcome.sha256,
            previous=report.previous,
            kind=period.kind,
            label=period.label,
            start_us=parse_instant(period.start),
            end_us=parse_instant(period.end),
            offset_min=_offset_min(period.end),
            revision=report.data.revision,
            state=report.data.state,
            created_us=parse_instant(report.time),
            received_us=received_us,
            event=outcome.form,
        )
    )
    link(connection, report, outcome.sha256, received_us)
    advance(connection, report)
    if newest is None or (newest.epoch, newest.revision) < (report.epoch, report.data.revision):
        _replace_values(connection, report)


def _offset_min(time: str) -> int:
    if time.endswith("Z"):
        return 0
    local = parse_instant(time[:-6] + "Z")
    return (local - parse_instant(time)) // (60 * US_PER_S)


_COPIED = (
    *("scope", "kpi", "unit", "value", "numerator", "denominator", "coverage", "grade", "reason"),
    *("baseline", "target", "improvement", "attainment", "savings"),
)


def _replace_values(connection: Connection, report: Report) -> None:
    table, period = schema.kpi_value, report.data.period
    of_period = {"plant": report.plant, "kind": period.kind, "label": period.label}
    connection.execute(delete(table).where(*(table.c[name] == value for name, value in of_period.items())))
    of_report: dict[str, Any] = {**of_period, "revision": report.data.revision, "state": report.data.state}
    rows = [{**of_report, **{name: getattr(value, name) for name in _COPIED}} for value in report.data.values]
    if rows:
        connection.execute(insert(table), rows)


def _ack(outcome: Accepted, refused: Rejected | None, received_to: int, missing: Holes) -> Ack:
    report = outcome.report
    return Ack(
        id=report.id,
        sha256=outcome.sha256,
        result="rejected" if refused else "accepted",
        reason=refused.reason if refused else None,
        received_to=received_to,
        missing=missing,
    )


def _rejection_ack(outcome: Rejected) -> Ack | None:
    if outcome.plant is None:
        return None
    return Ack(
        id=outcome.id,
        sha256=outcome.sha256,
        result="rejected",
        reason=outcome.reason,
        received_to=None,
        missing=(),
    )
