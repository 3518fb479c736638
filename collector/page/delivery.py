"""The page of delivery: which order lines are due, late or open, and why is on-time delivery what it is?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from collector.evaluation import Evaluation
from collector.page.access import shown
from collector.page.due_lines import MOST_LINES, SORTS, DueLine, LineStatus, chosen_lines, lines_due, lines_due_soon
from collector.page.kpi_page import Chart, Say, figure, kpi_page, now_us, site_of, speaker, values_of
from collector.page.period_choice import period_choice
from collector.page.rendering import chosen
from collector.page.words import text as _
from kpi.catalogue_delivery import DELIVERY, DELIVERY_IN_DETAIL
from kpi.value import KpiValue
from plant.period import Period, PeriodKind

SHOWN = tuple(kpi.id for kpi in (*DELIVERY, *DELIVERY_IN_DETAIL))
KINDS = (PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH)
STATUS: dict[str, tuple[str, str]] = {
    LineStatus.LATE_OPEN: (_("late, still open"), "bad"),
    LineStatus.LATE: (_("late"), "bad"),
    LineStatus.EARLY: (_("too early"), "warn"),
    LineStatus.OPEN: (_("open, still in time"), "none"),
    LineStatus.ON_TIME: (_("on time"), "good"),
}
"""Name and tone of each status."""
_TONES = {LineStatus.LATE_OPEN: "bad", LineStatus.LATE: "four", LineStatus.EARLY: "warn", LineStatus.OPEN: "quiet"}


@dataclass(frozen=True, slots=True)
class DeliveryFigures:
    """What the page shows of a period: values, the lines due in it, those due within a week from today, and how many
    have no usable due date."""

    values: tuple[KpiValue, ...]
    absent: tuple[KpiValue, ...]
    lines: tuple[DueLine, ...]
    soon: tuple[DueLine, ...]
    undated: int


def delivery_figures(evaluation: Evaluation, period: Period, scope: str) -> DeliveryFigures:
    """The figures of the page."""
    values, absent = values_of(evaluation, period, scope, SHOWN)
    return DeliveryFigures(
        values,
        absent,
        lines_due(evaluation, period, scope),
        lines_due_soon(evaluation, scope),
        len(evaluation.lines.undated(scope)),
    )


def lines_shown(lines: Sequence[DueLine], say: Say) -> Chart | None:
    """Lines by the day on which they are due, one colour a status; None for a single day."""
    days = sorted({line.due for line in lines})
    if len(days) < 2:
        return None
    count = Counter((line.due, line.status) for line in lines)
    return {
        "x": [day.isoformat() for day in days],
        "unit": "",
        "series": [
            {
                "name": say(STATUS[status][0]),
                "kind": "bar",
                "stack": "lines",
                "tone": _TONES.get(status, "good"),
                "data": [count[day, status] for day in days],
            }
            for status in reversed(LineStatus)
            if any(line.status is status for line in lines)
        ],
    }


async def delivery(request: Request) -> Response:
    """The page."""
    choice = period_choice(request, site_of(request), now_us(), PeriodKind.WEEK, KINDS)
    found, say = await figure(request, "delivery", choice, delivery_figures), speaker(request)
    status = chosen(request, "status", list(STATUS), "")
    sort = chosen(request, "sort", list(SORTS), "urgency")
    find = request.query_params.get("find", "")[:80]
    shows: dict[str, object] = {
        "found": found,
        "status": status,
        "sort": sort,
        "find": find,
        "statuses": {name: (say(text), tone) for name, (text, tone) in STATUS.items()},
    }
    if found is not None:
        lines = chosen_lines(found.value.lines, status, sort, find)
        shows |= {
            "lines": lines[:MOST_LINES],
            "left_out": max(0, len(lines) - MOST_LINES),
            "counts": Counter(line.status.value for line in found.value.lines),
            "by_day": lines_shown(found.value.lines, say),
        }
    return kpi_page(request, "delivery.html", choice, shows)


routes = [shown("/delivery", delivery)]
