"""From which times, stops, shifts and planned runs did an equipment KPI come, work unit by work unit?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from collector.evidence.pieces import Elements
from collector.scope_equipment import runs, unit_time
from collector.scope_facts import FactsOfScope, PeriodFacts
from kpi import equipment
from kpi.element import Element
from kpi.element_list import ElementList
from kpi.equipment import GOOD_RUN, HOUR_S, PLANNED_RUN, PRODUCED, STATE, Need
from kpi.equipment_evidence import (
    EquipmentEvidence,
    ProductRun,
    ShiftShown,
    UnitEvidence,
    equipment_evidence,
    unit_evidence,
)
from kpi.equipment_use import EquipmentUse
from kpi.formula import FormulaElement, Origin
from kpi.remark import in_order
from plant.instant import US_PER_S
from plant.intervals import clip, length_us
from plant.kpi_id import KpiId
from plant.tag import PIECE_ROLES, Kind


@dataclass(frozen=True, slots=True)
class _Term:
    """An amount of a work unit's use, its unit, and how it enters the formula."""

    name: str
    amount: Callable[[EquipmentUse], float | Element | None]
    unit: str = "s"
    above: float = 0.0
    below: float = 0.0
    origin: Origin = Origin.STATE


def _state(name: str, seconds: Callable[[EquipmentUse], float], above: float = 0.0, below: float = 0.0) -> _Term:
    return _Term(name, lambda use: use.read(seconds(use)), "s", above, below)


def _hours(name: str, seconds: Callable[[EquipmentUse], float]) -> _Term:
    return _Term(name, lambda use: use.read(seconds(use) / HOUR_S), "h", below=1.0)


def _production(above: float = 0.0, below: float = 0.0) -> _Term:
    return _state("production time", lambda use: use.apt_s, above, below)


def _setup(above: float = 0.0, below: float = 0.0) -> _Term:
    return _state("setup time", lambda use: use.setup_s, above, below)


def _delay(above: float = 0.0, below: float = 0.0) -> _Term:
    return _state("out of service time", lambda use: use.out_of_service_s, above, below)


_PLANNED = _Term("planned busy time", lambda use: use.pbt_s, below=1.0, origin=Origin.CALENDAR)
_RUN = _Term("planned run time of produced", lambda use: use.planned_run_s, above=1.0, origin=Origin.DERIVED)
_GOOD = _Term("planned run time of good", lambda use: use.good_run_s, above=1.0, origin=Origin.DERIVED)
_MADE = _Term("produced in planned time", lambda use: use.produced, "1", above=1.0, origin=Origin.TAG)

_TERMS: dict[KpiId, tuple[tuple[Need, ...], tuple[_Term, ...]]] = {
    KpiId.AVAILABILITY: ((STATE,), (_production(above=1.0), _PLANNED)),
    KpiId.EFFECTIVENESS: ((STATE, PLANNED_RUN), (_RUN, _production(below=1.0))),
    KpiId.OEE: ((GOOD_RUN,), (_GOOD, _PLANNED)),
    KpiId.MTBF: (
        (STATE,),
        (
            _production(above=1.0),
            _setup(above=1.0),
            _Term("failures", lambda use: use.read(use.failures), "1", below=1.0),
        ),
    ),
    KpiId.MTTR: (
        (STATE,),
        (
            _state("repair time", lambda use: use.repair_s, above=1.0),
            _Term("repairs", lambda use: use.read(use.repairs), "1", below=1.0),
        ),
    ),
    KpiId.UTILISATION_EFFICIENCY: ((STATE,), (_production(1.0, 1.0), _setup(below=1.0), _delay(below=1.0))),
    KpiId.ALLOCATION_EFFICIENCY: ((STATE,), (_production(1.0), _setup(1.0), _delay(1.0), _PLANNED)),
    KpiId.TECHNICAL_EFFICIENCY: ((STATE,), (_production(1.0, 1.0), _delay(below=1.0))),
    KpiId.SETUP_RATIO: ((STATE,), (_production(below=1.0), _setup(1.0, 1.0))),
    KpiId.THROUGHPUT_RATE: (
        (STATE, PRODUCED),
        (
            _MADE,
            _hours("production time", lambda use: use.apt_s),
            _hours("setup time", lambda use: use.setup_s),
            _hours("out of service time", lambda use: use.out_of_service_s),
        ),
    ),
    KpiId.MICRO_STOPS: (
        (STATE,),
        (_Term("micro-stops", lambda use: equipment.summed(use, use.micro_stops), "1", above=1.0),),
    ),
    KpiId.UNPLANNED_PRODUCTION_TIME: (
        (STATE,),
        (_Term("unplanned production time", lambda use: equipment.summed(use, use.unplanned_s), above=1.0),),
    ),
}
"""What each formula needs of a work unit, and the terms that it adds up."""


