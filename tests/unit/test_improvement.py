"""Improvement, attainment and savings against a baseline."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.improvement import Trend, attainment, change_points, improvement, reduction_of_misses, saved_units, savings
from plant.kpi_id import KpiId

ANY = st.floats(allow_nan=False, allow_infinity=False)


def test_fewer_defects_are_better_and_more_on_time_too() -> None:
    assert improvement(0.02, 0.04, Trend.LOWER) == 0.5
    assert improvement(0.96, 0.80, Trend.HIGHER) == pytest.approx(0.2)


def test_worse_is_negative_and_nothing_is_capped() -> None:
    assert improvement(0.12, 0.04, Trend.LOWER) == pytest.approx(-2)
    assert improvement(9.0, 1.0, Trend.HIGHER) == 8


def test_a_baseline_below_zero_keeps_the_direction() -> None:
    assert improvement(-1.0, -2.0, Trend.HIGHER) == 0.5
    assert improvement(-1.0, -2.0, Trend.LOWER) == -0.5


def test_nothing_is_relative_to_zero() -> None:
    assert improvement(1.0, 0.0, Trend.HIGHER) is None


def test_attainment_is_the_share_of_the_way_in_either_direction() -> None:
    assert attainment(0.03, 0.04, 0.02) == pytest.approx(0.5)
    assert attainment(0.9, 0.8, 1.0) == pytest.approx(0.5)
    assert attainment(0.7, 0.8, 1.0) == pytest.approx(-0.5)
    assert attainment(0.5, 0.8, 0.8) is None


def test_savings_price_defects_late_lines_and_kwh_alone() -> None:
    assert savings(KpiId.DEFECT_RATE, 12.0, 975.0, 0.031, 4200.0) == pytest.approx(76545.0)
    assert savings(KpiId.ON_TIME_DELIVERY, 95.0, 100.0, 0.9, 150000.0) == pytest.approx(750000.0)
    assert savings(KpiId.ENERGY_PER_GOOD_UNIT, 100.0, 60.0, 2.0, 160.0) == pytest.approx(3200.0)
    assert savings(KpiId.ON_TIME_DELIVERY_ORDERS, 95.0, 100.0, 0.9, 150000.0) is None


def test_units_saved_are_those_that_are_priced() -> None:
    assert saved_units(KpiId.DEFECT_RATE, 12.0, 975.0, 0.031) == pytest.approx(18.225)
    assert saved_units(KpiId.ON_TIME_DELIVERY, 95.0, 100.0, 0.9) == pytest.approx(5.0)
    assert saved_units(KpiId.ENERGY_PER_GOOD_UNIT, 100.0, 60.0, 2.0) == pytest.approx(20.0)
    assert saved_units(KpiId.ENERGY, 100.0, 60.0, 2.0) is None
    assert saved_units(KpiId.DEFECT_RATE, 0.0, 1e300, 1e300) is None


def test_misses_are_what_a_rate_lacks_or_the_rate_itself() -> None:
    # 90 -> 96 % on time: 10 -> 4 late of 100. Defects 4 -> 1 of 100.
    assert reduction_of_misses(0.96, 0.90, Trend.HIGHER) == pytest.approx(0.6)
    assert reduction_of_misses(0.01, 0.04, Trend.LOWER) == pytest.approx(0.75)
    assert reduction_of_misses(1.0, 0.75, Trend.HIGHER) == 1.0


def test_twice_the_misses_are_minus_one_and_nothing_is_capped() -> None:
    assert reduction_of_misses(0.5, 0.75, Trend.HIGHER) == -1.0
    assert reduction_of_misses(0.0, 0.75, Trend.HIGHER) == -3.0
    assert reduction_of_misses(0.5, 0.25, Trend.LOWER) == -1.0


@pytest.mark.parametrize(("baseline", "trend"), [(1.0, Trend.HIGHER), (1.5, Trend.HIGHER), (0.0, Trend.LOWER)])
def test_without_misses_before_there_is_no_reduction(baseline: float, trend: Trend) -> None:
    assert reduction_of_misses(0.5, baseline, trend) is None


def test_points_are_hundredths_of_a_rate_and_positive_when_better() -> None:
    assert change_points(0.96, 0.90, Trend.HIGHER) == pytest.approx(6.0)
    assert change_points(0.90, 0.96, Trend.HIGHER) == pytest.approx(-6.0)
    assert change_points(0.012, 0.031, Trend.LOWER) == pytest.approx(1.9)


RATES = st.integers(0, 1000).map(lambda thousandth: thousandth / 1000)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(RATES, RATES, st.sampled_from(Trend))
def test_points_there_and_back_cancel_and_misses_multiply(value: float, baseline: float, trend: Trend) -> None:
    there, back = change_points(value, baseline, trend), change_points(baseline, value, trend)
    assert there is not None
    assert back == -there
    fewer, more = reduction_of_misses(value, baseline, trend), reduction_of_misses(baseline, value, trend)
    if fewer is not None and more is not None:
        assert (1 - fewer) * (1 - more) == pytest.approx(1.0)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(ANY, ANY)
def test_points_are_antisymmetric_in_the_trend(value: float, baseline: float) -> None:
    higher, lower = change_points(value, baseline, Trend.HIGHER), change_points(value, baseline, Trend.LOWER)
    assert (higher is None and lower is None) or (higher is not None and lower is not None and higher == -lower)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(ANY, ANY)
def test_improvement_is_antisymmetric_in_the_trend(value: float, baseline: float) -> None:
    higher, lower = improvement(value, baseline, Trend.HIGHER), improvement(value, baseline, Trend.LOWER)
    assert (higher is None and lower is None) or (higher is not None and lower is not None and higher == -lower)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(ANY, ANY, ANY, ANY)
def test_no_input_gives_nan_or_infinity(a: float, b: float, c: float, d: float) -> None:
    found = [improvement(a, b, Trend.LOWER), attainment(a, b, c)]
    found += [savings(kpi, a, b, c, d) for kpi in KpiId]
    found += [change(a, b, trend) for trend in Trend for change in (reduction_of_misses, change_points)]
    assert all(number is None or isfinite(number) for number in found)
