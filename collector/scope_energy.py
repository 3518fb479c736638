"""How much energy did a scope use, at which demand, while it produced and while it did not?"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from collector.store.tags import StoredTag
from kpi.demand import together
from kpi.element import Element, Grade, grade, total
from kpi.energy import EnergyUse, IdleEnergy, MeanPower
from kpi.energy_performance import expected_energy
from kpi.kpi import EnergyBaseline
from kpi.outcome import flags_of
from kpi.regression import EnergyModel, energy_model
from plant.instant import US_PER_S
from plant.tag import PLANT, Kind, Role

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
        power=tuple(mean_power_of(facts, stored) for stored in facts.scope_tags(Role.POWER, scope)),
    )


def _elapsed_s(facts: "PeriodFacts") -> float:
    return (facts.end_us - facts.period.start_us) / US_PER_S


def _idle(facts: "PeriodFacts", meters: list[StoredTag]) -> IdleEnergy | None:
    """Of the meters that have a state beside them; the plant's own has those of all work units."""
    units = _units_with_state(facts)
    with_state = idle_meters(facts, meters)
    if not with_state:
        return None
    records = [facts.counter(stored) for stored in with_state]
    elapsed_s = _elapsed_s(facts)
    energy = total(facts.element(stored, facts.elapsed) for stored in with_state)
    beside = (
        units if any(one.tag.work_unit == PLANT for one in with_state) else {one.tag.work_unit for one in with_state}
    )
    states = frozenset[str]().union(*(facts.record(unit).state_flags for unit in beside))
    return IdleEnergy(
        energy_kwh=replace(energy, flags=energy.flags | states),
        idle_kwh=sum(record.idle_kwh for record in records),
        idle_s=sum(record.idle_s for record in records) / len(records),
        stated_share=sum(record.stated_s for record in records) / len(records) / elapsed_s if elapsed_s else 0.0,
    )


def idle_meters(facts: "PeriodFacts", meters: list[StoredTag]) -> list[StoredTag]:
    """The meters that have a state beside them; the plant's own has those of all work units."""
    units = _units_with_state(facts)
    return [one for one in meters if one.tag.work_unit in units or (units and one.tag.work_unit == PLANT)]


def _units_with_state(facts: "PeriodFacts") -> set[str]:
    return {stored.tag.work_unit for stored in facts.evaluation.tags if stored.tag.kind is Kind.STATE}


def mean_power_of(facts: "PeriodFacts", stored: StoredTag) -> MeanPower:
    """The time-weighted mean of a gauge over the period."""
    record = facts.record(stored.tag.work_unit).gauges[stored.tag.name]
    elapsed_s = _elapsed_s(facts)
    return MeanPower(record.mean, record.known_s / elapsed_s if elapsed_s else 0.0, record.flags)


def energy_baseline(facts: "PeriodFacts", scope: str, use: EnergyUse) -> EnergyBaseline | None:
    """What the regression over the baseline's periods expects; None without one for the scope and kind of period."""
    kind = facts.period.kind.value
    baselines = facts.evaluation.site.energy.baselines
    settings = next((one for one in baselines if (one.scope, one.period) == (scope, kind)), None)
    if settings is None or use.energy_kwh is None:
        return None
    model = facts.evaluation.energy_model(settings)
    given = variables(facts, scope, settings)
    values = {name: element.value for name, element in given.items() if element.value is not None}
    found = expected_energy(model, values) if model else None
    return EnergyBaseline(
        use.energy_kwh,
        found.energy_kwh if found else None,
        min(element.coverage for element in given.values()),
        found is not None and found.extrapolated,
        flags_of(list(given.values())),
    )


def variables(facts: "PeriodFacts", scope: str, settings: "EnergyBaselineSettings") -> dict[str, Element]:
    """The relevant variables of a period: values where known, coverage and flags."""
    return {name: _variable(facts, scope, name) for name in settings.variables}


def _variable(facts: "PeriodFacts", scope: str, name: str) -> Element:
    """An amount of pieces by its KPI, or the time-weighted mean of a gauge by its tag."""
    nothing = Element(None, (0.0,))
    if name in ("produced_quantity", "good_quantity"):
        return facts.of(scope).pieces.amount(name.removesuffix("_quantity")) or nothing
    stored = next((one for one in facts.evaluation.tags if one.tag.name == name), None)
    if stored is None or stored.tag.kind is not Kind.GAUGE:
        return nothing
    mean = mean_power_of(facts, stored)
    return Element(mean.mean_kw, (mean.known_share,), mean.flags)


def fitted(facts_of: "list[PeriodFacts]", settings: "EnergyBaselineSettings") -> EnergyModel | None:
    """The model of the baseline's periods that are known well enough; None where there is none."""
    rows = []
    for facts in facts_of:
        energy = facts.of(settings.scope).energy.energy_kwh
        given = [energy, *variables(facts, settings.scope, settings).values()]
        if all(one is not None and one.value is not None and grade(one.coverage) is Grade.GOOD for one in given):
            rows.append([one.value for one in given if one is not None])
    columns = np.array(rows, dtype=np.float64).reshape(-1, 1 + len(settings.variables)).T
    model = energy_model(columns[0], dict(zip(settings.variables, columns[1:], strict=True)))
    return model if isinstance(model, EnergyModel) else None
