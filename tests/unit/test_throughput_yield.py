"""Rolled throughput yield, DPU, DPMO and process ppm."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.element import Element
from kpi.outcome import Outcome, Reason, absent, quotient
from kpi.throughput_yield import (
    RolledYield,
    defects_per_million_opportunities,
    defects_per_unit,
    process_ppm,
    rolled_throughput_yield,
)


def element(value: float | None, coverage: float = 1.0, *flags: str) -> Element:
    return Element(value, (coverage,), frozenset(flags))


def test_rolled_throughput_yield_is_the_product_of_the_steps_and_not_their_mean() -> None:
    # 0.95 x 0.98 x 0.90 = 0.8379; 100 pieces in, about 84 out that were never touched again
    steps = [(name, Outcome(value, coverage=1.0)) for name, value in (("cut", 0.95), ("press", 0.98), ("paint", 0.9))]
    found = rolled_throughput_yield(steps).outcome
    assert found.value == pytest.approx(0.8379)
    assert (found.numerator, found.denominator, found.reason) == (found.value, None, None)


def test_rolled_throughput_yield_has_the_lowest_coverage_and_all_flags() -> None:
    first = Outcome(0.5, coverage=0.99, flags=frozenset({"manual"}))
    second = Outcome(0.5, coverage=0.85, flags=frozenset({"clock"}))
    found = rolled_throughput_yield([("a", first), ("b", second)])
    assert found == RolledYield(Outcome(0.25, 0.25, None, 0.85, frozenset({"manual", "clock"})))


def test_a_step_without_a_value_leaves_none_and_is_named() -> None:
    steps = [("a", Outcome(0.9, coverage=1.0)), ("b", absent(Reason.NO_SOURCE)), ("c", quotient(0.0, 0.0, 1.0))]
    found = rolled_throughput_yield(steps)
    assert (found.outcome.value, found.outcome.reason) == (None, Reason.NO_SOURCE)
    assert found.without_value == ("b", "c")


def test_a_route_without_steps_has_no_source() -> None:
    assert rolled_throughput_yield([]) == RolledYield(absent(Reason.NO_SOURCE))


def test_a_product_too_large_for_a_number_is_none() -> None:
    found = rolled_throughput_yield([("a", Outcome(1e308, coverage=1.0)), ("b", Outcome(1e308, coverage=1.0))])
    assert (found.outcome.value, found.outcome.reason) == (None, Reason.NO_DENOMINATOR)


def test_a_yield_above_one_or_below_zero_is_not_clipped() -> None:
    assert rolled_throughput_yield([("a", Outcome(1.5)), ("b", Outcome(-0.5))]).outcome.value == -0.75


def test_defects_per_unit_may_be_above_one() -> None:
    assert defects_per_unit(element(45), element(30, 0.9, "manual")) == Outcome(
        1.5, 45.0, 30.0, 0.9, frozenset({"manual"})
    )
    assert defects_per_unit(None, element(30)).reason is Reason.NO_SOURCE
    assert defects_per_unit(element(45), element(0)).reason is Reason.NO_DENOMINATOR


def test_dpmo_counts_opportunities_in_millions() -> None:
    # 34 defects in 2000 units with 10 opportunities each: 34 / 0.02 million = 1700
    found = defects_per_million_opportunities(element(34), element(2000, 0.9), 10)
    assert found.value == pytest.approx(1700.0)
    assert found.denominator == pytest.approx(0.02)
    assert (found.numerator, found.coverage) == (34.0, 0.9)


@pytest.mark.parametrize("opportunities", [None, 0, -1, float("nan"), float("inf")])
def test_dpmo_without_opportunities_has_no_source(opportunities: float | None) -> None:
    assert defects_per_million_opportunities(element(34), element(2000), opportunities) == absent(Reason.NO_SOURCE)


def test_ppm_is_of_pieces_produced() -> None:
    # 3 of 12000: 250 in a million
    assert process_ppm(element(3), element(12000)).value == pytest.approx(250.0)
    assert process_ppm(element(3), element(0)).reason is Reason.NO_DENOMINATOR


def test_ppm_says_what_it_lacks() -> None:
    assert process_ppm(None, element(1)).reason is Reason.NO_SOURCE
    assert process_ppm(element(1), None).reason is Reason.NO_SOURCE
    assert process_ppm(element(1), element(None)).reason is Reason.LOW_COVERAGE
    assert process_ppm(element(None), element(1)).reason is Reason.LOW_COVERAGE
    assert process_ppm(element(1, 0.5), element(1)).reason is Reason.LOW_COVERAGE


def test_opportunities_too_many_for_a_number_are_no_denominator() -> None:
    found = defects_per_million_opportunities(element(1), element(1e300, 0.9, "clock"), 1e300)
    assert found == Outcome(None, 1.0, None, 0.9, frozenset({"clock"}), Reason.NO_DENOMINATOR)


NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(NUMBERS, NUMBERS, st.none() | st.floats(), st.floats(0, 1))
def test_no_input_gives_nan_or_infinity(
    count: float | None, units: float | None, opportunities: float | None, coverage: float
) -> None:
    found = defects_per_million_opportunities(element(count, coverage), element(units), opportunities)
    rolled = rolled_throughput_yield([("a", found), ("b", process_ppm(element(count), element(units)))]).outcome
    for outcome in (found, rolled):
        assert (outcome.value is None) == (outcome.reason is not None)
        numbers = (outcome.value, outcome.numerator, outcome.denominator)
        assert all(number is None or isfinite(number) for number in numbers)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_a_route_is_no_better_than_its_worst_step(yields: list[float]) -> None:
    steps = [(f"s{at}", Outcome(value, coverage=1.0)) for at, value in enumerate(yields)]
    value = rolled_throughput_yield(steps).outcome.value
    assert value is not None
    assert 0 <= value <= min(yields)
