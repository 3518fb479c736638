"""Energy formulas: peak, load factor, power factor, emissions."""

import numpy as np
import pytest

from kpi import energy
from kpi.demand import BLOCK_US, Blocks
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.outcome import Reason


def blocks(*kwh: float, estimated: bool = False, covered: float = 1.0) -> Blocks:
    n = len(kwh)
    start = np.arange(n, dtype=np.int64) * BLOCK_US
    return Blocks(start, np.array(kwh, dtype=np.float64), np.full(n, estimated), np.full(n, covered))


def use(kwh: float | None, found: Blocks, known: float = 1.0, hours: float = 1.0) -> EnergyUse:
    return EnergyUse(Element(kwh, (known,)), blocks=found, demand_coverage=known, elapsed_s=hours * 3600)


def test_without_a_meter_nothing_has_a_source() -> None:
    nothing = EnergyUse()
    outcomes = [energy.peak_demand(nothing), energy.load_factor(nothing), energy.power_factor(nothing)]
    outcomes += [energy.emissions(nothing, 0.4)]
    assert {found.reason for found in outcomes} == {Reason.NO_SOURCE}


def test_the_peak_is_four_times_the_largest_quarter_hour_and_when_it_began() -> None:
    found = energy.peak_demand(use(60.0, blocks(10, 30, 20)))
    assert (found.value, found.numerator, found.denominator, found.at_us) == (120, 120, None, BLOCK_US)


def test_a_peak_of_which_too_little_is_known_is_kept_as_numerator_alone() -> None:
    found = energy.peak_demand(use(60.0, blocks(10, 30), known=0.79))
    assert (found.value, found.numerator, found.reason) == (None, 120, Reason.LOW_COVERAGE)


def test_estimates_set_no_peak_but_a_flag() -> None:
    found = energy.peak_demand(use(60.0, blocks(10, 30, estimated=True)))
    assert (found.value, found.numerator, found.at_us) == (None, None, None)
    assert found.flags == {"estimated"}
    assert found.reason is not None


def test_load_factor_is_mean_power_of_the_time_covered_over_the_peak() -> None:
    found = energy.load_factor(use(90.0, blocks(10, 30, 25, 25)))
    assert (found.value, found.numerator, found.denominator) == (0.75, 90, 120)
    found = energy.load_factor(use(90.0, blocks(10, 30, 25), known=0.9))
    assert found.numerator == pytest.approx(100)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (use(None, blocks(0.0), known=0.0), Reason.LOW_COVERAGE),
        (use(0.0, blocks(0.0, 0.0)), Reason.NO_DENOMINATOR),
        (use(5.0, blocks()), Reason.LOW_COVERAGE),
    ],
)
def test_a_load_factor_without_energy_or_peak_says_why(found: EnergyUse, reason: Reason) -> None:
    assert energy.load_factor(found).value is None
    assert energy.load_factor(found).reason is reason


def test_power_factor_is_from_sums() -> None:
    active, reactive = Element(120.0, (1.0,)), Element(90.0, (0.9,), frozenset({"clock"}))
    found = energy.power_factor(EnergyUse(active, reactive))
    assert (found.value, found.numerator, found.denominator) == (0.8, 120, 150)
    assert (found.coverage, found.flags) == (0.9, {"clock"})


@pytest.mark.parametrize(("active", "reactive"), [(None, 90.0), (120.0, None), (None, None)])
def test_a_power_factor_needs_both_sums(active: float | None, reactive: float | None) -> None:
    found = energy.power_factor(EnergyUse(Element(active, (1.0,)), Element(reactive, (1.0,))))
    assert (found.value, found.denominator) == (None, None)


def test_a_power_factor_without_any_energy_has_no_denominator() -> None:
    found = energy.power_factor(EnergyUse(Element(0.0, (1.0,)), Element(0.0, (1.0,))))
    assert found.reason is Reason.NO_DENOMINATOR


def test_a_power_factor_needs_a_reactive_meter() -> None:
    assert energy.power_factor(EnergyUse(Element(1.0, (1.0,)))).reason is Reason.NO_SOURCE


def test_emissions_are_megawatt_hours_times_the_factor() -> None:
    assert energy.emissions(EnergyUse(Element(120.0, (1.0,))), 0.4173).value == pytest.approx(0.050076)
    assert energy.emissions(EnergyUse(Element(120.0, (1.0,))), None).reason is Reason.NO_SOURCE
    assert energy.emissions(EnergyUse(Element(None, (0.0,))), 0.4173).reason is Reason.LOW_COVERAGE
