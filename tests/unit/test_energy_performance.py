"""Expected energy, saving, improvement and CUSUM against an energy baseline."""

from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.energy_performance import ExpectedEnergy, cusum, expected_energy, improvement_ratio, saving_kwh
from kpi.regression import EnergyModel, Term

MODEL = EnergyModel(
    500.0, (Term("pieces", 2.0, 10.0, 20.0), Term("degree_days", 3.0, 0.0, 300.0)), 12, 0.9, 0.88, 6.0
)  # fmt: skip
ANY = st.floats(allow_nan=True, allow_infinity=True)


def test_expected_energy_is_base_plus_slopes() -> None:
    # 500 + 2 x 15 + 3 x 100 = 830
    found = expected_energy(MODEL, {"pieces": 15.0, "degree_days": 100.0, "not in the model": 7.0})
    assert found == ExpectedEnergy(830.0)
    assert not found.extrapolated


def test_the_bounds_of_the_baseline_are_inside_and_beyond_is_named_but_not_clipped() -> None:
    assert expected_energy(MODEL, {"pieces": 10.0, "degree_days": 300.0}) == ExpectedEnergy(1420.0)
    found = expected_energy(MODEL, {"pieces": 9.0, "degree_days": 301.0})
    assert found == ExpectedEnergy(1421.0, ("pieces", "degree_days"))
    assert found.extrapolated


@pytest.mark.parametrize("pieces", [float("nan"), float("inf"), 1.7e308])
def test_a_value_without_a_finite_number_expects_nothing(pieces: float) -> None:
    assert expected_energy(MODEL, {"pieces": pieces, "degree_days": 0.0}) is None
    assert expected_energy(MODEL, {"degree_days": 0.0}) is None


def test_saving_and_improvement_are_positive_when_less_is_used_than_expected() -> None:
    assert saving_kwh(747.0, 830.0) == 83.0
    assert improvement_ratio(747.0, 830.0) == pytest.approx(0.1)
    assert saving_kwh(913.0, 830.0) == -83.0
    assert improvement_ratio(913.0, 830.0) == pytest.approx(-0.1)


@pytest.mark.parametrize("expected", [0.0, -5.0])
def test_where_nothing_is_expected_there_is_no_improvement(expected: float) -> None:
    assert improvement_ratio(10.0, expected) is None


def test_cusum_runs_over_all_periods_and_skips_what_is_not_known() -> None:
    # 510 - 500 = 10; skipped; 470 - 500 = -30, together -20; 495 - 500 = -5, together -25
    periods = [(510.0, 500.0), (None, 500.0), (470.0, 500.0), (400.0, None), (495.0, 500.0)]
    assert cusum(periods) == [10.0, None, -20.0, None, -25.0]
    assert cusum([]) == []


def test_cusum_goes_on_after_a_number_too_large() -> None:
    assert cusum([(1.0, 0.0), (1.7e308, -1.7e308), (2.0, 0.0)]) == [1.0, None, 3.0]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=20))
def test_cusum_ends_at_all_that_was_not_saved(periods: list[tuple[int, int]]) -> None:
    actual, expected = sum(pair[0] for pair in periods), sum(pair[1] for pair in periods)
    saved = saving_kwh(float(actual), float(expected))
    assert saved is not None
    assert cusum(periods)[-1] == -saved


@settings(max_examples=300, derandomize=True, deadline=None)
@given(ANY, ANY, ANY, ANY)
def test_no_input_gives_nan_or_infinity(a: float, b: float, c: float, d: float) -> None:
    expected = expected_energy(MODEL, {"pieces": a, "degree_days": b})
    found = [saving_kwh(a, b), improvement_ratio(a, b), *cusum([(a, b), (c, d)])]
    found.append(expected.energy_kwh if expected else None)
    assert all(number is None or isfinite(number) for number in found)
