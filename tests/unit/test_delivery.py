"""Order lines: complete, on time, late, outside."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.delivery import (
    days_late,
    filled_at_once,
    filled_quantity,
    in_full_lines,
    on_first_promise,
    on_request,
    on_time_lines,
    on_time_orders,
    on_time_quantity,
    on_time_value,
    order_results,
)
from kpi.order_line import DeliveryRules, LineResult, customer_cancelled, known_versions, line_result
from plant.as_of import AsOf
from plant.order import Delivery, OrderLine, OrderStatus

DUE = date(2026, 11, 10)
PLAIN = DeliveryRules()


def day(offset: int) -> date:
    return DUE + timedelta(days=offset)


def line(quantity: float = 10, due: date | None = DUE, recorded_us: int = 0, **more: object) -> OrderLine:
    return OrderLine("A", "1", "P", quantity, due, recorded_us, **more)  # type: ignore[arg-type]


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


def test_a_line_is_filled_at_once_when_its_first_delivery_completes_it() -> None:
    assert found(line(), shipped((5, 10))).filled_at_once
    assert not found(line(), shipped((-3, 4), (0, 6))).filled_at_once
    assert not found(line(), shipped((-3, 4))).filled_at_once
    assert found(line(), shipped((-3, 4), (-3, 6))).filled_at_once, "two notes of one day are one delivery"
    assert found(line(), shipped((-9, 0), (-3, 10))).filled_at_once, "nothing was delivered with the empty note"
    assert found(line(), shipped((0, 9)), DeliveryRules(in_full_tolerance=0.1)).filled_at_once


def test_a_tolerance_of_nearly_all_fills_a_line_with_nothing_but_not_at_once() -> None:
    one = found(line(), shipped((0, 0)), DeliveryRules(in_full_tolerance=0.9999999999))
    assert (one.complete, one.filled_at_once) == (True, False)


@pytest.mark.parametrize(("parts", "delivered"), [([], 0), ([(3, 4)], 4), ([(-3, 4), (3, 25)], 10), ([(0, -5)], 0)])
def test_the_quantity_delivered_so_far_is_between_nothing_and_what_was_ordered(
    parts: list[tuple[int, float]], delivered: float
) -> None:
    assert found(line(), shipped(*parts)).delivered_quantity == delivered


@pytest.mark.parametrize(
    ("promise", "completed", "today", "met"),
    [
        (-5, 0, 30, False),
        (-5, -5, 30, True),
        (5, 5, 30, True),
        (-5, None, -5, None),
        (-5, None, -4, False),
        (5, None, 5, None),
        (5, None, 6, False),
    ],
)
def test_the_first_promise_is_met_or_missed_whatever_was_promised_later(
    promise: int, completed: int | None, today: int, met: bool | None
) -> None:
    parts = shipped() if completed is None else shipped((completed, 10))
    one = found(line(first_promise_date=day(promise)), parts, today=today)
    assert one.first_promise_met is met


def test_without_a_first_promise_the_first_due_date_is_one() -> None:
    versions = [line(due=None), line(due=day(-7)), line(due=day(-2)), line()]
    one = line_result(versions, shipped((-3, 10)), PLAIN, day(29), day(30), None)
    assert one is not None
    assert (one.on_time, one.first_promise_met) == (True, False)


def test_grace_and_early_days_hold_for_every_date_that_was_asked_for() -> None:
    rules = DeliveryRules(grace_days=2, early_days=4)
    met = [found(line(request_date=day(-9)), shipped((at, 10)), rules).request_met for at in (-14, -13, -7, -6)]
    assert met == [False, True, True, False]
    assert found(line(), shipped((0, 10))).request_met is None


US_PER_DAY = 86_400_000_000
KNOWN = [
    line(recorded_us=0, due=day(-7)),
    line(recorded_us=US_PER_DAY, delivered_date=day(-8)),
]


def test_versions_are_known_from_after_they_were_recorded() -> None:
    assert known_versions(KNOWN, [], AsOf(2 * US_PER_DAY), day(0)) == KNOWN
    assert known_versions(KNOWN, [], AsOf(US_PER_DAY), day(0)) == KNOWN[:1]


def test_a_line_that_was_recorded_after_it_was_due_counts_as_open_until_then() -> None:
    late = [line(recorded_us=US_PER_DAY, delivered_date=day(-1), delivered_quantity=9.0, status=OrderStatus.OPEN)]
    cancelled = [line(recorded_us=US_PER_DAY, status=OrderStatus.CANCELLED_BY_CUSTOMER)]
    for versions in (late, cancelled):
        assert known_versions(versions, [], AsOf(US_PER_DAY), day(0)) == [line(recorded_us=US_PER_DAY)]
        assert known_versions(versions, [], AsOf(US_PER_DAY), day(-1)) == []
    assert known_versions(late, [], AsOf(US_PER_DAY + 1), day(0)) == late


def test_a_line_of_which_a_delivery_is_known_is_known_too() -> None:
    for due in (None, day(5)):
        versions = [line(due=due, recorded_us=US_PER_DAY)]
        assert known_versions(versions, [], AsOf(US_PER_DAY), day(0)) == []
        assert known_versions(versions, shipped((0, 1)), AsOf(US_PER_DAY), day(0)) == versions


def test_fill_promises_and_value_count_what_is_due() -> None:
    met = LineResult("A", None, DUE, 10.0, True, True, True, 0, 10.0, 10.0, True, True, True, 700.0)
    missed = LineResult("B", None, DUE, 30.0, True, False, False, 4, 5.0, 15.0, False, False, False, 300.0)
    open_promise = replace(missed, first_promise_met=None, request_met=None, value=None)
    not_due = replace(met, settled=False)
    lines = [met, missed, open_promise, not_due]
    assert filled_at_once(lines) == (1, 3)
    assert filled_quantity(lines) == (40, 70)
    assert on_first_promise(lines) == on_request(lines) == (1, 2)
    assert on_time_value(lines) == (700, 1000)
    nothing = [count([]) for count in (filled_at_once, filled_quantity, on_first_promise, on_request, on_time_value)]
    assert nothing == [(0, 0)] * 5


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
    assert one.on_time_quantity <= one.delivered_quantity or any(quantity < 0 for _, quantity in parts)
    assert one.complete or not one.filled_at_once
    assert one.first_promise_met is (one.on_time if one.settled else None)
