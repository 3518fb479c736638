"""Improvement, attainment and savings against a baseline."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.improvement import Trend, attainment, improvement, savings
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
    assert all(number is None or isfinite(number) for number in found)
