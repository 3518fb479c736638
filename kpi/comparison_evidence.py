"""What is a value compared with, where does that come from, and how does the difference become money?"""

from dataclasses import dataclass
from datetime import date

from kpi.baseline import Basis, PastPeriod, fitness
from kpi.element import Grade, grade
from kpi.improvement import change_points, reduction_of_misses
from kpi.numerals import numeral
from kpi.outcome import Outcome
from kpi.value import KpiValue
from plant.kpi_id import KpiId

PRICES = {
    KpiId.DEFECT_RATE: "cost_per_defect",
    KpiId.ON_TIME_DELIVERY: "cost_per_late_line",
    KpiId.ENERGY_PER_GOOD_UNIT: "price_per_kwh",
}
"""The setting of `savings` that prices a KPI."""


@dataclass(frozen=True, slots=True)
class BaselineEvidence:
    """A baseline.

    origin: value, given in the site file, or period, a past one of the store. What follows is of a period: first day
    and the day after the last, its numerator, denominator, coverage (0 to 1) and grade, and everything against it as a
    baseline.
    """

    value: float | None
    origin: str
    first_day: date | None = None
    end_day: date | None = None
    numerator: float | None = None
    denominator: float | None = None
    coverage: float | None = None
    grade: Grade | None = None
    against_it: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavingEvidence:
    """Money saved [currency], the price of one unit, its key in the site file, and the sum with its numbers."""

    amount: float
    currency: str
    price: float
    setting: str
    numbers: str


@dataclass(frozen=True, slots=True)
class ComparisonEvidence:
    """A value beside its baseline and target; positive is better.

    improvement_percent: of the baseline. improvement_points, fewer_misses_percent: of rates alone, in percentage
    points, and the share of misses that is gone. attainment_percent: of the way to the target.
    """

    baseline: BaselineEvidence
    target: float | None
    improvement_percent: float | None
    improvement_points: float | None
    fewer_misses_percent: float | None
    attainment_percent: float | None
    savings: SavingEvidence | None


def past_baseline(
    past: Outcome, days: tuple[date, date], definition: int, scope: str, calendar: str
) -> BaselineEvidence:
    """The baseline that a past period gives. days: its first one, and the day after its last."""
    basis = Basis(definition, scope, calendar)
    found = fitness(PastPeriod(*days, past.value, past.coverage, basis), basis)
    return BaselineEvidence(
        past.value,
        "period",
        *days,
        past.numerator,
        past.denominator,
        past.coverage,
        grade(past.coverage),
        found.reasons,
    )


def comparison_evidence(value: KpiValue, baseline: BaselineEvidence) -> ComparisonEvidence:
    """A value beside its baseline."""
    now, before, is_rate = value.outcome.value, baseline.value, value.kpi.unit == "ratio"
    points = fewer = None
    if now is not None and before is not None and is_rate:
        points = change_points(now, before, value.kpi.trend)
        fewer = reduction_of_misses(now, before, value.kpi.trend)
    return ComparisonEvidence(
        baseline,
        value.comparison.target,
        _percent(value.improvement),
        points,
        _percent(fewer),
        _percent(value.attainment),
        _saving(value),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _saving(value: KpiValue) -> SavingEvidence | None:
    amount, price, before = value.savings, value.comparison.price, value.comparison.baseline
    found = value.outcome
    if amount is None or price is None or before is None or found.denominator is None:
        return None
    expected = f"{numeral(before)} x {numeral(found.denominator)}"
    counted = numeral(found.numerator)
    difference = f"{counted} - {expected}" if value.id is KpiId.ON_TIME_DELIVERY else f"{expected} - {counted}"
    numbers = f"{numeral(price)} x ({difference}) = {numeral(amount)}"
    return SavingEvidence(amount, value.currency, price, PRICES[value.id], numbers)
