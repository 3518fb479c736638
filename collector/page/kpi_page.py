"""What do the pages of KPIs have in common: a choice of period and scope, values, and the way to their explanation?"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.page.figures import Figure, Figures
from collector.page.period_choice import PeriodChoice
from collector.page.rendering import render, translated
from collector.page.shown import clock_time
from collector.page.source import Source
from config.site import Site
from kpi.outcome import BY_SETTINGS
from kpi.remark import flag_remark, in_order, reason_remark
from kpi.value import KpiValue
from plant.instant import moment
from plant.kpi_id import KpiId
from plant.period import Period
from plant.tag import PLANT

T = TypeVar("T")

Chart = dict[str, Any]
"""A chart as chart.js is told of it."""
Say = Callable[[str], str]
"""Puts a text into the visitor's language."""


def now_us() -> int:
    """The time now [UTC us]."""
    return time.time_ns() // 1000


def speaker(request: Request) -> Say:
    """What puts texts into the visitor's language."""
    return partial(translated, request)


async def figure(
    request: Request, page: str, choice: PeriodChoice, work: Callable[[Evaluation, Period, str], T]
) -> Figure[T] | None:
    """What some work finds of the period and scope chosen; None while it is worked out."""
    figures: Figures = request.app.state.figures
    period, scope = choice.period, choice.scope
    return await figures.of((page, period, scope), lambda evaluation: work(evaluation, period, scope))


def kpi_page(request: Request, template: str, choice: PeriodChoice, shows: Mapping[str, Any]) -> Response:
    """A page of KPIs."""
    return render(
        request,
        template,
        {
            "choice": choice,
            "explained": explained,
            "exact": lambda us: f"{moment(us, site_of(request).zone):%Y-%m-%d %H:%M:%S}",
            "local": lambda us: clock_time(us, site_of(request).zone),
            "reason_remark": reason_remark,
            "remarks": lambda flags: [flag_remark(flag) for flag in in_order(flags)],
            **shows,
        },
    )


def explained(value: KpiValue) -> str:
    """The address of a value's explanation."""
    period = value.period
    asked = {"kpi": value.id.value, "scope": value.scope, "period": period.kind.value, "at": period.label}
    return "/explanation?" + urlencode(asked)


def values_of(
    evaluation: Evaluation, period: Period, scope: str, kpis: Sequence[KpiId]
) -> tuple[tuple[KpiValue, ...], tuple[KpiValue, ...]]:
    """The values of a scope over a period: those for which there is a source, and those for which there is none."""
    found = list(evaluation.values([period], [scope], kpis))
    absent = [one for one in found if one.outcome.reason in BY_SETTINGS]
    return tuple(one for one in found if one not in absent), tuple(absent)


def values_of_units(
    evaluation: Evaluation, period: Period, scope: str, kpis: Sequence[KpiId]
) -> tuple[tuple[str, tuple[KpiValue, ...]], ...]:
    """The values of each work unit that has one of them; none where a page is not about the plant."""
    if scope != PLANT:
        return ()
    units = [name for name in evaluation.scopes() if name != PLANT]
    rows: dict[str, list[KpiValue]] = {unit: [] for unit in units}
    for value in evaluation.values([period], units, kpis):
        rows[value.scope].append(value)
    return tuple((unit, tuple(row)) for unit, row in rows.items() if any(one.outcome.value is not None for one in row))


def site_of(request: Request) -> Site:
    """The site's settings."""
    source: Source = request.app.state.source
    return source.site
