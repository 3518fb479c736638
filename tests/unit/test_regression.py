"""Energy baselines by linear regression: coefficients, how well they fit, and when there is none."""

from math import isfinite, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.regression import FEWEST_PERIODS, EnergyModel, Refusal, Refused, Term, energy_model
from plant.reading import F64

PIECES = np.array([10.0, 20.0] * 6)
# 100 + 2 x pieces, and 6 above or below: each of 10 and 20 pieces three times above, three times below
ENERGY = 100 + 2 * PIECES + np.array([6.0, 6.0, -6.0, -6.0] * 3)


def model(energy_kwh: F64, **variables: F64) -> EnergyModel:
    found = energy_model(energy_kwh, variables)
    assert isinstance(found, EnergyModel)
    return found


def test_one_variable_as_worked_out_by_hand() -> None:
    # Residuals are 6 everywhere: 12 x 36 = 432. Mean 130; 126, 114, 146, 134 three times each lie 4, 16, 16, 4 from it:
    # 3 x (16 + 256 + 256 + 16) = 1632. R2 = 1 - 432 / 1632; adjusted 1 - 432 / 1632 x 11 / 10; error sqrt(432 / 10).
    found = model(ENERGY, pieces=PIECES)
    assert found.base_kwh == pytest.approx(100.0)
    assert found.terms == (Term("pieces", pytest.approx(2.0), 10.0, 20.0),)
    assert found.periods == 12
    assert found.r_squared == pytest.approx(1 - 432 / 1632)
    assert found.adjusted_r_squared == pytest.approx(1 - 432 / 1632 * 1.1)
    assert found.standard_error_kwh == pytest.approx(sqrt(43.2))


def test_two_variables_are_told_apart() -> None:
    degree_days = np.array([0.0, 0.0, 300.0, 300.0, 150.0, 150.0] * 2)
    found = model(500 + 2 * PIECES + 3 * degree_days, pieces=PIECES, degree_days=degree_days)
    assert found.base_kwh == pytest.approx(500.0)
    assert [(term.variable, round(term.slope_kwh, 9)) for term in found.terms] == [
        ("pieces", 2.0),
        ("degree_days", 3.0),
    ]
    assert (found.terms[1].lowest, found.terms[1].highest) == (0.0, 300.0)
    assert (found.r_squared, found.adjusted_r_squared) == (pytest.approx(1.0), pytest.approx(1.0))
    assert found.standard_error_kwh == pytest.approx(0.0, abs=1e-9)


def test_units_far_apart_do_not_hide_a_variable() -> None:
    pieces, share = PIECES * 1e9, np.array([0.1, 0.1, 0.2, 0.3] * 3) * 1e-6
    found = model(7 + 2e-9 * pieces + 3e6 * share, pieces=pieces, share=share)
    assert [term.slope_kwh for term in found.terms] == pytest.approx([2e-9, 3e6])


def test_a_variable_that_explains_nothing_may_bring_adjusted_r_squared_below_zero() -> None:
    found = model(np.array([10.0, 10.0, 20.0, 20.0] * 3), pieces=PIECES)
    assert found.r_squared == pytest.approx(0.0, abs=1e-12)
    assert found.adjusted_r_squared == pytest.approx(-0.1)


def test_energy_that_did_not_vary_has_no_r_squared() -> None:
    found = model(np.full(12, 0.1), pieces=PIECES)
    assert (found.r_squared, found.adjusted_r_squared, found.standard_error_kwh) == (None, None, 0.0)
    assert (found.base_kwh, found.terms[0].slope_kwh) == (pytest.approx(0.1), 0.0)


def test_fewer_than_twelve_periods_are_refused() -> None:
    assert FEWEST_PERIODS == 12
    assert energy_model(ENERGY[:11], {"pieces": PIECES[:11]}) == Refused(Refusal.TOO_FEW_PERIODS)
    assert energy_model(np.empty(0), {"pieces": np.empty(0)}) == Refused(Refusal.TOO_FEW_PERIODS)


def test_more_variables_need_more_periods() -> None:
    variables = {f"x{at}": np.eye(12)[at] for at in range(11)}
    assert energy_model(ENERGY, variables) == Refused(Refusal.TOO_FEW_PERIODS)
    del variables["x10"]
    assert isinstance(energy_model(ENERGY, variables), EnergyModel)


def test_energy_without_a_variable_is_refused() -> None:
    assert energy_model(ENERGY, {}) == Refused(Refusal.NO_VARIABLE)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e12])
def test_a_variable_that_does_not_vary_is_refused_by_name(value: float) -> None:
    variables = {"pieces": PIECES, "shifts": np.full(12, value)}
    assert energy_model(ENERGY, variables) == Refused(Refusal.CONSTANT_VARIABLE, "shifts")


