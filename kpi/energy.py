"""How much energy was used, when was demand highest, and how well was it used?"""

from dataclasses import dataclass, replace
from math import hypot

import numpy as np

from kpi.demand import Blocks, may_set_peak, peak
from kpi.element import Element, Grade, grade
from kpi.outcome import Outcome, Reason, absent, quotient, ratio_of, sum_of

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class EnergyUse:
    """The energy of a scope over one period.

    energy_kwh, reactive_kvarh, fuel_mj: None without a meter. blocks: quarter hours of all its meters together.
    demand_coverage: known share of the period, gaps not bridged. elapsed_s: length of the period so far. idle: None
    without a meter beside a state. power: power gauges.
    """

    energy_kwh: Element | None = None
    reactive_kvarh: Element | None = None
    fuel_mj: Element | None = None
    blocks: Blocks | None = None
    demand_coverage: float = 0.0
    elapsed_s: float = 0.0
    idle: "IdleEnergy | None" = None
    power: "tuple[MeanPower, ...]" = ()


@dataclass(frozen=True, slots=True)
class IdleEnergy:
    """Energy of the meters that have a state beside them, and the part of it used while nothing was produced.

    A step of the meter is idle as a whole if the work unit was known not to produce at its later reading. stated_share:
    share of the period in which it is known whether it produced.
    """

    energy_kwh: Element
    idle_kwh: float
    idle_s: float
    stated_share: float


@dataclass(frozen=True, slots=True)
class MeanPower:
    """Time-weighted mean of one power gauge [kW] over the time it was known; None where it never was."""

    mean_kw: float | None
    known_share: float
    flags: frozenset[str] = frozenset()


def peak_demand(use: EnergyUse) -> Outcome:
    """Largest demand [kW] of a clock quarter hour, and when it began; estimated and half-known blocks set none."""
    if use.energy_kwh is None or use.blocks is None:
        return absent(Reason.NO_SOURCE)
    found = peak(use.blocks)
    flags = use.energy_kwh.flags | ({"estimated"} if use.blocks.estimated.any() else set())
    known = found if grade(use.demand_coverage) is not Grade.LOW else None
    return Outcome(
        value=known[0] if known else None,
        numerator=found[0] if found else None,
        coverage=use.demand_coverage,
        flags=flags,
        reason=None if known else Reason.LOW_COVERAGE,
        at_us=found[1] if found else None,
    )


def load_factor(use: EnergyUse) -> Outcome:
    """Mean power over the time covered [kW] / peak demand [kW]."""
    highest = peak_demand(use)
    if use.energy_kwh is None or highest.reason is Reason.NO_SOURCE:
        return absent(Reason.NO_SOURCE)
    covered_h = use.energy_kwh.coverage * use.elapsed_s / HOUR_S
    mean_kw = use.energy_kwh.value / covered_h if use.energy_kwh.value is not None and covered_h else None
    coverage = min(use.energy_kwh.coverage, highest.coverage)
    return quotient(mean_kw, highest.numerator, coverage, highest.flags)


def power_factor(use: EnergyUse) -> Outcome:
    """Active / apparent energy of the period, lagging: kWh / sqrt(kWh^2 + kvarh^2), from sums and not from means."""
    active, reactive = use.energy_kwh, use.reactive_kvarh
    if active is None or reactive is None:
        return absent(Reason.NO_SOURCE)
    both = active.value is not None and reactive.value is not None
    apparent = Element(hypot(active.value or 0.0, reactive.value or 0.0) if both else None, reactive.coverages)
    return ratio_of(active, replace(apparent, flags=reactive.flags))


def emissions(use: EnergyUse, factor_t_per_mwh: float | None) -> Outcome:
    """Emissions of the electricity used [t CO2eq]: MWh times the factor of the site file."""
    if factor_t_per_mwh is None or use.energy_kwh is None:
        return absent(Reason.NO_SOURCE)
    energy = use.energy_kwh
    tonnes = None if energy.value is None else energy.value / 1000.0 * factor_t_per_mwh
    return sum_of(replace(energy, value=tonnes))


def idle_share(use: EnergyUse) -> Outcome:
    """kWh while not producing / kWh, of the meters with a state beside them."""
    if use.idle is None:
        return absent(Reason.NO_SOURCE)
    energy = use.idle.energy_kwh
    coverage = min(energy.coverage, use.idle.stated_share)
    idle_kwh = None if energy.value is None else use.idle.idle_kwh
    return quotient(idle_kwh, energy.value, coverage, energy.flags)


def idle_load(use: EnergyUse) -> Outcome:
    """Mean power while not producing [kW]: kWh while not producing / hours of it."""
    if use.idle is None:
        return absent(Reason.NO_SOURCE)
    energy = use.idle.energy_kwh
    coverage = min(energy.coverage, use.idle.stated_share)
    idle_kwh = None if energy.value is None else use.idle.idle_kwh
    return quotient(idle_kwh, use.idle.idle_s / HOUR_S, coverage, energy.flags)


def base_load(use: EnergyUse) -> Outcome:
    """The demand [kW] that 95 of 100 quarter hours reach or exceed; estimated and half-known ones left out.

    It is the demand of one of them, none between two.
    """
    if use.energy_kwh is None or use.blocks is None:
        return absent(Reason.NO_SOURCE)
    usable = may_set_peak(use.blocks)
    low = grade(use.demand_coverage) is Grade.LOW or not usable.any()
    ordered = np.sort(use.blocks.kwh[usable])
    kw = None if low else 4.0 * float(ordered[len(ordered) // 20])
    flags = use.energy_kwh.flags | ({"estimated"} if use.blocks.estimated.any() else set())
    return Outcome(kw, kw, None, use.demand_coverage, flags, Reason.LOW_COVERAGE if low else None)


def mean_power(use: EnergyUse) -> Outcome:
    """Sum of the time-weighted means of the power gauges [kW]."""
    if not use.power:
        return absent(Reason.NO_SOURCE)
    coverage = sum(one.known_share for one in use.power) / len(use.power)
    means = [one.mean_kw for one in use.power if one.mean_kw is not None]
    low = grade(coverage) is Grade.LOW or not means
    kw = sum(means) if means else None
    flags = frozenset[str]().union(*(one.flags for one in use.power))
    return Outcome(None if low else kw, kw, None, coverage, flags, Reason.LOW_COVERAGE if low else None)
