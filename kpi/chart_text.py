"""How does a control chart read as a short table?"""

from kpi.numerals import numeral
from kpi.plain_text import columns
from kpi.run_rules import Rule
from kpi.value_chart import ValueChart

_RULES = {
    Rule.BEYOND_LIMIT: "beyond a control limit",
    Rule.TWO_OF_THREE: "two of three beyond 2 sigma",
    Rule.FOUR_OF_FIVE: "four of five beyond 1 sigma",
    Rule.EIGHT_ON_A_SIDE: "eight on one side of the centre",
    Rule.SIX_RISING: "six rising",
    Rule.SIX_FALLING: "six falling",
}


def chart_text(found: ValueChart) -> str:
    """Centre line, points with their limits, and what the run rules find at each."""
    chart = found.chart
    unit = "ratio" if chart.kind.value == "p" else ""
    head = f"{found.kpi.value}  {found.scope}  {chart.kind.value} chart of {len(chart.points)} periods"
    if chart.centre is None:
        return f"{head}: no limits ({chart.reason})"
    provisional = ", provisional: fewer than 20 periods" if chart.provisional else ""
    rows: list[tuple[str, ...]] = [("period", "value", "lower", "upper", "")]
    for at, point in enumerate(chart.points):
        broken = [_RULES[one.rule] for one in found.violations if one.at == at]
        limits = (
            [numeral(limit, unit) for limit in (point.limits.lower, point.limits.upper)] if point.limits else ["", ""]
        )
        rows.append((point.label, numeral(point.value, unit), *limits, "; ".join(broken)))
    left_out = [f"  left out: {', '.join(chart.left_out)}"] if chart.left_out else []
    return "\n".join(
        [f"{head}: centre {numeral(chart.centre, unit)}{provisional}", *columns(rows, right=(1, 2, 3)), *left_out]
    )
