"""From which meters, quarter hours, prices and models did an energy KPI come?"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from collector.evidence.pieces import ABOVE, BELOW, BESIDE, Elements, Factors, amount_elements
from collector.scope_energy import idle_meters, mean_power_of, variables
from collector.scope_facts import FactsOfScope
from collector.store.tags import StoredTag
from kpi import energy
from kpi.billing import months_that_count
from kpi.demand import peak
from kpi.element import Element, total
from kpi.energy_evidence import EnergyEvidence, ModelEvidence, quarter_hours
from kpi.formula import FormulaElement, Origin
from kpi.numerals import numeral
from kpi.remark import in_order
from kpi.tariff import CostLine, cost_lines
from plant.kpi_id import KpiId
from plant.tag import PLANT, Role

Amount = Callable[[StoredTag], Element]


def _of_tags(name: str, unit: str, tags: Sequence[StoredTag], amount: Amount, factors: Factors) -> list[FormulaElement]:
    """What tags amount to, work unit by work unit."""
    found = []
    for work_unit in dict.fromkeys(stored.tag.work_unit for stored in tags):
        own = [stored for stored in tags if stored.tag.work_unit == work_unit]
        names = tuple(stored.tag.name for stored in own)
        found.append(_element(name, work_unit, total(map(amount, own)), unit, factors, tags=names))
    return found


def _element(
    name: str,
    work_unit: str,
    element: Element,
    unit: str,
    factors: Factors = BESIDE,
    origin: Origin = Origin.TAG,
    rule: str = "",
    tags: tuple[str, ...] = (),
) -> FormulaElement:
    flags = in_order(element.flags)
    return FormulaElement(name, work_unit, element.value, unit, *factors, element.coverage, flags, origin, rule, tags)


def _derived(
    name: str, facts: FactsOfScope, value: float | None, unit: str, factors: Factors, rule: str = ""
) -> FormulaElement:
    return FormulaElement(name, facts.scope, value, unit, *factors, origin=Origin.DERIVED, rule=rule)


def meters(facts: FactsOfScope, role: Role, name: str, unit: str, factors: Factors) -> list[FormulaElement]:
    """What the meters of a role counted; beside the plant's own meter those of work units are there to be seen."""
    period = facts.period
    counting = period.scope_tags(role, facts.scope)
    found = _of_tags(name, unit, counting, _counted(facts), factors)
    if facts.scope != PLANT or all(stored.tag.work_unit != PLANT for stored in counting):
        return found
    others = [stored for one in period.units(PLANT) for stored in period.tags(one) if stored.tag.role is role]
    beside = _of_tags(name, unit, others, _counted(facts), BESIDE)
    whole = [replace(one, origin=Origin.PLANT_TAG, rule="replaces the sum of the work units") for one in found]
    return [*whole, *(replace(one, rule="replaced by the plant's own meter") for one in beside)]


def _counted(facts: FactsOfScope) -> Amount:
    return lambda stored: facts.period.element(stored, facts.period.elapsed)


def _energy(facts: FactsOfScope, factors: Factors = ABOVE) -> list[FormulaElement]:
    return meters(facts, Role.ENERGY_IMPORT, "energy", "kWh", factors)


def _reactive(facts: FactsOfScope, factors: Factors) -> list[FormulaElement]:
    return meters(facts, Role.REACTIVE_IMPORT, "reactive energy", "kvarh", factors)


def _peak(facts: FactsOfScope, factors: Factors = ABOVE) -> list[FormulaElement]:
    """The demand of each meter in the quarter hour of the peak; without one, the energy."""
    use = facts.energy
    found = peak(use.blocks) if use.blocks is not None else None
    if use.blocks is None or found is None:
        return _energy(facts, BESIDE)
    at = int(use.blocks.start_us.searchsorted(found[1]))

    def demand(stored: StoredTag) -> Element:
        record = facts.period.counter(stored)
        own = record.blocks
        kw = None if own is None else 4.0 * float(own.kwh[at])
        flags = record.flags | ({"estimated"} if own is not None and own.estimated.any() else frozenset())
        return Element(kw, (record.known_share(facts.period.while_in_file(stored, facts.period.elapsed)),), flags)

    counting = facts.period.scope_tags(Role.ENERGY_IMPORT, facts.scope)
    return [
        replace(one, rule="4 x kWh of the quarter hour") for one in _of_tags("demand", "kW", counting, demand, factors)
    ]


