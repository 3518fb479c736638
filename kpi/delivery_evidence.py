"""Which order lines made a delivery KPI what it is? The late and the open ones, and those without a due date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from kpi.order_line import DeliveryRules, LineResult
from plant.order import OrderLine

MOST_LINES = 20
"""Late and open lines that are shown, and lines without a due date."""


@dataclass(frozen=True, slots=True)
class LineShown:
    """A line that is not on time.

    completed: the day on which it was complete, None while it is not. days_late: of an open line to the as-of date.
    settled: false while it may still be on time.
    """

    order_id: str
    line_id: str
    product: str | None
    quantity: float
    delivered_quantity: float
    due: date
    completed: date | None
    days_late: int
    settled: bool


@dataclass(frozen=True, slots=True)
class DeliveryEvidence:
    """The lines of a scope that are due in a period.

    due: all of them; settled: decided, the denominator; on_time: of these. lines: those that are not on time or still
    open, the most days late first. without_due_date: lines of the scope that lie in no period, as order and line.
    *_left_out: how many more there are.
    """

    due: int
    settled: int
    on_time: int
    lines: tuple[LineShown, ...]
    lines_left_out: int
    without_due_date: tuple[tuple[str, str], ...]
    without_due_date_left_out: int
    rules: DeliveryRules


def delivery_evidence(
    lines: Sequence[LineResult], undated: Sequence[OrderLine], rules: DeliveryRules
) -> DeliveryEvidence:
    """The evidence of lines due in a period; undated: lines of the scope that have no due date."""
    missed = sorted(
        (line for line in lines if not line.on_time),
        key=lambda line: (-line.days_late, line.due, line.order_id, line.line_id),
    )
    shown = tuple(
        LineShown(
            line.order_id,
            line.line_id,
            line.product,
            line.quantity,
            line.delivered_quantity,
            line.due,
            line.completed,
            line.days_late,
            line.settled,
        )
        for line in missed[:MOST_LINES]
    )
    named = [(line.order_id, line.line_id) for line in undated]
    return DeliveryEvidence(
        due=len(lines),
        settled=sum(line.settled for line in lines),
        on_time=sum(line.settled and line.on_time for line in lines),
        lines=shown,
        lines_left_out=len(missed) - len(shown),
        without_due_date=tuple(named[:MOST_LINES]),
        without_due_date_left_out=max(0, len(named) - MOST_LINES),
        rules=rules,
    )
