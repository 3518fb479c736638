"""What does a tile of a KPI show: its newest value, what it is compared with, and its line of days?"""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.evaluation import Evaluation
from kpi.element import Grade
from kpi.remark import Remark, flag_remark, in_order, reason_remark
from kpi.value import KpiValue
from plant.instant import US_PER_S
from plant.kpi_id import KpiId
from plant.period import PeriodKind, periods
from plant.tag import PLANT

HEADLINE = (
    KpiId.DEFECT_RATE,
    KpiId.ON_TIME_DELIVERY,
    KpiId.ENERGY_PER_GOOD_UNIT,
    KpiId.OEE,
    KpiId.GOOD_QUANTITY,
    KpiId.ENERGY,
    KpiId.PEAK_DEMAND,
    KpiId.AVAILABILITY,
)
DAYS = 30
_DAY_US = 86400 * US_PER_S


@dataclass(frozen=True, slots=True)
class Tile:
    """One KPI of one scope: its value over the newest closed day that has one, and its days, oldest first.

    improvement: against the baseline, positive is better. on_target: None without a target or value. line: label and
    value of each day, None where there is none.
    """

    kpi: KpiId
    scope: str
    title: str
    title_ko: str
    unit: str
    label: str
    value: float | None
    grade: Grade
    reason: Remark | None
    flags: tuple[Remark, ...]
    baseline: float | None
    target: float | None
    improvement: float | None
    on_target: bool | None
    line: tuple[tuple[str, float | None], ...]


def headline(evaluation: Evaluation) -> tuple[Tile, ...]:
    """Tiles of the plant: the KPIs that have a baseline first, then those that most plants look at; of those that
    this plant can have."""
    asked = list(dict.fromkeys([*(one.kpi for one in evaluation.site.baselines if one.scope == PLANT), *HEADLINE]))
    return closed_days(evaluation, asked)


def closed_days(evaluation: Evaluation, asked: Sequence[KpiId], scope: str = PLANT) -> tuple[Tile, ...]:
    """Tiles over the last 30 closed days, of the KPIs that have a value on any of them or say why not."""
    today_us = evaluation.clock.day_start(evaluation.clock.day_of(evaluation.now_us))
    days = list(periods(PeriodKind.DAY, today_us - DAYS * _DAY_US, today_us, evaluation.clock))
    found: dict[KpiId, list[KpiValue]] = {kpi: [] for kpi in asked}
    for value in evaluation.values(days, [scope], asked):
        found[value.id].append(value)
    return tuple(_tile(values) for values in found.values() if any(one.outcome.numerator is not None for one in values))


def _tile(values: Sequence[KpiValue]) -> Tile:
    newest = next((one for one in reversed(values) if one.outcome.value is not None), values[-1])
    outcome, kpi = newest.outcome, newest.kpi
    return Tile(
        kpi.id,
        newest.scope,
        kpi.title,
        kpi.title_ko,
        newest.unit,
        newest.period.label,
        outcome.value,
        newest.grade,
        reason_remark(outcome.reason) if outcome.reason else None,
        tuple(flag_remark(flag) for flag in in_order(outcome.flags)),
        newest.comparison.baseline,
        newest.comparison.target,
        newest.improvement,
        newest.on_target,
        tuple((one.period.label, one.outcome.value) for one in values),
    )
