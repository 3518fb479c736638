"""From which meters, quarter hours, prices and models did an energy KPI come?"""

from dataclasses import replace

from collector.evidence import bill
from collector.evidence.meters import counted, derived, energy_of_meters, meters, of_tags
from collector.evidence.pieces import ABOVE, BELOW, BESIDE, Elements, Factors, amount_elements
from collector.scope_energy import idle_meters, mean_power_of, variables
from collector.scope_facts import FactsOfScope
from collector.store.tags import StoredTag
from kpi import energy
from kpi.demand import peak
from kpi.element import Element
from kpi.energy_evidence import EnergyEvidence, ModelEvidence, quarter_hours
from kpi.formula import FormulaElement, Origin
from kpi.numerals import numeral
from plant.kpi_id import KpiId
from plant.tag import PLANT, Role


def _reactive(facts: FactsOfScope, factors: Factors) -> list[FormulaElement]:
    return meters(facts, Role.REACTIVE_IMPORT, "reactive energy", "kvarh", factors)


def _peak(facts: FactsOfScope, factors: Factors = ABOVE) -> list[FormulaElement]:
    """The demand of each meter in the quarter hour of the peak; without one, the energy."""
    use = facts.energy
    found = peak(use.blocks) if use.blocks is not None else None
    if use.blocks is None or found is None:
        return energy_of_meters(facts, BESIDE)
    at = int(use.blocks.start_us.searchsorted(found[1]))

    def demand(stored: StoredTag) -> Element:
        record = facts.period.counter(stored)
        own = record.blocks
        kw = None if own is None else 4.0 * float(own.kwh[at])
        flags = record.flags | ({"estimated"} if own is not None and own.estimated.any() else frozenset())
        return Element(kw, (record.known_share(facts.period.while_in_file(stored, facts.period.elapsed)),), flags)

    counting = facts.period.scope_tags(Role.ENERGY_IMPORT, facts.scope)
    return [
        replace(one, rule="4 x kWh of the quarter hour") for one in of_tags("demand", "kW", counting, demand, factors)
    ]


def _load_factor(facts: FactsOfScope) -> list[FormulaElement]:
    outcome, used = energy.load_factor(facts.energy), facts.energy.energy_kwh
    covered_h = (used.coverage if used else 0.0) * facts.energy.elapsed_s / energy.HOUR_S
    rule = f"energy / {numeral(covered_h)} h covered"
    mean = derived("mean power", facts, outcome.numerator, "kW", ABOVE, rule)
    return [mean, *_peak(facts, BELOW), *energy_of_meters(facts, BESIDE)]


def _power_factor(facts: FactsOfScope) -> list[FormulaElement]:
    outcome = energy.power_factor(facts.energy)
    apparent = derived("apparent energy", facts, outcome.denominator, "kVAh", BELOW, "sqrt(kWh^2 + kvarh^2)")
    return [*energy_of_meters(facts), apparent, *_reactive(facts, BESIDE)]


def _emissions(facts: FactsOfScope) -> list[FormulaElement]:
    factor = facts.emission_factor_t_per_mwh
    if factor is None:
        return energy_of_meters(facts, BESIDE)
    source = facts.period.evaluation.site.energy.emission_factor_source or "site file"
    setting = FormulaElement("emission factor", PLANT, factor, "t/MWh", origin=Origin.SETTING, rule=source)
    return [*energy_of_meters(facts, (factor / 1000.0, 0.0)), setting]


def _idle(facts: FactsOfScope, above_all_energy: bool) -> list[FormulaElement]:
    metering = idle_meters(facts.period, facts.period.scope_tags(Role.ENERGY_IMPORT, facts.scope))

    def idle(stored: StoredTag) -> Element:
        used = counted(facts)(stored)
        return replace(used, value=None if used.value is None else facts.period.counter(stored).idle_kwh)

    rule = "steps while the work unit was known not to produce"
    found = [replace(one, rule=rule) for one in of_tags("idle energy", "kWh", metering, idle, ABOVE)]
    used = of_tags("energy", "kWh", metering, counted(facts), BELOW if above_all_energy else BESIDE)
    if above_all_energy or facts.energy.idle is None:
        return [*found, *used]
    idle_h = facts.energy.idle.idle_s / energy.HOUR_S
    time = FormulaElement("idle time", facts.scope, idle_h, "h", *BELOW, facts.energy.idle.stated_share)
    return [*found, replace(time, origin=Origin.STATE, rule="known not to produce"), *used]


