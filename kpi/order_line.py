"""What became of one order line: was it delivered on time and in full, as known at an instant?

A line that is open past its due date is late, so a month cannot be improved by shipping late lines later, nor by
leaving them out (SCOR RL.2.1, RL.2.2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from plant.as_of import AsOf
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
    open line to the as-of date; 0 unless complete or open past due + grace. on_time_quantity: delivered by due + grace,
    delivered_quantity: until the as-of date; neither is more than ordered. filled_at_once: complete on the first day
    on which anything was delivered. first_promise_met, request_met: on_time, measured from these dates; None where the
    line is open and that date + grace has not ended, or where there is no such date. value [currency]. completed: the
    day on which it was complete, None while it is not.
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
    delivered_quantity: float = 0.0
    filled_at_once: bool = False
    first_promise_met: bool | None = None
    request_met: bool | None = None
    value: float | None = None
    line_id: str = "1"
    completed: date | None = None


def known_versions(
    versions: Sequence[OrderLine], deliveries: Sequence[Delivery], as_of: AsOf, today: date
) -> Sequence[OrderLine]:
    """The versions of a line that were known at an instant, the oldest first.

    A line that was first recorded later, but was due or delivered by then, had been promised: leaving it out would
    flatter. It counts with its first version, open. Empty for any other line that was not known yet.

    versions: all, the oldest first. deliveries: those known at the instant. today: the instant's date.
    """
    known = [version for version in versions if as_of.knows(version.recorded_us)]
    if known:
        return known
    first = versions[0]
    if not deliveries and (first.due_date is None or first.due_date > today):
        return []
    return [replace(first, status=OrderStatus.OPEN, delivered_quantity=None, delivered_date=None)]


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
    due = line.due_date
    shipped = sorted(item for item in _shipments(line, deliveries) if item[0] <= today)
    completed = _completed_on(shipped, line.quantity * (1 - rules.in_full_tolerance - _ROUNDING))
    met = _met(due, completed, ended, rules)
    late = met is False and (completed is None or (completed - due).days > rules.grace_days)
    first_day = next((day for day, quantity in shipped if quantity > 0), None)
    return LineResult(
        order_id=line.order_id,
        product=line.product,
        due=due,
        quantity=line.quantity,
        settled=met is not None,
        complete=completed is not None,
        on_time=met is True,
        days_late=((completed or today) - due).days if late else 0,
        on_time_quantity=_delivered(line, [part for part in shipped if (part[0] - due).days <= rules.grace_days]),
        delivered_quantity=_delivered(line, shipped),
        filled_at_once=completed is not None and completed == first_day,
        first_promise_met=_met(line.first_promise_date or _first_due(versions), completed, ended, rules),
        request_met=_met(line.request_date, completed, ended, rules),
        value=line.value,
        line_id=line.line_id,
        completed=completed,
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


def _met(promised: date | None, completed: date | None, ended: date, rules: DeliveryRules) -> bool | None:
    if promised is None:
        return None
    # Days are counted from the date, since a placeholder such as 9999-12-31 has no day after.
    if completed is None:
        return False if (ended - promised).days >= rules.grace_days else None
    days_after = (completed - promised).days
    return days_after <= rules.grace_days and (rules.early_days is None or -days_after <= rules.early_days)


def _first_due(versions: Iterable[OrderLine]) -> date | None:
    return next((version.due_date for version in versions if version.due_date is not None), None)


def _delivered(line: OrderLine, shipped: Iterable[tuple[date, float]]) -> float:
    return max(0.0, min(line.quantity, sum(quantity for _, quantity in shipped)))