def _load_factor(facts: FactsOfScope) -> list[FormulaElement]:
    outcome, used = energy.load_factor(facts.energy), facts.energy.energy_kwh
    covered_h = (used.coverage if used else 0.0) * facts.energy.elapsed_s / energy.HOUR_S
    rule = f"energy / {numeral(covered_h)} h covered"
    mean = _derived("mean power", facts, outcome.numerator, "kW", ABOVE, rule)
    return [mean, *_peak(facts, BELOW), *_energy(facts, BESIDE)]


def _power_factor(facts: FactsOfScope) -> list[FormulaElement]:
    outcome = energy.power_factor(facts.energy)
    apparent = _derived("apparent energy", facts, outcome.denominator, "kVAh", BELOW, "sqrt(kWh^2 + kvarh^2)")
    return [*_energy(facts), apparent, *_reactive(facts, BESIDE)]


def _emissions(facts: FactsOfScope) -> list[FormulaElement]:
    factor = facts.emission_factor_t_per_mwh
    if factor is None:
        return _energy(facts, BESIDE)
    source = facts.period.evaluation.site.energy.emission_factor_source or "site file"
    setting = FormulaElement("emission factor", PLANT, factor, "t/MWh", origin=Origin.SETTING, rule=source)
    return [*_energy(facts, (factor / 1000.0, 0.0)), setting]


def costs(facts: FactsOfScope) -> tuple[CostLine, ...]:
    """Energy and cost by band; none without a tariff that holds over all of the period, or without energy."""
    terms, blocks = facts.tariff, facts.energy.blocks
    if terms is None or blocks is None:
        return ()
    return cost_lines(blocks, terms.tariff, terms.zone, terms.public_holidays) or ()


def _energy_cost(facts: FactsOfScope) -> list[FormulaElement]:
    currency = facts.period.evaluation.site.savings.currency
    by_name: dict[tuple[str, str, float], list[CostLine]] = {}
    for line in costs(facts):
        by_name.setdefault((line.season, line.band, line.per_kwh), []).append(line)
    found = [
        FormulaElement(
            f"{season} {band} ({numeral(sum(line.kwh for line in lines))} kWh x {numeral(per_kwh)})",
            facts.scope,
            sum(line.cost for line in lines),
            currency,
            *ABOVE,
            origin=Origin.SETTING,
            rule=", ".join(dict.fromkeys(line.source for line in lines)),
        )
        for (season, band, per_kwh), lines in by_name.items()
    ]
    return [*found, *_energy(facts, BESIDE)]


def _idle(facts: FactsOfScope, above_all_energy: bool) -> list[FormulaElement]:
    metering = idle_meters(facts.period, facts.period.scope_tags(Role.ENERGY_IMPORT, facts.scope))

    def idle(stored: StoredTag) -> Element:
        counted = _counted(facts)(stored)
        return replace(counted, value=None if counted.value is None else facts.period.counter(stored).idle_kwh)

    rule = "steps while the work unit was known not to produce"
    found = [replace(one, rule=rule) for one in _of_tags("idle energy", "kWh", metering, idle, ABOVE)]
    used = _of_tags("energy", "kWh", metering, _counted(facts), BELOW if above_all_energy else BESIDE)
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
    return [replace(one, rule=rule) for one in _of_tags("mean power", "kW", gauges, mean, ABOVE)]


def _base_load(facts: FactsOfScope) -> list[FormulaElement]:
    rule = "demand that 95 of 100 quarter hours reach; estimated and half-known ones left out"
    found = _derived("base load", facts, energy.base_load(facts.energy).numerator, "kW", ABOVE, rule)
    return [found, *_energy(facts, BESIDE)]


