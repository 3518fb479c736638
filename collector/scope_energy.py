"""How much energy did a scope use, at which demand, while it produced and while it did not?"""

from typing import TYPE_CHECKING

import numpy as np

from collector.store.tags import StoredTag
from kpi.demand import together
from kpi.element import Element, total
from kpi.energy import EnergyUse, IdleEnergy, MeanPower
from kpi.energy_performance import expected_energy
from kpi.kpi import EnergyBaseline
from kpi.regression import EnergyModel, energy_model
from plant.instant import US_PER_S
from plant.tag import Kind, Role

if TYPE_CHECKING:
    from collector.scope_facts import PeriodFacts
    from config.site import EnergyBaselineSettings


def energy_use(facts: "PeriodFacts", scope: str) -> EnergyUse:
    """The energy of the plant or a work unit."""
    meters = facts.scope_tags(Role.ENERGY_IMPORT, scope)
    found = [facts.counter(stored) for stored in meters]
    quarter_hours = [record.blocks for record in found if record.blocks is not None]
    expected = [facts.while_in_file(stored, facts.elapsed) for stored in meters]
    known = [record.known_share(due) for record, due in zip(found, expected, strict=True)]
    return EnergyUse(
        energy_kwh=facts.total(meters),
        reactive_kvarh=facts.total(facts.scope_tags(Role.REACTIVE_IMPORT, scope)),
        fuel_mj=facts.total(facts.scope_tags(Role.FUEL, scope)),
        blocks=together(quarter_hours) if quarter_hours else None,
        demand_coverage=sum(known) / len(known) if known else 0.0,
        elapsed_s=_elapsed_s(facts),
        idle=_idle(facts, meters),
        power=tuple(_mean(facts, stored) for stored in facts.scope_tags(Role.POWER, scope)),
    )


def _elapsed_s(facts: "PeriodFacts") -> float:
    return (facts.end_us - facts.period.start_us) / US_PER_S


def _idle(facts: "PeriodFacts", meters: list[StoredTag]) -> IdleEnergy | None:
    """Of the meters that have a state beside them; the plant's own has those of all work units."""
    units = {stored.tag.work_unit for stored in facts.evaluation.tags if stored.tag.kind is Kind.STATE}
    with_state = [one for one in meters if one.tag.work_unit in units or (units and one.tag.work_unit == "plant")]
    if not with_state:
        return None
    records = [facts.counter(stored) for stored in with_state]
    elapsed_s = _elapsed_s(facts)
    return IdleEnergy(
        energy_kwh=total(facts.element(stored, facts.elapsed) for stored in with_state),
        idle_kwh=sum(record.idle_kwh for record in records),
        idle_s=sum(record.idle_s for record in records) / len(records),
        stated_share=sum(record.stated_s for record in records) / len(records) / elapsed_s if elapsed_s else 0.0,
    )


def _mean(facts: "PeriodFacts", stored: StoredTag) -> MeanPower:
    record = facts.record(stored.tag.work_unit).gauges[stored.tag.name]
    elapsed_s = _elapsed_s(facts)
    return MeanPower(record.mean, record.known_s / elapsed_s if elapsed_s else 0.0)


def energy_baseline(facts: "PeriodFacts", scope: str, use: EnergyUse) -> EnergyBaseline | None:
    """What the regression over the baseline's periods expects; None without one for the scope and kind of period."""
    settings = next((one for one in facts.evaluation.site.energy.baselines if one.scope == scope), None)
    if settings is None or use.energy_kwh is None or facts.period.kind.value != settings.period:
        return None
    model = facts.evaluation.energy_model(settings)
    values, coverage = variables(facts, scope, settings)
    found = expected_energy(model, values) if isinstance(model, EnergyModel) else None
    expected_kwh = found.energy_kwh if found else None
    return EnergyBaseline(use.energy_kwh, expected_kwh, coverage, found is not None and found.extrapolated)


def variables(facts: "PeriodFacts", scope: str, settings: "EnergyBaselineSettings") -> tuple[dict[str, float], float]:
    """The relevant variables of a period that are known, and the least of their coverages."""
    values: dict[str, float] = {}
    coverages = []
    for name in settings.variables:
        value, coverage = _variable(facts, scope, name)
        coverages.append(coverage)
        if value is not None:
            values[name] = value
    return values, min(coverages)


def _variable(facts: "PeriodFacts", scope: str, name: str) -> tuple[float | None, float]:
    """An amount of pieces by its KPI, or the time-weighted mean of a gauge by its tag."""
    amount: Element | None = None
    if name in ("produced_quantity", "good_quantity"):
        amount = facts.of(scope).pieces.amount(name.removesuffix("_quantity"))
        return (None, 0.0) if amount is None else (amount.value, amount.coverage)
    stored = next((one for one in facts.evaluation.tags if one.tag.name == name), None)
    if stored is None:
        return None, 0.0
    mean = _mean(facts, stored)
    return mean.mean_kw, mean.known_share


def fitted(facts_of: "list[PeriodFacts]", settings: "EnergyBaselineSettings") -> EnergyModel | None:
    """The model of the baseline's periods that are known well enough; None where there is none."""
    rows = []
    for facts in facts_of:
        energy = facts.of(settings.scope).energy.energy_kwh
        values, coverage = variables(facts, settings.scope, settings)
        known = energy is not None and energy.value is not None and len(values) == len(settings.variables)
        if energy is not None and known and min(energy.coverage, coverage) >= 0.95:
            rows.append([energy.value, *(values[name] for name in settings.variables)])
    columns = np.array(rows, dtype=np.float64).reshape(-1, 1 + len(settings.variables)).T
    model = energy_model(columns[0], dict(zip(settings.variables, columns[1:], strict=True)))
    return model if isinstance(model, EnergyModel) else None
