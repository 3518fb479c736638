"""What is a value compared with, where does that come from, and how does the difference become money?"""

from dataclasses import dataclass
from datetime import date

from kpi.baseline import Fitness
from kpi.element import Grade, grade
from kpi.numerals import numeral
from kpi.outcome import Outcome
from kpi.price import PriceVersion
from kpi.value import KpiValue
from plant.kpi_id import KpiId


@dataclass(frozen=True, slots=True)
class BaselineEvidence:
    """A baseline.

    origin: value, given in the site file, or period, a past one of the store. used: whether it is fit; against_it: why
    it is not, remedies: what to do. What follows is of a period: first day and the day after the last, its numerator,
    denominator, coverage (0 to 1) and grade.
    """

    value: float | None
    origin: str
    used: bool
    against_it: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    first_day: date | None = None
    end_day: date | None = None
    numerator: float | None = None
    denominator: float | None = None
    coverage: float | None = None
    grade: Grade | None = None


@dataclass(frozen=True, slots=True)
class SavingEvidence:
    """Money saved [currency], the price of one unit with its key in the site file, and the sum with its numbers."""

    amount: float
    currency: str
    price: PriceVersion
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


def baseline_evidence(
    given: float | None, found: Fitness, past: Outcome | None = None, days: tuple[date, date] | None = None
) -> BaselineEvidence:
    """A baseline that the site file gives, or that a past period gave. days: its first one, and the day after its last.

    >>> baseline_evidence(0.03, Fitness()).used
    True
    """
    if past is None or days is None:
        return BaselineEvidence(given, "value", found.usable, found.reasons, found.remedies)
    return BaselineEvidence(
        past.value,
        "period",
        found.usable,
        found.reasons,
        found.remedies,
        *days,
        past.numerator,
        past.denominator,
        past.coverage,
        grade(past.coverage),
    )


def comparison_evidence(
    value: KpiValue, baseline: BaselineEvidence, price: PriceVersion | None = None, setting: str = ""
) -> ComparisonEvidence:
    """A value beside its baseline. price: of one defect, late line or kWh, and the setting that it is from."""
    return ComparisonEvidence(
        baseline,
        value.comparison.target,
        _percent(value.improvement),
        value.points,
        _percent(value.fewer_misses),
        _percent(value.attainment),
        None if price is None else _saving(value, price, setting),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


def _saving(value: KpiValue, price: PriceVersion, setting: str) -> SavingEvidence | None:
    amount, before, found = value.savings, value.comparison.baseline, value.outcome
    if amount is None:
        return None
    expected, counted = f"{numeral(before)} x {numeral(found.denominator)}", numeral(found.numerator)
    difference = f"{counted} - {expected}" if value.id is KpiId.ON_TIME_DELIVERY else f"{expected} - {counted}"
    numbers = f"{numeral(price.price)} x ({difference}) = {numeral(amount)}"
    return SavingEvidence(amount, value.currency, price, setting, numbers)