def _billing_demand(facts: FactsOfScope) -> list[FormulaElement]:
    bill = facts.bill
    if bill is None:
        return _energy(facts, BESIDE)
    of = f"peak of {bill.demand.month}" if bill.demand.month else "floor of the contract"
    found = _derived("billing demand", facts, bill.demand.kw, "kW", ABOVE, of if bill.demand.kw is not None else "")
    peaks = [
        FormulaElement(f"peak of {month}", facts.scope, kw, "kW", origin=Origin.DERIVED)
        for month, kw in (peaks_of_bill(facts) or {}).items()
    ]
    return [found, *peaks, *_energy(facts, BESIDE)]


def _power_factor_item(facts: FactsOfScope) -> list[FormulaElement]:
    bill = facts.bill
    if bill is None or bill.power_factor is None:
        return _energy(facts, BESIDE)
    item = bill.power_factor
    currency = facts.period.evaluation.site.savings.currency
    rule = f"base charge x points of power factors {numeral(item.lagging)} lagging, {numeral(item.leading)} leading"
    return [_derived("power factor item", facts, item.cost, currency, ABOVE, rule), *_energy(facts, BESIDE)]


def _energy_saving(facts: FactsOfScope) -> list[FormulaElement]:
    found = facts.energy_baseline
    if found is None:
        return _energy(facts, BESIDE)
    both = found.energy_kwh.value is not None and found.expected_kwh is not None
    factors = (1.0, 1.0) if both else BELOW
    expected = _derived("expected", facts, found.expected_kwh, "kWh", factors, "by the baseline's regression")
    return [replace(expected, coverage=found.coverage), *_energy(facts, (-1.0, 0.0) if both else BESIDE)]


def peaks_of_bill(facts: FactsOfScope) -> dict[str, float | None] | None:
    """The peaks of the months that may decide the billing demand [kW]; None where there is no bill."""
    terms = facts.tariff
    if facts.bill is None or terms is None:
        return None
    month = facts.period.period.label
    version = terms.tariff.version_on(date.fromisoformat(f"{month}-01"))
    if version is None or version.billing is None:
        return None
    rule, bills = version.billing, facts.period.evaluation.bills
    return {label: bills.peak_kw(label, terms, rule) for label in months_that_count(month, rule)}


ENERGY: dict[KpiId, Elements] = {
    KpiId.ENERGY: _energy,
    KpiId.FUEL_ENERGY: lambda facts: meters(facts, Role.FUEL, "fuel", "MJ", ABOVE),
    KpiId.ENERGY_PER_GOOD_UNIT: lambda facts: [*_energy(facts), *amount_elements(facts, "good", BELOW)],
    KpiId.PEAK_DEMAND: _peak,
    KpiId.LOAD_FACTOR: _load_factor,
    KpiId.POWER_FACTOR: _power_factor,
    KpiId.IDLE_ENERGY_SHARE: lambda facts: _idle(facts, above_all_energy=True),
    KpiId.EMISSIONS: _emissions,
    KpiId.ENERGY_COST: _energy_cost,
    KpiId.MEAN_POWER: _mean_power,
    KpiId.BASE_LOAD: _base_load,
    KpiId.IDLE_LOAD: lambda facts: _idle(facts, above_all_energy=False),
    KpiId.BILLING_DEMAND: _billing_demand,
    KpiId.POWER_FACTOR_ITEM: _power_factor_item,
    KpiId.ENERGY_SAVING_RATIO: _energy_saving,
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
        costs=costs(facts) if kpi is KpiId.ENERGY_COST else (),
        idle=facts.energy.idle if kpi in (KpiId.IDLE_ENERGY_SHARE, KpiId.IDLE_LOAD) else None,
        bill=facts.bill if billed else None,
        peaks_kw=peaks_of_bill(facts) if billed else None,
        baseline=_model(facts) if kpi is KpiId.ENERGY_SAVING_RATIO else None,
    )
    return None if found == EnergyEvidence() else found


def _model(facts: FactsOfScope) -> ModelEvidence | None:
    evaluation, found = facts.period.evaluation, facts.energy_baseline
    settings = next((one for one in evaluation.site.energy.baselines if one.scope == facts.scope), None)
    if settings is None or found is None:
        return None
    values, _ = variables(facts.period, facts.scope, settings)
    return ModelEvidence(evaluation.energy_model(settings), values, found.expected_kwh)
