"""The page of quality: how many pieces are bad, of which reasons and work units, and is that out of the ordinary?"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.evidence.breakdowns import breakdowns
from collector.page.access import shown
from collector.page.kpi_page import explained, figure, kpi_page, now_us, site_of, speaker, values_of, values_of_units
from collector.page.period_choice import period_choice
from collector.page.quality_charts import BY, RULES, control_chart_shown, pareto_shown, running_sum_shown
from kpi.breakdown import Breakdown, breakdown
from kpi.catalogue_quality import QUALITY, QUALITY_IN_DETAIL
from kpi.running_sum import beyond_baseline
from kpi.value import KpiValue
from kpi.value_chart import ValueChart, value_charts
from plant.instant import US_PER_S
from plant.kpi_id import KpiId
from plant.period import Period, PeriodKind, periods

SHOWN = tuple(kpi.id for kpi in (*QUALITY, *QUALITY_IN_DETAIL))
OF_UNITS = (
    KpiId.PRODUCED_QUANTITY,
    KpiId.GOOD_QUANTITY,
    KpiId.DEFECT_RATE,
    KpiId.SCRAP_RATIO,
    KpiId.REWORK_RATIO,
    KpiId.FIRST_PASS_YIELD,
)
CHARTED_DAYS = 30
CHARTED_SHIFTS = 50
_DAY_US = 86400 * US_PER_S
_BAD = ("scrap", "rework")


@dataclass(frozen=True, slots=True)
class QualityFigures:
    """What the page shows of a period.

    values, absent: with and without a source. made_of: bad pieces by reason, work unit, product and order, as far as
    they are told apart. charted: defect rates of the days or shifts up to the period's end; chart: theirs; beyond: the
    defects beyond the baseline until each.
    """

    values: tuple[KpiValue, ...]
    absent: tuple[KpiValue, ...]
    units: tuple[tuple[str, tuple[KpiValue, ...]], ...]
    made_of: tuple[Breakdown, ...]
    charted: tuple[KpiValue, ...]
    chart: ValueChart | None
    beyond: tuple[float | None, ...]


def quality_figures(evaluation: Evaluation, period: Period, scope: str) -> QualityFigures:
    """The figures of the page."""
    values, absent = values_of(evaluation, period, scope, SHOWN)
    made_of = _made_of(evaluation, period, scope) if period.start_us < evaluation.now_us else ()
    charted = tuple(evaluation.values(_charted(evaluation, period), [scope], [KpiId.DEFECT_RATE]))
    charts = value_charts(charted, evaluation.now_us)
    chart = charts[0] if charts and len(charts[0].chart.points) > 1 else None
    beyond = tuple(beyond_baseline(charted, evaluation.now_us))
    units = values_of_units(evaluation, period, scope, OF_UNITS)
    return QualityFigures(values, absent, units, made_of, charted, chart, beyond)


def _charted(evaluation: Evaluation, period: Period) -> Sequence[Period]:
    """The shifts, or else the days, up to the end of a period."""
    if period.kind is PeriodKind.SHIFT:
        found = evaluation.shifts.periods(period.end_us - CHARTED_DAYS * _DAY_US, period.end_us)
        return [one for one in found if one.end_us <= period.end_us][-CHARTED_SHIFTS:]
    start_us = min(period.start_us, period.end_us - CHARTED_DAYS * _DAY_US)
    return list(periods(PeriodKind.DAY, start_us, period.end_us, evaluation.clock))


def _made_of(evaluation: Evaluation, period: Period, scope: str) -> tuple[Breakdown, ...]:
    facts = evaluation.facts(period).of(scope)
    if facts.pieces.pair(_BAD, ("produced",)) is None:
        return ()
    count = facts.pieces
    amounts = [
        (unit, sum(own[name].value or 0.0 for name in _BAD if name in own))
        for unit, own in zip(count.names, count.units, strict=True)
    ]
    by_unit = breakdown(_BAD, "work unit", amounts) if len(amounts) > 1 else None
    found = breakdowns(facts, KpiId.DEFECT_RATE)
    by_reason = [one for one in found if one.by == "reason"]
    return tuple(one for one in [*by_reason, by_unit, *(one for one in found if one.by != "reason")] if one is not None)


async def quality(request: Request) -> Response:
    """The page."""
    choice = period_choice(request, site_of(request), now_us())
    found, say = await figure(request, "quality", choice, quality_figures), speaker(request)
    shows: dict[str, object] = {
        "found": found,
        "rules": {rule: say(text) for rule, text in RULES.items()},
        "by": {by: say(text) for by, text in BY.items()},
    }
    if found is not None:
        shows |= {
            "day_links": {value.period.label: explained(value) for value in found.value.charted},
            "pareto": pareto_shown(found.value.made_of[0], say) if found.value.made_of else None,
            "control": control_chart_shown(found.value.chart, say) if found.value.chart else None,
            "sum": running_sum_shown(found.value.charted, found.value.beyond, say),
        }
    return kpi_page(request, "quality.html", choice, shows)


routes = [shown("/quality", quality)]
