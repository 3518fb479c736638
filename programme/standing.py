"""What does the store know of every plant? Rows for lists and summaries, read and handed on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from plant.instant import moment
from programme import schema
from programme.sequences import Standing, holes


@dataclass(frozen=True, slots=True)
class NewestPeriod:
    """End of the newest period of one kind that a plant has reported, and its offset from UTC there."""

    kind: str
    end_us: int
    offset_min: int


@dataclass(frozen=True, slots=True)
class PlantStanding:
    """How far a plant's reports have come, in its newest epoch."""

    plant: str
    received_to: int
    missing: tuple[tuple[int, int], ...]
    last_report: str
    """When the newest was received, ISO 8601 with the plant's offset."""
    periods: tuple[NewestPeriod, ...] = field(default=())
    chain_breaks: tuple[int, ...] = field(default=())
    """Sequences of reports that do not name the one before them: somebody has changed or replaced a report."""


@dataclass(frozen=True, slots=True)
class MonthlyValue:
    """A KPI of a whole plant over one month, by the newest revision."""

    plant: str
    month: str
    state: str
    kpi: str
    improvement: float | None
    savings: float | None


def standings(connection: Connection | None) -> dict[str, PlantStanding]:
    """Every plant that has reported."""
    if connection is None:
        return {}
    newest = _newest_epochs(connection)
    table = schema.report
    received = connection.execute(
        select(table.c.plant, func.max(table.c.received_us), func.max(table.c.offset_min)).group_by(table.c.plant)
    )
    last = {plant: _time(us, offset_min) for plant, us, offset_min in received}
    periods, breaks = _newest_periods(connection), _chain_breaks(connection)
    return {
        plant: PlantStanding(
            plant=plant,
            received_to=stand.received_to,
            missing=tuple(holes(connection, stand)),
            last_report=last[plant],
            periods=periods.get(plant, ()),
            chain_breaks=tuple(breaks.get((plant, stand.epoch), ())),
        )
        for plant, stand in newest.items()
        if plant in last
    }


def _chain_breaks(connection: Connection) -> dict[tuple[str, int], list[int]]:
    table = schema.chain_break
    found: dict[tuple[str, int], list[int]] = {}
    for row in connection.execute(select(table).order_by(table.c.plant, table.c.epoch, table.c.sequence)):
        found.setdefault((row.plant, row.epoch), []).append(row.sequence)
    return found


def _time(us: int, offset_min: int) -> str:
    return moment(us, ZoneInfo("UTC")).astimezone(timezone(timedelta(minutes=offset_min))).isoformat()


def _newest_epochs(connection: Connection) -> dict[str, Standing]:
    table = schema.epoch
    rows = connection.execute(select(table).order_by(table.c.plant, table.c.epoch))
    return {row.plant: Standing(row.plant, row.epoch, row.whole_to, row.received_to) for row in rows}


def _newest_periods(connection: Connection) -> dict[str, tuple[NewestPeriod, ...]]:
    table = schema.report
    ends = (
        select(table.c.plant, table.c.kind, func.max(table.c.end_us).label("end_us"))
        .group_by(table.c.plant, table.c.kind)
        .subquery()
    )
    same = (table.c.plant == ends.c.plant) & (table.c.kind == ends.c.kind) & (table.c.end_us == ends.c.end_us)
    rows = connection.execute(
        select(table.c.plant, table.c.kind, table.c.end_us, func.max(table.c.offset_min).label("offset_min"))
        .join(ends, same)
        .group_by(table.c.plant, table.c.kind, table.c.end_us)
    )
    found: dict[str, tuple[NewestPeriod, ...]] = {}
    for row in rows:
        found[row.plant] = (*found.get(row.plant, ()), NewestPeriod(row.kind, row.end_us, row.offset_min))
    return found


def monthly_values(connection: Connection | None) -> Sequence[MonthlyValue]:
    """Every KPI of whole plants over months, by plant and month."""
    if connection is None:
        return ()
    table = schema.kpi_value
    rows = connection.execute(
        select(table).where(table.c.kind == "month", table.c.scope == "plant").order_by(table.c.plant, table.c.label)
    )
    return [MonthlyValue(row.plant, row.label, row.state, row.kpi, row.improvement, row.savings) for row in rows]
