"""The page of energy: when is it used, what does it cost in which band, and where will this quarter hour end?"""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.evidence.bill import costs
from collector.page.access import shown
from collector.page.energy_charts import BANDS, SEASONS, cost_shown, load_shown
from collector.page.figures import Figures
from collector.page.kpi_page import figure, kpi_page, now_us, site_of, speaker, values_of, values_of_units
from collector.page.period_choice import period_choice
from collector.scope_facts import FactsOfScope
from config.site import Site
from kpi.catalogue_energy import ENERGY, ENERGY_IN_DETAIL
from kpi.civil_time import civil_times
from kpi.demand import BLOCK_US, Blocks, peak
from kpi.demand_forecast import RECENT_US, DemandForecast, demand_forecast
from kpi.tariff import CostLine, cost_lines
from kpi.value import KpiValue
from plant.kpi_id import KpiId
from plant.period import HOUR_US, Period, PeriodKind, hour_period, periods
from plant.tag import Role

SHOWN = tuple(kpi.id for kpi in (*ENERGY, *ENERGY_IN_DETAIL))
OF_UNITS = (
    KpiId.ENERGY,
    KpiId.ENERGY_PER_GOOD_UNIT,
    KpiId.PEAK_DEMAND,
    KpiId.IDLE_ENERGY_SHARE,
    KpiId.ENERGY_COST,
    KpiId.EMISSIONS,
)
OF_DAYS = (KpiId.ENERGY, KpiId.PEAK_DEMAND, KpiId.ENERGY_COST, KpiId.EMISSIONS)
OF_MONTH = (KpiId.ENERGY, KpiId.ENERGY_COST, KpiId.PEAK_DEMAND, KpiId.BILLING_DEMAND, KpiId.EMISSIONS)
_FORECAST_FRESH_S = 8.0
_LED_BY_US = RECENT_US + HOUR_US // 2


@dataclass(frozen=True, slots=True, eq=False)
class EnergyFigures:
    """What the page shows of a period.

    quarters: its quarter hours that are over, None without any; peak: demand [kW] and start of the highest. days: the
    values of each day of a longer period. costs: of the whole, by band; cost_of: of each hour or day, by its label.
    month: the values of the month in which the period begins.
    """

    values: tuple[KpiValue, ...]
    absent: tuple[KpiValue, ...]
    units: tuple[tuple[str, tuple[KpiValue, ...]], ...]
    quarters: Blocks | None
    peak: tuple[float, int] | None
    days: tuple[tuple[KpiValue, ...], ...]
    costs: tuple[CostLine, ...]
    cost_of: tuple[tuple[str, tuple[CostLine, ...]], ...]
    month: tuple[KpiValue, ...]

    def of_month(self, kpi: str) -> float | None:
        """A value of the month; of a KPI or, as templates say it, its id."""
        return next((one.outcome.value for one in self.month if one.id == kpi), None)


def energy_figures(evaluation: Evaluation, period: Period, scope: str) -> EnergyFigures:
    """The figures of the page."""
    values, absent = values_of(evaluation, period, scope, SHOWN)
    begun = period.start_us < evaluation.now_us
    facts = evaluation.facts(period).of(scope)
    quarters = _over(facts.energy.blocks, evaluation.now_us) if begun else None
    clock = evaluation.clock
    days = list(periods(PeriodKind.DAY, period.start_us, period.end_us, clock)) if _is_long(period) else []
    found = list(evaluation.values(days, [scope], OF_DAYS))
    month = next(periods(PeriodKind.MONTH, period.start_us, period.start_us + 1, clock))
    return EnergyFigures(
        values,
        absent,
        values_of_units(evaluation, period, scope, OF_UNITS),
        quarters,
        peak(quarters) if quarters is not None else None,
        tuple(tuple(found[at : at + len(OF_DAYS)]) for at in range(0, len(found), len(OF_DAYS))),
        costs(facts) if begun else (),
        _cost_of(facts, quarters) if quarters is not None else (),
        tuple(evaluation.values([month], [scope], OF_MONTH)),
    )


def _over(blocks: Blocks | None, now_us: int) -> Blocks | None:
    """The quarter hours that are over; None without any."""
    if blocks is None:
        return None
    count = int(np.searchsorted(blocks.start_us, now_us - BLOCK_US, side="right"))
    return _part(blocks, slice(count)) if count else None


def _part(blocks: Blocks, which: Any) -> Blocks:
    return Blocks(blocks.start_us[which], blocks.kwh[which], blocks.estimated[which], blocks.covered[which])


def _is_long(period: Period) -> bool:
    return period.kind in (PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.YEAR, PeriodKind.RANGE)


def _cost_of(facts: FactsOfScope, quarters: Blocks) -> tuple[tuple[str, tuple[CostLine, ...]], ...]:
    """The costs of each hour of a day or shift, or of each civil day of a longer period."""
    terms, period = facts.tariff, facts.period.period
    if terms is None:
        return ()
    clock = facts.period.evaluation.clock
    of = civil_times(quarters.start_us, clock.zone).days if _is_long(period) else quarters.start_us // HOUR_US
    found = []
    for key in dict.fromkeys(of.tolist()):
        part = _part(quarters, of == key)
        label = hour_period(int(part.start_us[0]), clock).label
        lines = cost_lines(part, terms.tariff, terms.zone, terms.public_holidays)
        found.append((label[:10] if _is_long(period) else label[11:13], lines or ()))
    return tuple(found)


def forecast(evaluation: Evaluation, scope: str) -> DemandForecast | None:
    """Where the quarter hour of now ends, by the meters of a scope; None without fresh readings."""
    at_us = evaluation.now_us
    facts = evaluation.facts(hour_period(at_us, evaluation.clock))
    meters = facts.scope_tags(Role.ENERGY_IMPORT, scope)
    window = evaluation.records.window(meters, at_us - _LED_BY_US, at_us)
    return demand_forecast([window.steps(stored) for stored in meters], at_us)


async def energy(request: Request) -> Response:
    """The page."""
    site, say = site_of(request), speaker(request)
    figures: Figures = request.app.state.figures
    choice = period_choice(request, site, now_us())
    found, ahead = await asyncio.gather(
        figure(request, "energy", choice, energy_figures),
        figures.of(("forecast", choice.scope), partial(forecast, scope=choice.scope), _FORECAST_FRESH_S),
    )
    shows: dict[str, object] = {
        "found": found,
        "forecast": ahead,
        "contract_kw": site.energy.contract_power_kw,
        "tariff": site.tariff,
        "bands": {name: say(text) for name, text in BANDS.items()},
        "seasons": {name: say(text) for name, text in SEASONS.items()},
    }
    if found is not None:
        value = found.value
        shows |= {
            "load": load_shown(value.quarters, value.peak, _limits(value, site), choice.period, say)
            if value.quarters is not None
            else None,
            "cost": cost_shown(value.cost_of, site.savings.currency, say) if value.costs else None,
        }
    return kpi_page(request, "energy.html", choice, shows)


def _limits(found: EnergyFigures, site: Site) -> dict[str, float]:
    """The lines above a load profile, in kW."""
    known = {"billing": found.of_month(KpiId.BILLING_DEMAND), "contract": site.energy.contract_power_kw}
    return {name: kw for name, kw in known.items() if kw is not None}


routes = [shown("/energy", energy)]
