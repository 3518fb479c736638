"""Which closed days of work units are worth keeping, so that months and years need not read them again?"""

from collections.abc import Iterator

from sqlalchemy import Connection

from collector.evaluation import Evaluation
from collector.store import elements
from collector.store.elements import Key
from collector.store.store import transaction
from config.site import Site
from kpi.unit_record import UnitRecord
from plant.instant import US_PER_S
from plant.period import PeriodKind, periods

SETTLE_US = 3600 * US_PER_S
"""How long after its end a day is left to the readings still on their way; what comes later is noted as a change."""

Missing = tuple[str, list[Key]]


def missing_days(evaluation: Evaluation, from_us: int) -> Iterator[Missing]:
    """The closed days since an instant that are not kept, of each work unit and of the plant as a whole."""
    connection, site = evaluation.connection, evaluation.site
    closed = [
        (day.start_us, day.end_us)
        for day in periods(PeriodKind.DAY, from_us, evaluation.now_us, site.clock())
        if day.end_us + SETTLE_US <= evaluation.now_us
    ]
    if closed:
        for work_unit in evaluation.tags_of:
            kept = elements.kept(connection, work_unit, evaluation.records.settings, closed[0][0], closed[-1][1])
            lacking = [day for day in closed if day not in kept]
            if lacking:
                yield work_unit, lacking


def records_of(evaluation: Evaluation, missing: Missing) -> Iterator[tuple[Key, UnitRecord]]:
    """The records of missing days, from readings."""
    work_unit, days = missing
    return zip(days, evaluation.records.day_records(work_unit, days), strict=True)
