"""From which counters, hand counts and rules did the pieces of a formula come, work unit by work unit?"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from functools import partial

from collector.scope_facts import FactsOfScope
from collector.scope_pieces import defects_of_units, job_of, tells_apart
from collector.unit_pieces import AMOUNT_OF_ROLE, UnitPieces
from kpi.catalogue_quality import yield_of
from kpi.element import Element
from kpi.element_list import ElementList
from kpi.formula import FormulaElement, Origin
from kpi.manual import AMOUNTS
from kpi.numerals import numeral
from kpi.remark import in_order
from plant.kpi_id import KpiId
from plant.tag import PLANT

Elements = Callable[[FactsOfScope], Sequence[FormulaElement]]
Factors = tuple[float, float]
JUDGED = ("inspected", "produced")
"""What is looked at for defects: the first of these that is counted."""
ABOVE, BELOW, BESIDE = (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)

RATIOS: dict[KpiId, tuple[tuple[str, ...], tuple[str, ...]]] = {
    KpiId.DEFECT_RATE: (("scrap", "rework"), ("inspected", "produced")),
    KpiId.QUALITY_RATIO: (("good",), ("produced",)),
    KpiId.SCRAP_RATIO: (("scrap",), ("produced",)),
    KpiId.REWORK_RATIO: (("rework",), ("produced",)),
    KpiId.FIRST_PASS_YIELD: (("good",), ("inspected", "produced")),
}
"""Amounts of the numerator, and those of which the first that has a source is the denominator."""


def amount_elements(facts: FactsOfScope, name: str, factors: Factors) -> list[FormulaElement]:
    """The elements that one amount of a scope is made of, and those that these follow from."""
    found = ElementList()
    _add_scope(found, facts, name, factors)
    return list(found.elements)


def ratio_elements(facts: FactsOfScope, counted: Sequence[str], base: Sequence[str]) -> list[FormulaElement]:
    """The elements of a ratio of pieces, of the work units that have both sides; the rest is there to be seen."""
    found = ElementList()
    count = facts.pieces
    pairs = count.pairs(counted, base)
    if None in pairs:
        there = count.amounts()
        for name in counted:
            _add_scope(found, facts, name, ABOVE)
        _add_scope(found, facts, next(name for name in base if name in there), BELOW)
        return list(found.elements)
    for at, unit in enumerate(count.names):
        amounts = count.units[at]
        above = [name for name in counted if name in amounts]
        below = next((name for name in base if name in amounts), None)
        lacking = [name for name, there in ((counted[0], counted[0] in above), (base[-1], below)) if not there]
        for name in [*above, *([below] if below else [])]:
            factors = BESIDE if at not in pairs else BELOW if name == below else ABOVE
            left_out = f"left out: {unit} has no {lacking[0]}" if lacking and at not in pairs else ""
            _add_unit(found, facts, unit, name, factors, left_out)
    return list(found.elements)


def _add_scope(found: ElementList, facts: FactsOfScope, name: str, factors: Factors) -> None:
    """An amount of the scope: the plant's own, what follows from that, or that of each work unit."""
    count = facts.pieces
    of_units = [(unit, own) for unit, own in zip(count.names, count.units, strict=True) if name in own]
    element = count.amounts().get(name)
    if name in count.whole and element is not None:
        tags = _tags(facts.period.pieces(PLANT), name)
        rule = "replaces the sum of the work units"
        found.add([_element(name, PLANT, element, factors, Origin.PLANT_TAG, rule, tags)])
        for unit, _ in of_units:
            _add_unit(found, facts, unit, name, BESIDE, "replaced by the plant's own tag")
    elif of_units:
        for unit, _ in of_units:
            _add_unit(found, facts, unit, name, factors)
    elif element is not None:
        known = {**count.sums(), **count.whole}
        found.add([_element(name, facts.scope, element, factors, Origin.DERIVED, _rule(name, known), ())])
        for other in _inputs(name, known):
            _add_scope(found, facts, other, BESIDE)


def _add_unit(
    found: ElementList, facts: FactsOfScope, unit: str, name: str, factors: Factors, remark: str = ""
) -> None:
    """An amount of one work unit, and the amounts that it follows from."""
    count, pieces, wanted = facts.pieces, facts.period.pieces(unit), job_of(facts.scope)
    element = count.units[list(count.names).index(unit)].get(name)
    if element is None:
        return
    own, by_hand = pieces.used(wanted, tells_apart(pieces, facts.scope))
    if unit == PLANT:  # its tags stand for the whole plant; what is left of it is what people counted
        own = {other: amount for other, amount in own.items() if other in by_hand}
    inputs = [] if name in own else _inputs(name, own)
    rules = [remark, _rule(name, own) if inputs else "" if wanted is None else f"of {facts.scope}"]
    if name == "produced" and name in own and pieces.trial_in_produced and "trial" in own:
        rules.append("less trial")
        inputs.append("trial")
    judged = sum(lot.more_scrap for lot in pieces.judged_again(wanted))
    if judged and name in ("good", "scrap"):
        rules.append(f"lots judged again: {numeral(judged if name == 'scrap' else -judged)}")
    origin = _origin(pieces, name, own, by_hand)
    rule = "; ".join(filter(None, rules))
    tags = () if unit == PLANT else _tags(pieces, name)
    found.add([_element(name, unit, element, factors, origin, rule, tags)])
    for other in inputs:
        _add_unit(found, facts, unit, other, BESIDE)


