"""Which order lines are due, and what became of each? As a table shows them: filtered, sorted, in plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from collector.evaluation import Evaluation
from kpi.order_line import LineResult
from plant.instant import moment
from plant.order import OrderLine
from plant.period import Period

SOON_DAYS = 7
MOST_LINES = 300


class LineStatus(StrEnum):
    """What became of a line. late_open: due is over and it is not complete; early: complete before it was wanted; open:
    it may still be on time, and counts nowhere yet."""

    LATE_OPEN = "late_open"
    LATE = "late"
    EARLY = "early"
    OPEN = "open"
    ON_TIME = "on_time"


@dataclass(frozen=True, slots=True)
class DueLine:
    """One line with what the order says of it. days_late: calendar days from due to completion, or to now; of an early
    one the days before, negative."""

    order_id: str
    line_id: str
    customer: str
    product: str
    quantity: float
    delivered: float
    due: date
    completed: date | None
    days_late: int
    value: float | None
    status: LineStatus


SORTS = {
    "urgency": lambda line: (list(LineStatus).index(line.status), -line.days_late, line.due),
    "due": lambda line: (line.due,),
    "customer": lambda line: (line.customer, line.due),
    "product": lambda line: (line.product, line.due),
    "quantity": lambda line: (-line.quantity,),
    "late": lambda line: (-line.days_late, line.due),
}


def lines_due(evaluation: Evaluation, period: Period, scope: str) -> tuple[DueLine, ...]:
    """The lines of a scope that are due in a period; none where days do not fit its kind."""
    found = evaluation.lines.count(scope, period, evaluation.clock)
    return _shown(evaluation, found.lines) if found is not None else ()


def lines_due_soon(evaluation: Evaluation, scope: str) -> tuple[DueLine, ...]:
    """The lines of a scope that are not complete and due within a week from today."""
    today = moment(evaluation.now_us, evaluation.clock.zone).date()
    members = {(line.order_id, line.line_id) for line in evaluation.lines.lines_of(scope)}
    soon = [
        line
        for line in evaluation.lines.results
        if not line.complete
        and today <= line.due <= today + timedelta(days=SOON_DAYS)
        and (line.order_id, line.line_id) in members
    ]
    return tuple(sorted(_shown(evaluation, soon), key=SORTS["due"]))


def chosen_lines(lines: Iterable[DueLine], status: str, sort: str, find: str) -> list[DueLine]:
    """The lines of a status (empty: all) that have a text in order, customer or product, in an order of `SORTS`."""
    wanted = find.casefold().strip()
    found = [
        line
        for line in lines
        if (not status or line.status == status)
        and (not wanted or wanted in f"{line.order_id} {line.customer} {line.product}".casefold())
    ]
    return sorted(found, key=SORTS[sort])


def _shown(evaluation: Evaluation, lines: Sequence[LineResult]) -> tuple[DueLine, ...]:
    said: dict[tuple[str, str], OrderLine] = {(one.order_id, one.line_id): one for one in evaluation.lines.newest}
    return tuple(_line(one, said[one.order_id, one.line_id]) for one in lines)


def _line(line: LineResult, said: OrderLine) -> DueLine:
    return DueLine(
        line.order_id,
        line.line_id,
        said.customer or "",
        line.product or "",
        line.quantity,
        line.delivered_quantity,
        line.due,
        line.completed,
        line.days_late or ((line.completed - line.due).days if line.completed else 0),
        line.value,
        line_status(line),
    )


def line_status(line: LineResult) -> LineStatus:
    """What became of a line, in one word."""
    if not line.settled:
        return LineStatus.OPEN
    if line.on_time:
        return LineStatus.ON_TIME
    if line.completed is None:
        return LineStatus.LATE_OPEN
    return LineStatus.LATE if line.days_late > 0 else LineStatus.EARLY
