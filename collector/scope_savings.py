"""What did the plant save in a period against its baselines, and what is that in a year? One line a cause."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from collector.report_plan import works_on
from kpi.catalogue import BY_ID
from kpi.improvement import saved_units
from kpi.outcome import Outcome, Reason
from kpi.price import PriceVersion
from kpi.saving import (
    Cause,
    NoSaving,
    SavedAmount,
    SavedItem,
    SavingLine,
    SavingStatement,
    demand_saving,
    measured_saving,
    saving_statement,
)
from plant.kpi_id import KpiId
from plant.period import PeriodKind, days_of
from plant.shift import ShiftCalendar
from plant.tag import PLANT

if TYPE_CHECKING:
    from collector.scope_facts import FactsOfScope, PeriodFacts

_YEAR_DAYS = 365
_DAY = timedelta(days=1)
_RATIOS = {
    Cause.QUALITY: KpiId.DEFECT_RATE,
    Cause.DELIVERY: KpiId.ON_TIME_DELIVERY,
    Cause.ENERGY: KpiId.ENERGY_PER_GOOD_UNIT,
}
"""The KPI whose savings are those of a cause."""


@dataclass(slots=True)
class WorkingDays:
    """Days on which a plant works by its shifts, each looked up once."""

    shifts: ShiftCalendar
    _known: dict[date, bool] = field(default_factory=dict)

    def count(self, first: date, last: date) -> int:
        """Working days from the first to the last day, both included; 0 where the last is before the first."""
        return sum(self._is_one(first + at * _DAY) for at in range((last - first).days + 1))

    def _is_one(self, day: date) -> bool:
        if day not in self._known:
            self._known[day] = works_on(self.shifts, day)
        return self._known[day]


def saving_statement_of(facts: "FactsOfScope") -> SavingStatement | None:
    """What the plant saved in a period of a day or longer, a year; None of other scopes and shorter periods."""
    days = _days(facts.period)
    if facts.scope != PLANT or days is None:
        return None
    evaluation = facts.period.evaluation
    settings = evaluation.site.savings
    counted = evaluation.working_days.count
    yearly = settings.working_days_a_year or counted(days[1] - (_YEAR_DAYS - 1) * _DAY, days[1])
    working_days = counted(*days), yearly
    lines = [_line(facts, cause, days[0], working_days) for cause in _RATIOS]
    demand = _demand_line(facts, days[0])
    return saving_statement([*lines, demand] if demand else lines, settings.running_cost_a_year, settings.investment)


def _days(facts: "PeriodFacts") -> tuple[date, date] | None:
    """First and last day that begin in a period and have begun by now; None unless a whole day lies in it."""
    clock = facts.evaluation.clock
    found = days_of(facts.period, clock)
    if found is None or facts.period.kind in (PeriodKind.HOUR, PeriodKind.SHIFT):
        return None
    if clock.day_start(found[0] + _DAY) > facts.period.end_us:
        return None
    return found[0], min(found[1], clock.day_of(facts.end_us - 1))


def _line(facts: "FactsOfScope", cause: Cause, day: date, working_days: tuple[int, int]) -> SavingLine:
    """The line of a cause. Nothing to compare with leaves it without an amount and takes nothing from the coverage."""
    price = facts.period.evaluation.comparisons.price(_RATIOS[cause], day)
    by_regression = cause is Cause.ENERGY and _has_regression(facts)
    kpi, outcome, saved = _by_regression(facts) if by_regression else _by_ratio(facts, _RATIOS[cause])
    amounts = [] if saved is None else [SavedAmount(day, saved)]
    line = measured_saving(cause, [SavedItem(kpi.value, amounts, [price] if price else [])], *working_days)
    if price is None:
        return replace(line, without_price=((kpi.value, day),))
    return line if outcome is None else replace(line, coverage=outcome.coverage, flags=outcome.flags)


_Measured = tuple[KpiId, Outcome | None, float | None]
"""A KPI, what it gave where it could be measured, and the units that were saved."""


def _by_ratio(facts: "FactsOfScope", kpi: KpiId) -> _Measured:
    baseline = facts.period.evaluation.comparisons.baseline(kpi, PLANT)
    found = _measured(facts, kpi)
    if baseline is None or baseline.value is None or found is None:
        return kpi, None, None
    if found.numerator is None or found.denominator is None:
        return kpi, found, None
    return kpi, found, saved_units(kpi, found.numerator, found.denominator, baseline.value)


def _by_regression(facts: "FactsOfScope") -> _Measured:
    found = _measured(facts, KpiId.ENERGY_SAVING_RATIO)
    return KpiId.ENERGY_SAVING_RATIO, found, None if found is None else found.numerator


def _measured(facts: "FactsOfScope", kpi: KpiId) -> Outcome | None:
    """What a KPI gives, known well or not; None where it has no source, or nothing to be a share of."""
    outcome = BY_ID[kpi].outcome(facts)
    return outcome if outcome.reason in (None, Reason.LOW_COVERAGE) else None


def _has_regression(facts: "FactsOfScope") -> bool:
    """Whether a model of the plant's energy could be fitted for this kind of period."""
    evaluation = facts.period.evaluation
    settings = next((one for one in evaluation.site.energy.baselines if one.scope == PLANT), None)
    if settings is None or facts.period.period.kind.value != settings.period:
        return False
    return evaluation.energy_model(settings) is not None


def _demand_line(facts: "FactsOfScope", day: date) -> SavingLine | None:
    """The line of billed demand; None of what is no whole month, and without a tariff or a baseline of it."""
    baseline = facts.period.evaluation.comparisons.baseline(KpiId.BILLING_DEMAND, PLANT)
    if baseline is None or baseline.value is None or facts.tariff is None or facts.bill is None:
        return None
    outcome = BY_ID[KpiId.BILLING_DEMAND].outcome(facts)
    if outcome.value is None:
        return SavingLine(Cause.DEMAND, None, reason=NoSaving.NO_AMOUNT, coverage=outcome.coverage)
    version = facts.tariff.tariff.version_on(day)
    rate = None if version is None else version.base_charge
    prices = [] if rate is None else [PriceVersion(rate.valid_from, rate.value, rate.source)]
    line = demand_saving(baseline.value, outcome.value, prices, day)
    return line if rate is None else replace(line, coverage=outcome.coverage, flags=outcome.flags)
