"""How many pieces did a scope make? Its work units' counters and hand counts, by product or order where asked."""

from typing import TYPE_CHECKING

from collector.unit_pieces import AMOUNT_OF_ROLE, Counted, UnitPieces
from kpi.counter_record import Share
from kpi.element import Element, combination, total
from kpi.kpi import Defects
from kpi.manual import HandCount, HandCounted, Wanted
from kpi.pieces import PieceCount, completed
from plant.tag import PLANT, Role

if TYPE_CHECKING:
    from collector.scope_facts import PeriodFacts


def unit_pieces(facts: "PeriodFacts", work_unit: str) -> UnitPieces:
    """The sources of a work unit's pieces."""
    settings = facts.evaluation.site.work_units.get(work_unit)
    planned = facts.planned(work_unit)
    counters = [
        Counted(stored, facts.counter(stored), facts.while_in_file(stored, planned))
        for stored in facts.tags(work_unit)
        if stored.tag.role in AMOUNT_OF_ROLE
    ]
    roles = {stored.tag.role for stored in facts.tags(work_unit)}
    return UnitPieces(
        facts.period.start_us,
        facts.period.end_us,
        counters,
        _hand_count(facts, work_unit),
        bool(settings and settings.trial_in_produced),
        Role.PRODUCT_ID in roles,
        Role.ORDER_ID in roles,
    )


def _hand_count(facts: "PeriodFacts", work_unit: str) -> HandCount:
    counted = facts.evaluation.by_hand.get(work_unit)
    if counted is None:
        return HandCount((), (), frozenset())
    unit = None if work_unit == PLANT else work_unit
    begun = facts.evaluation.shifts.periods(facts.period.start_us, facts.end_us, unit)
    over = [shift for shift in begun if shift.end_us <= facts.evaluation.now_us]
    return HandCount(counted.within(facts.period.start_us, facts.period.end_us), over, counted.sources)


def piece_count(facts: "PeriodFacts", scope: str) -> PieceCount:
    """The pieces of the plant, a work unit, a product or an order."""
    job = _job(scope)
    if job is not None:
        return PieceCount([facts.pieces(unit).all(job) for unit in _output_units(facts) if _names(facts, unit, scope)])
    if scope != PLANT:
        return PieceCount([facts.pieces(scope).all()])
    own, by_hand = facts.pieces(PLANT).own()
    apart = {name: element for name, element in own.items() if name in by_hand}
    whole = {name: element for name, element in own.items() if name not in by_hand}
    # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
    counted = [facts.pieces(name).all() for name in _output_units(facts)]
    return PieceCount([*counted, completed(apart)] if apart else counted, whole)


def route(facts: "PeriodFacts", scope: str) -> list[tuple[str, PieceCount]]:
    """The steps of a product's route, or of the plant's; none where none is said."""
    site = facts.evaluation.site
    if scope == PLANT:
        return [(unit, PieceCount([facts.pieces(unit).all()])) for unit in site.route]
    settings = site.products.get(scope.removeprefix("product:"))
    job = _job(scope)
    if job is None or settings is None:
        return []
    return [(unit, PieceCount([facts.pieces(unit).all(job)])) for unit in settings.route or site.route]


def defects(facts: "PeriodFacts", scope: str, pieces: PieceCount) -> Defects | None:
    """Defects that people counted by reason, a reason a row; None for a scope without such rows, ever."""
    units = facts.units(scope)
    counted = [unit for unit in units if facts.evaluation.by_hand.get(unit, HandCounted(())).reasons]
    if scope != PLANT and scope not in units:
        return None
    made = _units_judged(pieces)
    if not counted or made is None:
        return None
    rows = [row for unit in counted for row in facts.pieces(unit).by_hand.rows if row.reason]
    found = sum(row.amount or 0.0 for row in rows for row in _amounts(row))
    flags = frozenset({"manual"}) if rows else frozenset()
    return Defects(Element(found, made.coverages, flags), made, _opportunities(facts, units))
