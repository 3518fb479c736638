"""Does the plant use less energy than its baseline expects? Expected energy, saving, improvement, running sum.

ISO 50006:2023: expected energy is what the model of the baseline periods gives for today's relevant variables. Sums
come before ratios: for several periods, add expected and actual energy first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from kpi.finite import finite
from kpi.regression import EnergyModel


@dataclass(frozen=True, slots=True)
class ExpectedEnergy:
    """Energy that the baseline expects of one period [kWh], never clipped.

    outside: variables whose value lies outside the range of the baseline, where the model was never tested.
    """

    energy_kwh: float
    outside: tuple[str, ...] = ()

    @property
    def extrapolated(self) -> bool:
        """Whether any variable lies outside (flag `extrapolated`)."""
        return bool(self.outside)


def expected_energy(model: EnergyModel, values: Mapping[str, float]) -> ExpectedEnergy | None:
    """Expected energy for the values of a period; None where a variable has no finite value, or the energy has none.

    >>> from kpi.regression import Term
    >>> model = EnergyModel(100.0, (Term("pieces", 2.0, 0.0, 110.0),), 12, 1.0, 1.0, 0.0)
    >>> expected_energy(model, {"pieces": 50.0}).energy_kwh
    200.0
    >>> expected_energy(model, {"pieces": 200.0})
    ExpectedEnergy(energy_kwh=500.0, outside=('pieces',))
    """
    energy_kwh, outside = model.base_kwh, []
    for term in model.terms:
        value = values.get(term.variable)
        if value is None:
            return None
        energy_kwh += term.slope_kwh * value
        if not term.lowest <= value <= term.highest:
            outside.append(term.variable)
    return ExpectedEnergy(energy_kwh, tuple(outside)) if isfinite(energy_kwh) else None


def saving_kwh(actual_kwh: float, expected_kwh: float) -> float | None:
    """Expected - actual energy, below 0 where more was used; None where that is no finite number.

    >>> saving_kwh(450.0, 500.0)
    50.0
    """
    return finite(expected_kwh - actual_kwh)


def improvement_ratio(actual_kwh: float, expected_kwh: float) -> float | None:
    """(Expected - actual) / expected energy; None where none above 0 is expected.

    >>> improvement_ratio(450.0, 500.0)
    0.1
    """
    return finite((expected_kwh - actual_kwh) / expected_kwh) if expected_kwh > 0 else None


def cusum(periods: Iterable[tuple[float | None, float | None]]) -> list[float | None]:
    """Running sum of actual - expected energy (or defects), one value a period: it falls while less is used than
    expected.

    periods: actual and expected in time order; a period that lacks one adds nothing and has None. Empty for none.

    >>> cusum([(510.0, 500.0), (None, 500.0), (470.0, 500.0)])
    [10.0, None, -20.0]
    """
    sums: list[float | None] = []
    so_far = 0.0
    for actual_kwh, expected_kwh in periods:
        step = None if actual_kwh is None or expected_kwh is None else finite(actual_kwh - expected_kwh)
        total = None if step is None else finite(so_far + step)
        so_far = so_far if total is None else total
        sums.append(total)
    return sums
