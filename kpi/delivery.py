"""Were customers served on time and in full? Schedule lines, bucketed by due date (SCOR RL.2.1, RL.2.2).

A line that is open past its due date is late, so a month cannot be improved by shipping late lines later, nor by
leaving them out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from plant.order import Delivery, OrderLine, OrderStatus

_ROUNDING = 1e-9  # share of a line's quantity by which binary sums of decimal parts may fall short


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    """What counts as on time and in full. early_days None: any day before the due date counts."""

    grace_days: int = 0
    early_days: int | None = None
    in_full_tolerance: float = 0.0


@dataclass(frozen=True, slots=True)
class LineResult:
    """What became of one line as of a date.

    settled: it is complete, or the day due + grace has ended. days_late: calendar days from due to completion, an
    open line to the as-of date; 0 unless complete or open past due + grace. on_time_quantity: delivered by due + grace.
    """

    order_id: str
    product: str | None
    due: date
    quantity: float
    settled: bool
    complete: bool
    on_time: bool
    days_late: int
    on_time_quantity: float


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """Lines of a scope that are due in a period, and its orders (settled, on time) whose latest due date lies in it.

    dated_share: of all lines of the scope, the share with a usable due date.
    """

    lines: Sequence[LineResult]
    orders: Sequence[tuple[bool, bool]]
    dated_share: float


def line_result(
    versions: Sequence[OrderLine],
    deliveries: Iterable[Delivery],
    rules: DeliveryRules,
    ended: date,
    today: date,
    cancelled_on: date | None,
) -> LineResult | None:
    """What became of a line, by its newest version; None for one without a due date or cancelled in time.

    ended: the last day that has ended. today: as-of date. cancelled_on: the date on which a cancellation by the
    customer was recorded; one recorded after the due date changes nothing any more.
    """
    line = versions[-1]
    if line.due_date is None or (cancelled_on is not None and cancelled_on <= line.due_date):
        return None
    due = line.due_date  # days are counted from it, since a placeholder such as 9999-12-31 has no day after
    shipped = sorted(item for item in _shipments(line, deliveries) if item[0] <= today)
    completed = _completed_on(shipped, line.quantity * (1 - rules.in_full_tolerance - _ROUNDING))
    over = (ended - due).days >= rules.grace_days
    late = (completed - due).days > rules.grace_days if completed else over
    early = rules.early_days is not None and completed is not None and (due - completed).days > rules.early_days
    in_time = sum(quantity for day, quantity in shipped if (day - due).days <= rules.grace_days)
    return LineResult(
        order_id=line.order_id,
        product=line.product,
        due=due,
        quantity=line.quantity,
        settled=completed is not None or over,
        complete=completed is not None,
        on_time=completed is not None and not late and not early,
        days_late=((completed or today) - due).days if late else 0,
        on_time_quantity=max(0.0, min(line.quantity, in_time)),
    )


def customer_cancelled(versions: Sequence[OrderLine]) -> OrderLine | None:
    """The version that recorded the cancellation by the customer that still holds; None if none does."""
    found = None
    for version in reversed(versions):
        if version.status is not OrderStatus.CANCELLED_BY_CUSTOMER:
            break
        found = version
    return found


def _shipments(line: OrderLine, deliveries: Iterable[Delivery]) -> list[tuple[date, float]]:
    apart = [(item.delivered_date, item.quantity) for item in deliveries]
    if apart or line.delivered_date is None:
        return apart
    full = line.quantity if line.delivered_quantity is None else line.delivered_quantity
    return [(line.delivered_date, full)]


def _completed_on(shipped: Iterable[tuple[date, float]], needed: float) -> date | None:
    cumulative = 0.0
    for day, quantity in shipped:
        cumulative += quantity
        if cumulative >= needed:
            return day
    return None


def order_results(lines: Iterable[LineResult]) -> list[tuple[date, bool, bool]]:
    """For each order the latest due date of its lines, whether it is settled, and whether all its lines are on time.

    An order is settled when each of its lines is complete, or its latest one is due and over.
    """
    orders: dict[str, list[LineResult]] = {}
    for line in lines:
        orders.setdefault(line.order_id, []).append(line)
    results = []
    for members in orders.values():
        last = max(line.due for line in members)
        settled = all(line.settled for line in members)
        results.append((last, settled, all(line.on_time for line in members)))
    return results


def on_time_lines(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Lines on time, lines due."""
    due = [line for line in lines if line.settled]
    return sum(line.on_time for line in due), len(due)


def on_time_quantity(lines: Sequence[LineResult]) -> tuple[float, float]:
    """Quantity delivered by due + grace, never more than ordered; quantity ordered."""
    due = [line for line in lines if line.settled]
    return sum(line.on_time_quantity for line in due), sum(line.quantity for line in due)


def in_full_lines(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Lines complete, lines due."""
    due = [line for line in lines if line.settled]
    return sum(line.complete for line in due), len(due)


def on_time_orders(orders: Sequence[tuple[bool, bool]]) -> tuple[int, int]:
    """Orders whose lines are all on time, orders due."""
    due = [on_time for settled, on_time in orders if settled]
    return sum(due), len(due)


def days_late(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Days late of all late lines, late lines."""
    late = [line.days_late for line in lines if line.settled and line.days_late > 0]
    return sum(late), len(late)
