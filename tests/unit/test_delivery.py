"""Order lines: complete, on time, late, outside."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.delivery import (
    DeliveryRules,
    LineResult,
    customer_cancelled,
    days_late,
    in_full_lines,
    line_result,
    on_time_lines,
    on_time_orders,
    on_time_quantity,
    order_results,
)
from plant.order import Delivery, OrderLine, OrderStatus

DUE = date(2026, 11, 10)
PLAIN = DeliveryRules()


def day(offset: int) -> date:
    return DUE + timedelta(days=offset)


def line(quantity: float = 10, due: date | None = DUE, **more: object) -> OrderLine:
    return OrderLine("A", "1", "P", quantity, due, 0, **more)  # type: ignore[arg-type]


def shipped(*parts: tuple[int, float]) -> list[Delivery]:
    return [Delivery("A", "1", quantity, day(offset), 0) for offset, quantity in parts]


def result(
    order: OrderLine,
    deliveries: list[Delivery] | None = None,
    rules: DeliveryRules = PLAIN,
    today: int = 30,
    cancelled: int | None = None,
) -> LineResult | None:
    cancelled_on = None if cancelled is None else day(cancelled)
    return line_result([order], deliveries or [], rules, day(today - 1), day(today), cancelled_on)


def found(*arguments: object, **more: object) -> LineResult:
    one = result(*arguments, **more)  # type: ignore[arg-type]
    assert one is not None
    return one


@pytest.mark.parametrize(("offset", "on_time", "late"), [(-300, True, 0), (0, True, 0), (1, False, 1), (9, False, 9)])
def test_a_line_is_on_time_until_its_due_date(offset: int, on_time: bool, late: int) -> None:
    one = found(line(delivered_date=day(offset)))
    assert (one.on_time, one.days_late, one.complete, one.settled) == (on_time, late, True, True)


@pytest.mark.parametrize(("offset", "on_time", "late"), [(2, True, 0), (3, False, 3), (-4, True, 0), (-5, False, 0)])
def test_grace_and_early_days_are_inclusive(offset: int, on_time: bool, late: int) -> None:
    one = found(line(delivered_date=day(offset)), rules=DeliveryRules(grace_days=2, early_days=4))
    assert (one.on_time, one.days_late) == (on_time, late)


def test_no_early_days_mean_the_due_date_alone() -> None:
    rules = DeliveryRules(early_days=0)
    assert found(line(delivered_date=day(0)), rules=rules).on_time
    assert not found(line(delivered_date=day(-1)), rules=rules).on_time


@pytest.mark.parametrize(("today", "settled", "late"), [(0, False, 0), (2, False, 0), (3, True, 3), (30, True, 30)])
def test_an_open_line_is_late_once_due_and_grace_have_ended(today: int, settled: bool, late: int) -> None:
    one = found(line(), rules=DeliveryRules(grace_days=2), today=today)
    assert (one.settled, one.on_time, one.complete, one.days_late) == (settled, False, False, late)


def test_partial_shipments_complete_a_line_on_the_day_they_add_up() -> None:
    assert found(line(), shipped((-3, 4), (0, 6))).on_time
    one = found(line(), shipped((2, 6), (-3, 4)))
    assert (one.on_time, one.days_late, one.on_time_quantity) == (False, 2, 4)


def test_a_short_remainder_keeps_the_line_open() -> None:
    one = found(line(), shipped((-3, 9)))
    assert (one.complete, one.settled, one.days_late, one.on_time_quantity) == (False, True, 30, 9)


@pytest.mark.parametrize(("short", "complete"), [(0.95, True), (1.05, False)])
def test_a_billionth_may_be_missing_since_parts_add_up_in_binary(short: float, complete: bool) -> None:
    assert found(line(1e9), shipped((0, 1e9 - short))).complete is complete


def test_a_line_is_complete_with_exactly_what_it_needs() -> None:
    assert found(line(10), shipped((0, 10 * (1 - 1e-9)))).complete


def test_what_is_delivered_after_the_as_of_date_is_not_known_yet() -> None:
    assert found(line(), shipped((-2, 10)), today=-2).complete
    assert not found(line(), shipped((-2, 10)), today=-3).complete


def test_the_newest_version_of_a_line_counts() -> None:
    versions = [line(10), line(20), line(30, day(3))]
    newest = line_result(versions, shipped((0, 20)), PLAIN, day(29), day(30), None)
    assert newest is not None
    assert (newest.quantity, newest.due, newest.complete) == (30, day(3), False)


def test_a_tolerance_makes_a_short_line_complete_but_not_its_quantity() -> None:
    one = found(line(), shipped((0, 9)), DeliveryRules(in_full_tolerance=0.1))
    assert (one.on_time, one.on_time_quantity) == (True, 9)


def test_more_than_ordered_never_lifts_a_rate() -> None:
    assert found(line(), shipped((0, 25))).on_time_quantity == 10


def test_what_was_taken_back_is_no_less_than_nothing() -> None:
    assert found(line(), shipped((0, -5))).on_time_quantity == 0


def test_deliveries_replace_what_the_order_itself_says() -> None:
    one = found(line(delivered_date=day(0), delivered_quantity=10.0), shipped((5, 10)))
    assert (one.on_time, one.days_late) == (False, 5)


def test_a_delivered_quantity_may_be_less_than_ordered() -> None:
    assert not found(line(delivered_date=day(0), delivered_quantity=9.0)).complete


def test_a_line_without_due_date_has_no_result() -> None:
    assert result(line(due=None)) is None


@pytest.mark.parametrize(("cancelled", "outside"), [(-5, True), (0, True), (1, False)])
def test_a_line_cancelled_by_the_customer_until_the_due_date_is_outside(cancelled: int, outside: bool) -> None:
    one = result(line(status=OrderStatus.CANCELLED_BY_CUSTOMER), cancelled=cancelled)
    assert (one is None) is outside
    assert one is None or one.days_late == 30


def test_a_cancellation_holds_from_its_first_record_and_only_while_it_is_the_last_word() -> None:
    opened, cancelled = OrderStatus.OPEN, OrderStatus.CANCELLED_BY_CUSTOMER
    versions = [
        OrderLine("A", "1", None, 1, DUE, recorded, status)
        for recorded, status in enumerate([opened, cancelled, opened, cancelled, cancelled])
    ]
    last = customer_cancelled(versions)
    assert last is not None
    assert last.recorded_us == 3
    assert customer_cancelled(versions[:3]) is None
    assert customer_cancelled(versions[:1]) is None
    assert customer_cancelled(versions[3:]) is last


def line_of(order: str, due: int, *, settled: bool = True, on_time: bool = True, late: int = 0) -> LineResult:
    return LineResult(order, None, day(due), 10.0, settled, on_time, on_time, late, 10.0 if on_time else 4.0)


def test_an_order_is_due_with_its_last_line_and_on_time_with_all() -> None:
    lines = [line_of("A", 0), line_of("A", 5), line_of("B", 1, on_time=False), line_of("B", 0), line_of("C", 0)]
    assert order_results(lines) == [(day(5), True, True), (day(1), True, False), (day(0), True, True)]


def test_an_order_with_an_open_line_is_not_settled() -> None:
    lines = [line_of("A", 0, on_time=False, late=3), line_of("A", 50, settled=False, on_time=False)]
    assert order_results(lines) == [(day(50), False, False)]
    assert on_time_orders([(False, False), (True, True), (True, False)]) == (1, 2)


def test_counts_leave_out_what_is_not_settled() -> None:
    lines = [
        line_of("A", 0),
        line_of("B", 0, on_time=False, late=4),
        line_of("C", 0, on_time=False, late=2),
        line_of("D", 0, settled=False, on_time=False),
    ]
    assert on_time_lines(lines) == (1, 3)
    assert in_full_lines(lines) == (1, 3)
    assert on_time_quantity(lines) == (18, 30)
    assert days_late(lines) == (6, 2)
    assert on_time_quantity([]) == on_time_lines([]) == days_late([]) == (0, 0)


OFFSETS = st.integers(-40, 40)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(OFFSETS, st.integers(-3, 12).map(float)), max_size=5),
    st.integers(0, 5),
    st.none() | st.integers(0, 5),
    st.sampled_from([0.0, 0.05, 0.5]),
    OFFSETS,
    st.randoms(use_true_random=False),
)
def test_lines_agree_with_themselves_and_order_of_shipments_means_nothing(
    parts: list[tuple[int, float]], grace: int, early: int | None, tolerance: float, today: int, order: object
) -> None:
    rules = DeliveryRules(grace, early, tolerance)
    one = found(line(), shipped(*parts), rules, today=today)
    mixed = list(parts)
    order.shuffle(mixed)  # type: ignore[attr-defined]
    assert found(line(), shipped(*mixed), rules, today=today) == one
    assert one.complete or not one.on_time
    assert not (one.on_time and one.days_late)
    assert 0 <= one.on_time_quantity <= 10
    assert one.days_late == 0 or one.days_late > grace
    assert one.settled or not one.days_late