def _elements(facts: FactsOfScope, kpi: KpiId) -> Sequence[FormulaElement]:
    needs, terms = _TERMS[kpi]
    units, uses = facts.period.units(facts.scope), facts.equipment
    places = equipment.contributing(uses, needs)
    found = ElementList()
    for at, (unit, use) in enumerate(zip(units, uses, strict=True)):
        for term in terms:
            found.add(_element(facts.period, unit, use, term, at in places))
    return found.elements


def _element(period: PeriodFacts, unit: str, use: EquipmentUse, term: _Term, enters: bool) -> Sequence[FormulaElement]:
    """One term of one work unit; nothing where it has none."""
    amount = term.amount(use)
    element = amount if isinstance(amount, Element) else Element(amount, use.coverages, use.flags)
    if term.origin is Origin.STATE and not use.has_state:
        return ()
    if not enters and element.value is None:
        return ()
    tags = _tags(period, unit, term.origin)
    coverage = None if term.origin is Origin.CALENDAR else element.coverage
    factors = (term.above, term.below) if enters else (0.0, 0.0)
    rule = "" if enters else "left out: not planned, or it lacks what the formula needs"
    flags = in_order(element.flags)
    return (
        FormulaElement(term.name, unit, element.value, term.unit, *factors, coverage, flags, term.origin, rule, tags),
    )


def _tags(period: PeriodFacts, unit: str, origin: Origin) -> tuple[str, ...]:
    if origin is Origin.STATE:
        return tuple(one.tag.name for one in period.tags(unit) if one.tag.kind is Kind.STATE)[:1]
    if origin in (Origin.TAG, Origin.DERIVED):
        return tuple(one.tag.name for one in period.tags(unit) if one.tag.role in PIECE_ROLES)
    return ()


def _net_effectiveness(facts: FactsOfScope) -> Sequence[FormulaElement]:
    """Numerator and denominator are products of sums, so they are elements by themselves."""
    outcome = equipment.net_equipment_effectiveness(facts.equipment)
    above = _product(facts, "processing x good run", outcome.numerator, "(production + setup) x planned run of good")
    below = _product(facts, "planned x production", outcome.denominator, "planned busy time x production time")
    beside = ElementList([*_elements(facts, KpiId.OEE), *_elements(facts, KpiId.ALLOCATION_EFFICIENCY)]).elements
    return [
        replace(above, numerator=1.0),
        replace(below, denominator=1.0),
        *(replace(one, numerator=0.0, denominator=0.0) for one in beside),
    ]


def _product(facts: FactsOfScope, name: str, value: float | None, rule: str) -> FormulaElement:
    return FormulaElement(name, facts.scope, value, "s2", origin=Origin.DERIVED, rule=rule)


EQUIPMENT: dict[KpiId, Elements] = {
    **{kpi: partial(_elements, kpi=kpi) for kpi in _TERMS},
    KpiId.NET_EQUIPMENT_EFFECTIVENESS: _net_effectiveness,
}
"""How the elements of each KPI of equipment are found."""


def equipment_of(facts: FactsOfScope, kpi: KpiId) -> EquipmentEvidence | None:
    """How the work units of a scope were used; None for other KPIs, without shifts, and of products and orders."""
    if kpi not in EQUIPMENT or not facts.has_shifts or not facts.equipment:
        return None
    units = facts.period.units(facts.scope)
    found = [_unit(facts.period, unit, use) for unit, use in zip(units, facts.equipment, strict=True)]
    return equipment_evidence(found, facts.equipment)


def _unit(period: PeriodFacts, unit: str, use: EquipmentUse) -> UnitEvidence:
    planned = [
        ProductRun(one.product, one.planned_run_time_s, _value(one.produced), _value(one.good))
        for one in runs(period, unit)
        if one.produced or one.good
    ]
    calendar = period.evaluation.shifts
    shifts = [
        ShiftShown(
            shift.label,
            shift.start_us,
            shift.end_us,
            length_us(clip(calendar.planned(unit, shift.start_us, shift.end_us), period.period.start_us, period.end_us))
            / US_PER_S,
        )
        for shift in calendar.periods(period.period.start_us, period.end_us, unit)
    ]
    booked = calendar.downtime(period.period.start_us, period.end_us, unit)
    return unit_evidence(unit, use, unit_time(period, unit), (shifts, booked), planned)


def _value(element: Element | None) -> float | None:
    return element.value if element else None
