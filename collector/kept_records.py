"""Which closed days and months of work units are worth keeping, so that nobody need read them again?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from collector.evaluation import Evaluation
from collector.store import changes, elements
from collector.store.elements import Key
from collector.store.store import reading
from config.site import Site
from kpi.unit_record import UnitRecord
from plant.instant import US_PER_S
from plant.period import PeriodKind, periods

SETTLE_US = 3600 * US_PER_S
"""How long after its end a day is left to the readings still on their way; what comes later is noted as a change."""
MOST_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class ClosedRecords:
    """Records of closed stretches of a work unit, ready to be kept: their times, settings and content.

    seen: the newest change that they know of.
    """

    work_unit: str
    seen: int
    records: list[tuple[Key, str, UnitRecord]]

    def keep(self, connection: Connection) -> int:
        """Keep them, in the caller's transaction; returns how many."""
        return elements.keep(connection, self.work_unit, self.records, self.seen)


def what_is_closed(store: Path, site: Site, now_us: int) -> tuple[int, date]:
    """The newest note of a change, and the day that may not be kept yet; while both stay, nothing new is missing."""
    with reading(store) as connection:
        newest = changes.newest(connection)
    return newest, site.clock().day_of(now_us - SETTLE_US)


def missing_records(store: Path, site: Site, now_us: int) -> ClosedRecords | None:
    """Records of some closed days or months that are not kept yet; None when all are. Days come before their month."""
    with reading(store) as connection:
        seen = changes.newest(connection)
        evaluation = Evaluation(connection, site, site.clock(), now_us)
        found = next(_missing(evaluation), None)
        if found is None:
            return None
        work_unit, stretches = found
        records = evaluation.records
        made = zip(stretches, records.stretch_records(work_unit, stretches), strict=True)
        return ClosedRecords(
            work_unit, seen, [(one, records.settings(work_unit, *one), record) for one, record in made]
        )


def _missing(evaluation: Evaluation) -> Iterator[tuple[str, list[Key]]]:
    for work_unit, tags in evaluation.tags_of.items():
        first = [stored.first_us for stored in tags if stored.first_us is not None]
        for kind in (PeriodKind.DAY, PeriodKind.MONTH):
            closed = _closed(evaluation, min(first), kind) if first else []
            kept = evaluation.records.kept(work_unit, closed[0][0], closed[-1][1]) if closed else set()
            missing = [stretch for stretch in closed if stretch not in kept]
            if missing:
                yield work_unit, missing[:MOST_AT_ONCE]


def _closed(evaluation: Evaluation, from_us: int, kind: PeriodKind) -> list[Key]:
    until_us = evaluation.now_us - SETTLE_US
    found = periods(kind, from_us, until_us, evaluation.site.clock())
    return [(one.start_us, one.end_us) for one in found if one.end_us <= until_us]
