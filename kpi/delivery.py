"""Were customers served on time and in full? Order lines and orders, counted in the period that has their due date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from kpi.order_line import LineResult


@dataclass(frozen=True, slots=True)
class DeliveryCount:
    """Lines of a scope that are due in a period, and its orders (settled, on time) whose latest due date lies in it.

    dated_share: of all lines of the scope, the share with a usable due date; request_share, value_share: the share that
    has a request date or a value as well. 0 to 1.
    """

    lines: Sequence[LineResult]
    orders: Sequence[tuple[bool, bool]]
    dated_share: float
    request_share: float = 0.0
    value_share: float = 0.0


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


def filled_at_once(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Lines completely supplied by their first delivery, lines due."""
    due = [line for line in lines if line.settled]
    return sum(line.filled_at_once for line in due), len(due)


def filled_quantity(lines: Sequence[LineResult]) -> tuple[float, float]:
    """Quantity delivered until the as-of date, never more than ordered; quantity ordered."""
    due = [line for line in lines if line.settled]
    return sum(line.delivered_quantity for line in due), sum(line.quantity for line in due)


def on_first_promise(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Lines on time by their first promise, lines due of which that is decided."""
    return _met(line.first_promise_met for line in lines if line.settled)


def on_request(lines: Sequence[LineResult]) -> tuple[int, int]:
    """Lines on time by their request date, lines due that have one and of which that is decided."""
    return _met(line.request_met for line in lines if line.settled)


def on_time_value(lines: Sequence[LineResult]) -> tuple[float, float]:
    """Value [currency] of lines on time, value of lines due; lines without a value are in neither."""
    due = [(line.value, line.on_time) for line in lines if line.settled and line.value is not None]
    return sum(value for value, on_time in due if on_time), sum(value for value, _ in due)


def _met(found: Iterable[bool | None]) -> tuple[int, int]:
    decided = [met for met in found if met is not None]
    return sum(decided), len(decided)
