"""How much energy was used, when was demand highest, and how well was it used?"""

from dataclasses import dataclass, replace
from math import hypot

from kpi.demand import Blocks, peak
from kpi.element import Element, Grade, grade
from kpi.outcome import Outcome, Reason, absent, quotient, ratio_of, sum_of

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True, eq=False)
class EnergyUse:
    """The energy of a scope over one period.

    energy_kwh, reactive_kvarh, fuel_mj: None without a meter. blocks: quarter hours of all its meters together.
    demand_coverage: known share of the period, gaps not bridged. elapsed_s: length of the period so far.
    """

    energy_kwh: Element | None = None
    reactive_kvarh: Element | None = None
    fuel_mj: Element | None = None
    blocks: Blocks | None = None
    demand_coverage: float = 0.0
    elapsed_s: float = 0.0


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
