"""How much energy would the plant have used before, at today's output? An energy baseline by linear regression.

ISO 50006:2023, statistical model: E = a + sum of b_j x_j, fitted by ordinary least squares over the baseline periods; x
are the relevant variables (pieces, product mix, degree days). Where the base load a is large, kWh a piece falls with
every rise of output; this comparison does not. What follows from a model is in `kpi.energy_performance`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, sqrt

import numpy as np

from plant.reading import F64

FEWEST_PERIODS = 12
"""A year of months, so that every season is in the model.

The usual length of an energy baseline (IPMVP option C, monthly data), and that for which EnPI Lite of Lawrence Berkeley
National Laboratory gives its tests of validity. Half a year would miss seasons and leave one variable 4 degrees of
freedom. With shorter periods, whether they cover a year is for the caller to see.
"""

_SAME = 1e-7  # share of its largest value by which a constant column may vary: with less, rounding hides what follows
_DEPENDENT = 1e-8  # ratio of singular values below which a column is a combination of the others


class Refusal(StrEnum):
    """Why there is no model.

    no_variable: nothing to explain energy by. too_few_periods: fewer than `FEWEST_PERIODS`, or than variables + 2.
    not_finite: a period without a number, or numbers too large for the arithmetic. constant_variable: one that does not
    vary explains nothing. collinear_variable: one that follows from the variables before it.
    """

    NO_VARIABLE = "no_variable"
    TOO_FEW_PERIODS = "too_few_periods"
    NOT_FINITE = "not_finite"
    CONSTANT_VARIABLE = "constant_variable"
    COLLINEAR_VARIABLE = "collinear_variable"


@dataclass(frozen=True, slots=True)
class Refused:
    """No model, why, and the first variable that is to blame: None where none, or energy itself, is."""

    reason: Refusal
    variable: str | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One relevant variable: energy per unit of it [kWh], and the range of the baseline in which that is known."""

    variable: str
    slope_kwh: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class EnergyModel:
    """An energy baseline.

    base_kwh: energy of a period in which all variables are 0. periods: n. r_squared, adjusted_r_squared: share of the
    variation explained, the latter for the number of variables, which may bring it below 0; None where energy did not
    vary. standard_error_kwh: standard deviation of the residuals with n - variables - 1 degrees of freedom.
    """

    base_kwh: float
    terms: tuple[Term, ...]
    periods: int
    r_squared: float | None
    adjusted_r_squared: float | None
    standard_error_kwh: float


def energy_model(energy_kwh: F64, variables: Mapping[str, F64]) -> EnergyModel | Refused:
    """The model of the baseline periods, or why there is none.

    energy_kwh, variables: one value for each period, in one order; a period that lacks one must be left out of all.
    Raises ValueError for columns of different length.

    >>> pieces = np.arange(12.0) * 10
    >>> model = energy_model(100 + 2 * pieces, {"pieces": pieces})
    >>> round(model.base_kwh, 6), round(model.terms[0].slope_kwh, 6), model.terms[0].highest, model.periods
    (100.0, 2.0, 110.0, 12)
    >>> energy_model(100 + 2 * pieces[:6], {"pieces": pieces[:6]}).reason.value
    'too_few_periods'
    """
    if any(column.shape != energy_kwh.shape for column in variables.values()):
        raise ValueError("energy and variables need one value for each period")
    refused = _refused(energy_kwh, variables)
    if refused:
        return refused
    with np.errstate(all="ignore"):
        return _fitted(energy_kwh, variables)


def _refused(energy_kwh: F64, variables: Mapping[str, F64]) -> Refused | None:
    if not variables:
        return Refused(Refusal.NO_VARIABLE)
    if len(energy_kwh) < max(FEWEST_PERIODS, len(variables) + 2):
        return Refused(Refusal.TOO_FEW_PERIODS)
    if not np.isfinite(energy_kwh).all():
        return Refused(Refusal.NOT_FINITE)
    for name, column in variables.items():
        if not np.isfinite(column).all():
            return Refused(Refusal.NOT_FINITE, name)
    return None


def _scaled(column: F64) -> tuple[F64, float, float]:
    """A column about its mean, as share of its largest deviation; that mean and deviation (0: the column is constant).

    Pieces, degree days and kWh differ by orders of magnitude; scaled alike, what depends on what can be told.
    """
    mean = float(column.mean())
    deviation = float(np.abs(column - mean).max())
    if deviation <= _SAME * float(np.abs(column).max()):
        return np.zeros(len(column)), mean, 0.0
    return (column - mean) / deviation, mean, deviation


def _fitted(energy_kwh: F64, variables: Mapping[str, F64]) -> EnergyModel | Refused:
    y, mean_kwh, deviation_kwh = _scaled(energy_kwh)
    if not np.isfinite(y).all():
        return Refused(Refusal.NOT_FINITE)
    columns: list[F64] = []
    for name, column in variables.items():
        scaled, _, deviation = _scaled(column)
        if deviation == 0:
            return Refused(Refusal.CONSTANT_VARIABLE, name)
        if not np.isfinite(scaled).all():
            return Refused(Refusal.NOT_FINITE, name)
        columns.append(scaled)
        if np.linalg.matrix_rank(np.column_stack(columns), rtol=_DEPENDENT) < len(columns):
            return Refused(Refusal.COLLINEAR_VARIABLE, name)
    x = np.column_stack(columns)
    shares = np.linalg.lstsq(x, y, rcond=None)[0]
    terms, base_kwh = [], mean_kwh
    for share, (name, column) in zip(shares, variables.items(), strict=True):
        _, mean, deviation = _scaled(column)
        slope_kwh = float(share) * deviation_kwh / deviation
        base_kwh -= slope_kwh * mean
        terms.append(Term(name, slope_kwh, float(column.min()), float(column.max())))
    return _judged(base_kwh, tuple(terms), y, y - x @ shares, deviation_kwh)


def _judged(
    base_kwh: float, terms: tuple[Term, ...], y: F64, residuals: F64, deviation_kwh: float
) -> EnergyModel | Refused:
    """The model with how well it fits; y and residuals are shares of the deviation."""
    periods, free = len(y), len(y) - len(terms) - 1
    unexplained, variation = float(residuals @ residuals), float(y @ y)
    r_squared = max(0.0, 1 - unexplained / variation) if variation else None  # below 0 only by rounding
    adjusted = None if r_squared is None else 1 - (1 - r_squared) * (periods - 1) / free
    error_kwh = sqrt(unexplained / free) * deviation_kwh
    numbers = [base_kwh, error_kwh, *(term.slope_kwh for term in terms)]
    if not all(isfinite(number) for number in numbers):
        return Refused(Refusal.NOT_FINITE)
    return EnergyModel(base_kwh, terms, periods, r_squared, adjusted, error_kwh)