def _mean_power(facts: FactsOfScope) -> list[FormulaElement]:
    def mean(stored: StoredTag) -> Element:
        found = mean_power_of(facts.period, stored)
        return Element(found.mean_kw, (found.known_share,))

    gauges = facts.period.scope_tags(Role.POWER, facts.scope)
    rule = "each reading weighs as long as it held"
    return [replace(one, rule=rule) for one in of_tags("mean power", "kW", gauges, mean, ABOVE)]


def _base_load(facts: FactsOfScope) -> list[FormulaElement]:
    rule = "demand that 95 of 100 quarter hours reach; estimated and half-known ones left out"
    found = derived("base load", facts, energy.base_load(facts.energy).numerator, "kW", ABOVE, rule)
    return [found, *energy_of_meters(facts, BESIDE)]


ENERGY: dict[KpiId, Elements] = {
    KpiId.ENERGY: energy_of_meters,
    KpiId.FUEL_ENERGY: lambda facts: meters(facts, Role.FUEL, "fuel", "MJ", ABOVE),
    KpiId.ENERGY_PER_GOOD_UNIT: lambda facts: [*energy_of_meters(facts), *amount_elements(facts, "good", BELOW)],
    KpiId.PEAK_DEMAND: _peak,
    KpiId.LOAD_FACTOR: _load_factor,
    KpiId.POWER_FACTOR: _power_factor,
    KpiId.IDLE_ENERGY_SHARE: lambda facts: _idle(facts, above_all_energy=True),
    KpiId.EMISSIONS: _emissions,
    KpiId.ENERGY_COST: bill.cost_elements,
    KpiId.MEAN_POWER: _mean_power,
    KpiId.BASE_LOAD: _base_load,
    KpiId.IDLE_LOAD: lambda facts: _idle(facts, above_all_energy=False),
    KpiId.BILLING_DEMAND: bill.billing_demand,
    KpiId.POWER_FACTOR_ITEM: bill.power_factor_item,
    KpiId.ENERGY_SAVING_RATIO: bill.energy_saving,
}
"""How the elements of each KPI of energy are found."""

_OF_QUARTER_HOURS = frozenset({KpiId.PEAK_DEMAND, KpiId.LOAD_FACTOR, KpiId.BASE_LOAD, KpiId.BILLING_DEMAND})


def energy_evidence(facts: FactsOfScope, kpi: KpiId) -> EnergyEvidence | None:
    """What concerns an energy KPI beside its elements; None for other KPIs, and where there is nothing."""
    if kpi not in ENERGY:
        return None
    blocks = facts.energy.blocks
    billed = kpi in (KpiId.BILLING_DEMAND, KpiId.POWER_FACTOR_ITEM)
    found = EnergyEvidence(
        quarter_hours=quarter_hours(blocks) if kpi in _OF_QUARTER_HOURS and blocks is not None else None,
        costs=bill.costs(facts) if kpi is KpiId.ENERGY_COST else (),
        idle=facts.energy.idle if kpi in (KpiId.IDLE_ENERGY_SHARE, KpiId.IDLE_LOAD) else None,
        bill=facts.bill if billed else None,
        peaks_kw=bill.peaks_of_bill(facts) if billed else None,
        baseline=_model(facts) if kpi is KpiId.ENERGY_SAVING_RATIO else None,
    )
    return None if found == EnergyEvidence() else found


def _model(facts: FactsOfScope) -> ModelEvidence | None:
    evaluation, found = facts.period.evaluation, facts.energy_baseline
    settings = next((one for one in evaluation.site.energy.baselines if one.scope == facts.scope), None)
    if settings is None or found is None:
        return None
    given = variables(facts.period, facts.scope, settings)
    values = {name: element.value for name, element in given.items() if element.value is not None}
    return ModelEvidence(evaluation.energy_model(settings), values, found.expected_kwh)
