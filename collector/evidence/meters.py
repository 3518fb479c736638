"""What did the meters of a scope count, work unit by work unit?"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from collector.evidence.pieces import ABOVE, BESIDE, Factors
from collector.scope_facts import FactsOfScope
from collector.store.tags import StoredTag
from kpi.element import Element, total
from kpi.formula import FormulaElement, Origin
from kpi.remark import in_order
from plant.tag import PLANT, Role

Amount = Callable[[StoredTag], Element]


def of_tags(name: str, unit: str, tags: Sequence[StoredTag], amount: Amount, factors: Factors) -> list[FormulaElement]:
    """What tags amount to, work unit by work unit."""
    found = []
    for work_unit in dict.fromkeys(stored.tag.work_unit for stored in tags):
        own = [stored for stored in tags if stored.tag.work_unit == work_unit]
        names = tuple(stored.tag.name for stored in own)
        element = total(map(amount, own))
        flags = in_order(element.flags)
        found.append(
            FormulaElement(name, work_unit, element.value, unit, *factors, element.coverage, flags, tags=names)
        )
    return found


def derived(
    name: str, facts: FactsOfScope, value: float | None, unit: str, factors: Factors, rule: str = ""
) -> FormulaElement:
    """An element of the scope that follows from others."""
    return FormulaElement(name, facts.scope, value, unit, *factors, origin=Origin.DERIVED, rule=rule)


def meters(facts: FactsOfScope, role: Role, name: str, unit: str, factors: Factors) -> list[FormulaElement]:
    """What the meters of a role counted; beside the plant's own meter those of work units are there to be seen."""
    period = facts.period
    counting = period.scope_tags(role, facts.scope)
    found = of_tags(name, unit, counting, counted(facts), factors)
    if facts.scope != PLANT or all(stored.tag.work_unit != PLANT for stored in counting):
        return found
    others = [stored for one in period.units(PLANT) for stored in period.tags(one) if stored.tag.role is role]
    beside = of_tags(name, unit, others, counted(facts), BESIDE)
    whole = [replace(one, origin=Origin.PLANT_TAG, rule="replaces the sum of the work units") for one in found]
    return [*whole, *(replace(one, rule="replaced by the plant's own meter") for one in beside)]


def counted(facts: FactsOfScope) -> Amount:
    """What a counter counted over all of the period."""
    return lambda stored: facts.period.element(stored, facts.period.elapsed)


def energy_of_meters(facts: FactsOfScope, factors: Factors = ABOVE) -> list[FormulaElement]:
    """The energy of the scope."""
    return meters(facts, Role.ENERGY_IMPORT, "energy", "kWh", factors)