def test_what_varies_less_than_its_rounding_lets_be_told_is_constant() -> None:
    assert energy_model(ENERGY, {"x": 5 + 1e-9 * PIECES}) == Refused(Refusal.CONSTANT_VARIABLE, "x")
    assert isinstance(energy_model(ENERGY, {"x": 5 + 1e-6 * PIECES}), EnergyModel)


@pytest.mark.parametrize("factor", [1.0, -3.0, 1e-5, 0.1])
def test_a_variable_that_follows_from_others_is_refused_by_name(factor: float) -> None:
    degree_days = np.arange(12.0)
    variables = {"pieces": PIECES, "degree_days": degree_days, "both": factor * (PIECES + degree_days) + 5}
    assert energy_model(ENERGY, variables) == Refused(Refusal.COLLINEAR_VARIABLE, "both")


def test_variables_that_merely_resemble_each_other_are_not_refused() -> None:
    near = PIECES + np.array([0.1, 0.0, 0.0] * 4)
    assert isinstance(energy_model(ENERGY, {"pieces": PIECES, "near": near}), EnergyModel)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_period_without_a_number_is_refused(bad: float) -> None:
    assert energy_model(np.append(ENERGY[:-1], bad), {"pieces": PIECES}) == Refused(Refusal.NOT_FINITE)
    variables = {"pieces": PIECES, "degree_days": np.append(PIECES[:-1], bad)}
    assert energy_model(ENERGY, variables) == Refused(Refusal.NOT_FINITE, "degree_days")


def test_numbers_too_large_for_the_arithmetic_are_refused() -> None:
    huge = np.array([1.5e308, -1.5e308] * 6)
    assert energy_model(huge, {"pieces": PIECES}) == Refused(Refusal.NOT_FINITE)
    assert energy_model(ENERGY, {"pieces": np.full(12, 1.5e308) - PIECES}) == Refused(Refusal.NOT_FINITE, "pieces")
    assert energy_model(ENERGY * 1e300, {"pieces": PIECES * 1e-300}) == Refused(Refusal.NOT_FINITE)


def test_columns_of_different_length_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="one value for each period"):
        energy_model(ENERGY, {"pieces": PIECES[:-1]})


WHOLE = st.integers(-1000, 1000).map(float)
COLUMN = st.lists(WHOLE, min_size=12, max_size=12).map(np.array)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(COLUMN, COLUMN, st.permutations(range(12)))
def test_the_order_of_periods_changes_nothing(energy_kwh: F64, pieces: F64, order: list[int]) -> None:
    straight, turned = energy_model(energy_kwh, {"x": pieces}), energy_model(energy_kwh[order], {"x": pieces[order]})
    if isinstance(straight, Refused):
        assert turned == straight
        return
    assert isinstance(turned, EnergyModel)
    assert turned.terms[0].slope_kwh == pytest.approx(straight.terms[0].slope_kwh, abs=1e-9)
    assert turned.base_kwh == pytest.approx(straight.base_kwh, abs=1e-6)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(COLUMN, COLUMN)
def test_expected_energy_of_the_baseline_adds_up_to_what_was_used(energy_kwh: F64, pieces: F64) -> None:
    found = energy_model(energy_kwh, {"x": pieces})
    if isinstance(found, EnergyModel):
        expected = found.base_kwh + found.terms[0].slope_kwh * pieces
        assert expected.sum() == pytest.approx(energy_kwh.sum(), abs=1e-6)
        assert ((energy_kwh - expected) @ pieces) == pytest.approx(0.0, abs=1e-4)
        assert found.r_squared is None or 0 <= found.r_squared <= 1


ANY_COLUMN = st.lists(st.floats(), min_size=12, max_size=14).map(np.array)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(ANY_COLUMN, ANY_COLUMN, ANY_COLUMN)
def test_no_input_gives_nan_or_infinity(energy_kwh: F64, first: F64, second: F64) -> None:
    n = min(len(energy_kwh), len(first), len(second))
    found = energy_model(energy_kwh[:n], {"a": first[:n], "b": second[:n]})
    if isinstance(found, EnergyModel):
        numbers = [found.base_kwh, found.standard_error_kwh, found.r_squared, found.adjusted_r_squared]
        numbers += [number for term in found.terms for number in (term.slope_kwh, term.lowest, term.highest)]
        assert all(number is None or isfinite(number) for number in numbers)


def test_energy_too_large_for_the_arithmetic_is_refused() -> None:
    energy_kwh = np.array([1.7e308] * 11 + [1e308])
    with np.errstate(all="ignore"):
        found = energy_model(energy_kwh, {"pieces": np.arange(12.0)})
    assert found == Refused(Refusal.NOT_FINITE)
