"""Outcomes: ratios with evidence, or a reason."""

from math import isfinite

from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.element import Element
from kpi.outcome import Outcome, Reason, absent, flags_of, quotient, ratio_of, ratio_of_counts, sum_of

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=64, min_value=-(2.0**60), max_value=2.0**60)


def test_a_sum_keeps_its_value_when_little_is_known() -> None:
    assert sum_of(Element(5.0, (0.1,))) == Outcome(5.0, 5.0, None, 0.1)


def test_a_sum_without_readings_or_without_source_says_which() -> None:
    assert sum_of(Element(None, (0.0,))).reason is Reason.LOW_COVERAGE
    assert sum_of(None) == absent(Reason.NO_SOURCE)


def test_a_ratio_needs_both_sides() -> None:
    assert ratio_of(None, Element(1.0, (1.0,))).reason is Reason.NO_SOURCE
    assert ratio_of(Element(1.0, (1.0,)), None).reason is Reason.NO_SOURCE


def test_a_ratio_has_the_flags_of_both_and_the_lower_coverage() -> None:
    found = ratio_of(Element(1.0, (0.9,), frozenset({"manual"})), Element(2.0, (0.85,), frozenset({"clock"})))
    assert found == Outcome(0.5, 1.0, 2.0, 0.85, frozenset({"manual", "clock"}))


def test_a_ratio_that_too_little_is_known_of_keeps_numerator_and_denominator() -> None:
    assert quotient(1.0, 2.0, 0.79) == Outcome(None, 1.0, 2.0, 0.79, reason=Reason.LOW_COVERAGE)


def test_little_coverage_is_said_before_a_missing_denominator() -> None:
    assert quotient(0.0, 0.0, 0.5).reason is Reason.LOW_COVERAGE


def test_a_ratio_is_never_clipped() -> None:
    assert quotient(3.0, 2.0, 1.0).value == 1.5
    assert quotient(-3.0, 2.0, 1.0).value == -1.5


def test_a_denominator_too_small_for_a_number_is_none() -> None:
    assert quotient(1e10, 1e-320, 1.0).reason is Reason.NO_DENOMINATOR


def test_a_denominator_below_zero_is_none() -> None:
    assert quotient(-12.0, -10.0, 1.0) == Outcome(None, -12.0, -10.0, 1.0, reason=Reason.NO_DENOMINATOR)


def test_counts_become_ratios() -> None:
    assert ratio_of_counts((1, 4), 1.0) == Outcome(0.25, 1.0, 4.0, 1.0)


def test_flags_of_nothing_are_none() -> None:
    assert flags_of([]) == frozenset()
    assert flags_of([Element(None, (), frozenset({"clock"}))]) == {"clock"}


@settings(max_examples=200, derandomize=True, deadline=None)
@given(NUMBERS | st.none(), NUMBERS | st.none(), st.floats(0, 1))
def test_no_input_gives_nan_or_infinity(numerator: float | None, denominator: float | None, coverage: float) -> None:
    found = quotient(numerator, denominator, coverage)
    assert (found.value is None) == (found.reason is not None)
    assert found.value is None or isfinite(found.value)


def test_what_is_too_large_for_a_number_is_absent() -> None:
    assert Outcome(float("inf"), float("inf"), None, 1.0) == Outcome(None, coverage=1.0, reason=Reason.LOW_COVERAGE)
    assert Outcome(float("nan"), 1.0, 2.0, 1.0) == Outcome(None, 1.0, 2.0, 1.0, reason=Reason.NO_DENOMINATOR)
    assert Outcome(None, 1.0, float("inf"), 1.0, reason=Reason.NO_PRICE).reason is Reason.NO_PRICE
    assert sum_of(Element(float("inf"), (1.0,))).reason is Reason.LOW_COVERAGE