def _origin(pieces: UnitPieces, name: str, own: Mapping[str, Element], by_hand: Container[str]) -> Origin:
    if name not in own:
        return Origin.DERIVED
    if name in by_hand:
        return Origin.MANUAL
    beside = pieces.by_hand.element(name) if name in AMOUNTS else None
    return Origin.TAG if beside is None or beside.value is None else Origin.TAG_AND_MANUAL


def _inputs(name: str, known: Mapping[str, Element]) -> list[str]:
    """The amounts that a derived one follows from."""
    return [other for other in ("produced", "good", "scrap", "rework") if other != name and other in known]


def _rule(name: str, known: Mapping[str, Element]) -> str:
    return (" + " if name == "produced" else " - ").join(_inputs(name, known))


def _tags(pieces: UnitPieces, name: str) -> tuple[str, ...]:
    counters = pieces.counters
    return tuple(one.stored.tag.name for one in counters if AMOUNT_OF_ROLE[one.stored.tag.role] == name)


def _element(
    name: str,
    unit: str,
    element: Element,
    factors: Factors,
    origin: Origin,
    rule: str = "",
    tags: tuple[str, ...] = (),
) -> FormulaElement:
    flags = in_order(element.flags)
    return FormulaElement(name, unit, element.value, "1", *factors, element.coverage, flags, origin, rule, tags)


def _defects_per_unit(facts: FactsOfScope) -> list[FormulaElement]:
    found = defects_of_units(facts.period, facts.scope, facts.pieces)
    elements = [_defects(unit, defective) for unit, (defective, _) in found.items()]
    whole = next((name for name in JUDGED if name in facts.pieces.whole), None)
    if whole is not None and found:
        return [*elements, *amount_elements(facts, whole, BELOW)]
    for unit, (_, judged) in found.items():
        if judged is not None:
            elements.append(_of_unit(facts, unit, judged, BELOW))
    return elements


def _defects_per_million(facts: FactsOfScope) -> list[FormulaElement]:
    found = defects_of_units(facts.period, facts.scope, facts.pieces)
    elements = [_defects(unit, defective) for unit, (defective, _) in found.items()]
    settings = facts.period.evaluation.site.work_units
    for unit, (_, judged) in found.items():
        each = settings[unit].opportunities_per_unit if unit in settings else None
        if judged is not None and each is not None:
            element = _of_unit(facts, unit, judged, (0.0, each / 1e6))
            elements.append(replace(element, rule=f"{numeral(each)} opportunities each"))
    return elements


def _defects(unit: str, defective: Element) -> FormulaElement:
    rule = "scrap + rework of rows that name a reason"
    return _element("defects", unit, defective, ABOVE, Origin.MANUAL, rule)


def _of_unit(facts: FactsOfScope, unit: str, judged: Element, factors: Factors) -> FormulaElement:
    """The pieces judged of one work unit."""
    amounts = facts.pieces.units[list(facts.pieces.names).index(unit)]
    name = next(name for name in JUDGED if name in amounts)
    found = ElementList()
    _add_unit(found, facts, unit, name, factors)
    return replace(found.elements[0], value=judged.value)


def _rolled_yield(facts: FactsOfScope) -> list[FormulaElement]:
    found = []
    for unit, count in facts.route:
        outcome = yield_of(count)
        above, below = numeral(outcome.numerator), numeral(outcome.denominator)
        flags = in_order(outcome.flags)
        tags = tuple(one.stored.tag.name for one in facts.period.pieces(unit).counters)
        found.append(
            FormulaElement(
                "first pass yield",
                unit,
                outcome.value,
                "ratio",
                *ABOVE,
                outcome.coverage,
                flags,
                Origin.DERIVED,
                f"good {above} / {below} inspected or produced",
                tags,
            )
        )
    return found


PIECES: dict[KpiId, Elements] = {
    KpiId.PRODUCED_QUANTITY: lambda facts: amount_elements(facts, "produced", ABOVE),
    KpiId.GOOD_QUANTITY: lambda facts: amount_elements(facts, "good", ABOVE),
    **{kpi: partial(ratio_elements, counted=above, base=below) for kpi, (above, below) in RATIOS.items()},
    KpiId.ROLLED_THROUGHPUT_YIELD: _rolled_yield,
    KpiId.DEFECTS_PER_UNIT: _defects_per_unit,
    KpiId.DEFECTS_PER_MILLION_OPPORTUNITIES: _defects_per_million,
}
"""How the elements of each KPI of pieces are found."""
