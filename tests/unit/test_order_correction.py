"""Versions of an order line with the cancellations that people signed off."""

from datetime import date
from zoneinfo import ZoneInfo

from kpi.order_correction import cancelled
from kpi.order_line import customer_cancelled
from plant.correction import Correction, Decision, LotDecision, OrderCancelled
from plant.instant import parse_instant
from plant.order import OrderLine, OrderStatus

SEOUL = ZoneInfo("Asia/Seoul")
CUSTOMER, US = OrderStatus.CANCELLED_BY_CUSTOMER, OrderStatus.CANCELLED_BY_US


def day(number: int) -> int:
    return parse_instant(f"2026-11-{number:02d}T00:00:00+09:00")


def line(recorded: int, quantity: float = 10, line_id: str = "1") -> OrderLine:
    return OrderLine("4711", line_id, "P-100", quantity, date(2026, 11, 20), day(recorded))


def given(
    said_on: int, status: OrderStatus = CUSTOMER, on: int | None = None, line_id: str | None = None, number: int = 1
) -> Correction:
    when = None if on is None else date(2026, 11, on)
    return Correction(number, day(said_on), "Kim", "why", OrderCancelled("4711", line_id, status, when))


def seen(versions: list[OrderLine]) -> list[tuple[int, float, OrderStatus]]:
    return [(one.recorded_us, one.quantity, one.status) for one in versions]


def test_a_cancellation_is_one_more_version_of_the_time_at_which_it_was_signed_off() -> None:
    found = cancelled([line(1), line(5, 12)], [given(8)], SEOUL)
    assert seen(found) == [(day(1), 10, "open"), (day(5), 12, "open"), (day(8), 12, CUSTOMER)]


def test_a_date_counts_instead_from_its_midnight_in_the_plant() -> None:
    found = cancelled([line(1), line(5, 12)], [given(8, on=3)], SEOUL)
    assert seen(found) == [(day(1), 10, "open"), (day(3), 10, CUSTOMER), (day(5), 12, CUSTOMER)]
    version = customer_cancelled(found)
    assert version is not None
    assert version.recorded_us == day(3)


def test_files_that_come_later_do_not_undo_it() -> None:
    found = cancelled([line(1), line(9, 12)], [given(8)], SEOUL)
    assert seen(found) == [(day(1), 10, "open"), (day(8), 10, CUSTOMER), (day(9), 12, CUSTOMER)]


def test_an_order_may_have_been_cancelled_before_anything_of_it_was_recorded() -> None:
    assert seen(cancelled([line(5)], [given(8, on=3)], SEOUL)) == [(day(3), 10, CUSTOMER), (day(5), 10, CUSTOMER)]


def test_it_is_of_one_line_or_of_all() -> None:
    versions = [line(1, line_id="2")]
    assert cancelled(versions, [given(8, line_id="1")], SEOUL) == versions
    assert len(cancelled(versions, [given(8, line_id="2")], SEOUL)) == 2
    assert len(cancelled(versions, [given(8)], SEOUL)) == 2


def test_of_two_the_one_recorded_later_goes_last() -> None:
    both = [given(9, US, number=2, line_id="1"), given(8, CUSTOMER, number=1)]
    assert [one.status for one in cancelled([line(1)], both, SEOUL)] == ["open", CUSTOMER, US]


def test_other_corrections_and_other_orders_change_nothing() -> None:
    versions = [line(1)]
    other = Correction(1, day(8), "Kim", "why", OrderCancelled("4712", None, CUSTOMER))
    lot = Correction(2, day(8), "Kim", "why", LotDecision("press1", day(8), 3.0, Decision.REJECTED))
    assert cancelled(versions, [other, lot], SEOUL) == versions
    assert cancelled([], [given(8)], SEOUL) == []
