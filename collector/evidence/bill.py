"""From which prices, peaks and models did a cost, a bill or an energy saving come?"""

from dataclasses import replace
from datetime import date

from collector.evidence.meters import derived, energy_of_meters
from collector.evidence.pieces import ABOVE, BELOW, BESIDE
from collector.scope_facts import FactsOfScope
from kpi.billing import months_that_count
from kpi.formula import FormulaElement, Origin
from kpi.numerals import numeral
from kpi.tariff import CostLine, cost_lines


def costs(facts: FactsOfScope) -> tuple[CostLine, ...]:
    """Energy and cost by band; none without a tariff that holds over all of the period, or without energy."""
    terms, blocks = facts.tariff, facts.energy.blocks
    if terms is None or blocks is None:
        return ()
    return cost_lines(blocks, terms.tariff, terms.zone, terms.public_holidays) or ()


def cost_elements(facts: FactsOfScope) -> list[FormulaElement]:
    """The cost of each band, and the energy beside it."""
    currency = facts.period.evaluation.site.savings.currency
    by_name: dict[tuple[str, str, float], list[CostLine]] = {}
    for line in costs(facts):
        by_name.setdefault((line.season, line.band, line.per_kwh), []).append(line)
    found = [
        FormulaElement(
            f"{season} {band} ({numeral(per_kwh)})",
            facts.scope,
            sum(line.cost for line in lines),
            currency,
            *ABOVE,
            origin=Origin.SETTING,
            rule=f"{numeral(sum(line.kwh for line in lines))} kWh x {numeral(per_kwh)}",
        )
        for (season, band, per_kwh), lines in by_name.items()
    ]
    return [*found, *energy_of_meters(facts, BESIDE)]


def billing_demand(facts: FactsOfScope) -> list[FormulaElement]:
    """The demand that is billed, the peaks that may decide it, and the energy."""
    bill = facts.bill
    if bill is None:
        return energy_of_meters(facts, BESIDE)
    of = f"peak of {bill.demand.month}" if bill.demand.month else "floor of the contract"
    found = derived("billing demand", facts, bill.demand.kw, "kW", ABOVE, of if bill.demand.kw is not None else "")
    peaks = [
        FormulaElement(f"peak of {month}", facts.scope, kw, "kW", origin=Origin.DERIVED)
        for month, kw in (peaks_of_bill(facts) or {}).items()
    ]
    return [found, *peaks, *energy_of_meters(facts, BESIDE)]


def power_factor_item(facts: FactsOfScope) -> list[FormulaElement]:
    """What the power factor adds to the bill."""
    bill = facts.bill
    if bill is None or bill.power_factor is None:
        return energy_of_meters(facts, BESIDE)
    item = bill.power_factor
    currency = facts.period.evaluation.site.savings.currency
    rule = f"base charge x points of power factors {numeral(item.lagging)} lagging, {numeral(item.leading)} leading"
    return [derived("power factor item", facts, item.cost, currency, ABOVE, rule), *energy_of_meters(facts, BESIDE)]


def energy_saving(facts: FactsOfScope) -> list[FormulaElement]:
    """Expected energy less what was used."""
    found = facts.energy_baseline
    if found is None:
        return energy_of_meters(facts, BESIDE)
    both = found.energy_kwh.value is not None and found.expected_kwh is not None
    factors = (1.0, 1.0) if both else BELOW
    expected = derived("expected", facts, found.expected_kwh, "kWh", factors, "by the baseline's regression")
    return [replace(expected, coverage=found.coverage), *energy_of_meters(facts, (-1.0, 0.0) if both else BESIDE)]


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
