"""What has the programme achieved? Figures over all plants, by stage and by lead company, each defined once."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from config.enrolment import EnrolledPlant
from plant.kpi_id import KpiId
from programme.lateness import is_late
from programme.standing import MonthlyValue, PlantStanding

CAUSES_OF_SAVINGS = (KpiId.DEFECT_RATE, KpiId.ON_TIME_DELIVERY, KpiId.ENERGY_PER_GOOD_UNIT)
"""Each cause of savings has one KPI here, so that no won is counted twice."""
_SETTLED = ("final", "restated")


class Summary:
    """Figures over plants. months: first and last month asked for, as 2026-11."""

    def __init__(
        self,
        plants: Sequence[EnrolledPlant],
        standings: Mapping[str, PlantStanding],
        values: Sequence[MonthlyValue],
        months: tuple[str, str],
        now_us: int,
    ) -> None:
        self._plants = plants
        self._standings = standings
        self._now_us = now_us
        known = {plant.plant for plant in plants}
        self._asked = [one for one in values if one.plant in known and months[0] <= one.month <= months[1]]
        settled = [one for one in values if one.plant in known and one.state in _SETTLED and one.month <= months[1]]
        newest = {one.plant: one.month for one in sorted(settled, key=lambda one: one.month)}
        self._improvements: dict[str, dict[str, float]] = defaultdict(dict)
        for one in settled:
            if one.month == newest[one.plant] and one.improvement is not None:
                self._improvements[one.plant][one.kpi] = one.improvement

    def as_json(self) -> dict[str, Any]:
        """headline, kpis, stages and lead_companies."""
        return {
            "headline": self.headline(self._plants),
            "kpis": self.kpis(),
            "stages": self._groups("stage", lambda plant: plant.stage),
            "lead_companies": self._groups("lead_company", lambda plant: plant.lead_company),
        }

    def headline(self, plants: Collection[EnrolledPlant]) -> dict[str, Any]:
        """The figures of some plants.

        invited: in the list; joined: with a day of joining; reporting: joined, with a report received; late: joined,
        overdue. mean_improvement: mean over plants of the mean of each one's improvements, in its newest final or
        restated month. savings: of the months asked for; savings_per_plant: over the plants that have any; grant: of
        those joined; payback_months: grant x 12 / savings a year, None where nothing is saved.
        """
        names = {plant.plant for plant in plants}
        joined = [plant for plant in plants if plant.joined is not None]
        means = [statistics.fmean(found.values()) for name, found in self._improvements.items() if name in names]
        saved = self._savings(names)
        savings = sum(saved.values()) if saved else None
        a_year = self._savings_a_year(names)
        grant = sum(plant.grant for plant in joined)
        return {
            "invited": len(plants),
            "joined": len(joined),
            "reporting": sum(plant.plant in self._standings for plant in joined),
            "late": sum(is_late(plant, self._standings.get(plant.plant), self._now_us) for plant in joined),
            "mean_improvement": statistics.fmean(means) if means else None,
            "savings": savings,
            "savings_per_plant": savings / len(saved) if savings is not None else None,
            "grant": grant,
            "payback_months": grant * 12 / a_year if a_year is not None and a_year > 0 else None,
        }

    def kpis(self) -> list[dict[str, Any]]:
        """How the improvements of each KPI are spread over plants; nothing is capped, and none left out."""
        spread: dict[str, list[float]] = defaultdict(list)
        for found in self._improvements.values():
            for kpi, improvement in found.items():
                spread[kpi].append(improvement)
        return [
            {
                "kpi": kpi,
                "n": len(rates),
                "mean": statistics.fmean(rates),
                "median": statistics.median(rates),
                **dict(zip(("q1", "q3"), quartiles(rates), strict=True)),
            }
            for kpi, rates in sorted(spread.items())
        ]

    def _groups(self, heading: str, of: Callable[[EnrolledPlant], str]) -> list[dict[str, Any]]:
        names = sorted({of(plant) for plant in self._plants})
        return [{heading: name, **self.headline([one for one in self._plants if of(one) == name])} for name in names]

    def _savings(self, names: Collection[str]) -> dict[str, float]:
        saved: dict[str, float] = defaultdict(float)
        for one in self._asked:
            if one.plant in names and one.kpi in CAUSES_OF_SAVINGS and one.savings is not None:
                saved[one.plant] += one.savings
        return saved

    def _savings_a_year(self, names: Collection[str]) -> float | None:
        # By the months that have savings: a year that has only begun must not look like a poor one.
        months = {
            one.month
            for one in self._asked
            if one.plant in names and one.kpi in CAUSES_OF_SAVINGS and one.savings is not None
        }
        return sum(self._savings(names).values()) * 12 / len(months) if months else None


def quartiles(rates: Sequence[float]) -> tuple[float, float]:
    """First and third quartile, linear between the values (the first and last are the 0 and 100 % points).

    >>> quartiles([1.0, 2.0, 3.0, 4.0])
    (1.75, 3.25)
    """
    if len(rates) == 1:
        return rates[0], rates[0]
    first, _, third = statistics.quantiles(rates, n=4, method="inclusive")
    return first, third
