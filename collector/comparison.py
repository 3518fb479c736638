"""What is a value compared with? The baselines of the site file that are fit, its targets, and its dated prices."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from collector.scope_facts import PeriodFacts
from config.savings import BaselineSettings, SavingsSettings
from kpi.baseline import ADVISED_LENGTH, Basis, Fitness, Length, PastPeriod, fitness, fitness_of_value
from kpi.catalogue import BY_ID
from kpi.outcome import Outcome
from kpi.price import PriceVersion, price_on
from kpi.value import Comparison
from plant.kpi_id import KpiId
from plant.period import Period, range_period

if TYPE_CHECKING:
    from collector.evaluation import Evaluation

PRICED = {
    KpiId.DEFECT_RATE: "cost_per_defect",
    KpiId.ON_TIME_DELIVERY: "cost_per_late_line",
    KpiId.ENERGY_PER_GOOD_UNIT: "price_per_kwh",
}
"""KPIs whose improvement is worth money, and the key of `savings` that prices one unit of it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline of the site file: its place there (from 0), whether it is fit, and what its past period gave.

    past: None of a baseline that is a number. days: first day of its past period, and the day after the last.
    """

    place: int
    settings: BaselineSettings
    fitness: Fitness
    past: Outcome | None = None
    days: tuple[date, date] | None = None

    @property
    def value(self) -> float | None:
        """What values are compared with; None where it is not fit."""
        if not self.fitness.usable:
            return None
        return self.settings.value if self.past is None else self.past.value


class Comparisons:
    """What the values of a plant are compared with, as of an instant. A baseline's past period is worked out once, on
    the calendar that is asked for."""

    def __init__(self, evaluation: "Evaluation") -> None:
        self._evaluation = evaluation
        self._found: dict[int, Baseline] = {}
        self._past: dict[tuple[date, date], PeriodFacts] = {}
        self._first_days: dict[int, date] = {}

    def of(self, kpi: KpiId, scope: str, period: Period) -> Comparison:
        """Baseline, target and price of a value."""
        baseline = self.baseline(kpi, scope)
        price = self.price(kpi, self._first_day(period)) if kpi in PRICED else None
        amount = None if price is None else price.price
        if baseline is None:
            return Comparison(price=amount)
        return Comparison(baseline.value, baseline.settings.target, amount)

    def baseline(self, kpi: KpiId, scope: str) -> Baseline | None:
        """The first baseline of a KPI and scope that is fit, else the first; None without any."""
        found = [self._baseline(place) for place in self._places.get((kpi, scope), ())]
        return next((one for one in found if one.fitness.usable), found[0] if found else None)

    def price(self, kpi: KpiId, day: date) -> PriceVersion | None:
        """The price of one defect, late line or kWh of a period that begins with a day; None for other KPIs."""
        return price_on(self._prices.get(kpi, ()), day)

    def remarks(self) -> Iterator[str]:
        """What somebody should know of the baselines: one line each of those that are not used, or are short."""
        for place, settings in enumerate(self._evaluation.site.baselines):
            found, used = self._baseline(place), self.baseline(settings.kpi, settings.scope)
            name = f"baselines[{place}], {settings.kpi} of {settings.scope},"
            if not found.fitness.usable:
                reasons, remedies = "; ".join(found.fitness.reasons), "; ".join(found.fitness.remedies)
                yield f"{name} is not used: {reasons}. What to do: {remedies}"
            elif used is not None and used.place != place:
                yield f"{name} is not used: baselines[{used.place}] stands before it. What to do: take one of them out"
            elif found.days is not None and found.days[1] < ADVISED_LENGTH.end(found.days[0]):
                lasts = (found.days[1] - found.days[0]).days
                yield f"{name} lasts {lasts} days; {ADVISED_LENGTH} or more are better"

    def _first_day(self, period: Period) -> date:
        if period.start_us not in self._first_days:
            self._first_days[period.start_us] = self._evaluation.clock.day_of(period.start_us)
        return self._first_days[period.start_us]

    @cached_property
    def _places(self) -> dict[tuple[KpiId, str], list[int]]:
        found: dict[tuple[KpiId, str], list[int]] = {}
        for place, settings in enumerate(self._evaluation.site.baselines):
            found.setdefault((settings.kpi, settings.scope), []).append(place)
        return found

    @cached_property
    def _prices(self) -> dict[KpiId, list[PriceVersion]]:
        return {kpi: _versions(self._evaluation.site.savings, name) for kpi, name in PRICED.items()}

    def _baseline(self, place: int) -> Baseline:
        if place not in self._found:
            self._found[place] = self._worked_out(place)
        return self._found[place]

    def _worked_out(self, place: int) -> Baseline:
        settings = self._evaluation.site.baselines[place]
        now = BY_ID[settings.kpi].definition
        today, then = Basis(now, settings.scope, ""), Basis(settings.definition or now, settings.scope, "")
        if settings.from_ is None or settings.to is None:
            return Baseline(place, settings, fitness_of_value(then, today))
        facts = self._facts(settings.from_, settings.to)
        (past,) = self._evaluation.outcomes(facts, settings.scope, [settings.kpi])
        ended = facts.period.end_us <= self._evaluation.now_us
        period = PastPeriod(settings.from_, settings.to, past.value, past.coverage, then, ended)
        found = fitness(period, today, Length(days=settings.least_days))
        return Baseline(place, settings, found, past, (settings.from_, settings.to))

    def _facts(self, first: date, end: date) -> PeriodFacts:
        if (first, end) not in self._past:
            clock = self._evaluation.clock
            period = range_period(clock.day_start(first), clock.day_start(end), clock)
            self._past[first, end] = PeriodFacts(self._evaluation, period, period.end_us)
        return self._past[first, end]


def _versions(settings: SavingsSettings, name: str) -> list[PriceVersion]:
    """The versions of a price; the one without a date holds before all others."""
    plain = getattr(settings, name)
    dated = [
        PriceVersion(one.valid_from, price, one.source)
        for one in settings.prices
        if (price := getattr(one, name)) is not None
    ]
    return dated if plain is None else [PriceVersion(date.min, plain), *dated]
