"""How are the charts of quality described: Pareto, control chart, and running sum of defects?"""

from collections.abc import Sequence

from collector.page.kpi_page import Chart, Say
from collector.page.words import text as _
from kpi.breakdown import Breakdown
from kpi.run_rules import Rule
from kpi.value import KpiValue
from kpi.value_chart import ValueChart

RULES: dict[Rule, str] = {
    Rule.BEYOND_LIMIT: _("beyond a control limit"),
    Rule.TWO_OF_THREE: _("two of three points beyond 2 sigma"),
    Rule.FOUR_OF_FIVE: _("four of five points beyond 1 sigma"),
    Rule.EIGHT_ON_A_SIDE: _("eight points in a row on one side of the centre"),
    Rule.SIX_RISING: _("six points in a row rising"),
    Rule.SIX_FALLING: _("six points in a row falling"),
}
BY = {"reason": _("reason"), "work unit": _("work unit"), "product": _("product"), "order": _("order")}


def pareto_shown(found: Breakdown, say: Say) -> Chart:
    """Bars of the largest causes, and the share that they make together."""
    cumulated = [None if one.cumulated is None else round(100 * one.cumulated, 2) for one in found.shares]
    return {
        "x": [one.name or say(_("not named")) for one in found.shares],
        "unit": "",
        "right_unit": "%",
        "right_least": 0,
        "right_most": 100,
        "series": [
            {"name": say(_("Bad pieces")), "kind": "bar", "data": [one.amount for one in found.shares]},
            {"name": say(_("Cumulated")), "kind": "line", "data": cumulated, "right": True, "unit": "%"},
        ],
    }


def control_chart_shown(found: ValueChart, say: Say) -> Chart:
    """Defect rates with centre line and limits; points at which a rule speaks stand out."""
    points = found.chart.points
    labels = [point.label for point in points]
    spoken = {one.at for one in found.violations}
    marked = [[labels[at], _percent(points[at].value)] for at in sorted(spoken)]
    centre = None if found.chart.centre is None else _percent(found.chart.centre)
    dashed = {"kind": "line", "dashed": True, "bare": True}
    upper = [_percent(point.limits.upper) if point.limits else None for point in points]
    lower = [_percent(point.limits.lower) if point.limits else None for point in points]
    return {
        "x": labels,
        "unit": "%",
        "series": [
            {"name": say(_("Defect rate")), "kind": "line", "data": [_percent(point.value) for point in points]},
            {"name": say(_("Centre")), "data": [centre] * len(points), "tone": "three", **dashed},
            {"name": say(_("Upper limit")), "data": upper, "tone": "quiet", **dashed},
            {"name": say(_("Lower limit")), "data": lower, "tone": "quiet", **dashed},
            *([{"name": say(_("Signal")), "kind": "points", "data": marked, "tone": "bad"}] if marked else []),
        ],
    }


def running_sum_shown(values: Sequence[KpiValue], beyond: Sequence[float | None], say: Say) -> Chart | None:
    """Defects beyond the baseline, added up; None without a baseline."""
    if sum(one is not None for one in beyond) < 2:
        return None
    return {
        "x": [value.period.label for value in values],
        "unit": "",
        "series": [
            {
                "name": say(_("Defects beyond the baseline")),
                "kind": "line",
                "area": True,
                "data": [None if one is None else round(one, 2) for one in beyond],
            }
        ],
    }


def _percent(ratio: float) -> float:
    return round(100 * ratio, 4)
