"""How many pieces did a scope make? Its work units' counters and hand counts, by product or order where asked."""

from typing import TYPE_CHECKING

from collector.unit_pieces import AMOUNT_OF_ROLE, Counted, UnitPieces
from kpi.element import Element, combination, total
from kpi.kpi import Defects
from kpi.manual import HandCount, HandCounted, Wanted
from kpi.pieces import PieceCount, completed, decided, with_lots
from plant.tag import PLANT, Role

if TYPE_CHECKING:
    from collector.scope_facts import PeriodFacts

_NOTHING = HandCounted(())


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
        decided(facts.evaluation.lots, work_unit, facts.period.start_us, facts.end_us),
    )


def _hand_count(facts: "PeriodFacts", work_unit: str) -> HandCount:
    counted = facts.evaluation.by_hand.get(work_unit)
    if counted is None:
        return HandCount((), (), frozenset())
    unit = None if work_unit == PLANT else work_unit
    calendar, now_us = facts.evaluation.shifts, facts.evaluation.now_us
    begun = calendar.periods(facts.period.start_us, facts.end_us, unit)
    worked = [shift for shift in begun if len(calendar.planned(unit, shift.start_us, shift.end_us))]
    over = [shift for shift in worked if shift.end_us <= now_us]
    return HandCount(counted.within(facts.period.start_us, facts.period.end_us), over, counted.sources)


def piece_count(facts: "PeriodFacts", scope: str) -> PieceCount:
    """The pieces of the plant, a work unit, a product or an order."""
    job = job_of(scope)
    if job is not None:
        named = [unit for unit in _output_units(facts) if _names(facts, unit, scope)]
        return PieceCount([facts.pieces(unit).all(job) for unit in named], names=named)
    if scope != PLANT:
        return PieceCount([facts.pieces(scope).all()], names=[scope])
    own, by_hand = facts.pieces(PLANT).own()
    apart = {name: element for name, element in own.items() if name in by_hand}
    whole = {name: element for name, element in own.items() if name not in by_hand}
    # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
    names = _output_units(facts)
    counted = [facts.pieces(name).all() for name in names]
    for_plant = decided(facts.evaluation.lots, PLANT, facts.period.start_us, facts.end_us)
    lots = [*for_plant, *(one for name in names for one in facts.pieces(name).lots)]
    if apart:
        counted.append(with_lots(completed(apart), for_plant))
        names.append(PLANT)
    return PieceCount(counted, with_lots(whole, lots), names)


def route(facts: "PeriodFacts", scope: str) -> list[tuple[str, PieceCount]]:
    """The steps of a product's route, or of the plant's; none where none is said."""
    site = facts.evaluation.site
    if scope == PLANT:
        return [(unit, PieceCount([facts.pieces(unit).all()])) for unit in site.route]
    settings = site.products.get(scope.removeprefix("product:"))
    job = job_of(scope)
    if job is None or settings is None:
        return []
    return [(unit, PieceCount([facts.pieces(unit).all(job)])) for unit in settings.route or site.route]


def defects(facts: "PeriodFacts", scope: str, pieces: PieceCount) -> Defects | None:
    """Defects that people counted by reason: scrap and rework of rows that name one; None where no row ever does."""
    counted = defects_of_units(facts, scope)
    judged = pieces.amount("inspected") or pieces.amount("produced")
    if not counted or judged is None:
        return None
    terms = [(opportunities, made) for _, opportunities, made in opportunities_of_units(facts, scope)]
    return Defects(total(counted.values()), judged, combination(terms) if terms else None)


def defects_of_units(facts: "PeriodFacts", scope: str) -> dict[str, Element]:
    """Scrap and rework of rows that name a reason, of each work unit whose rows ever do."""
    units = [unit for unit in facts.units(scope) if facts.evaluation.by_hand.get(unit, _NOTHING).reasons]
    found = {}
    for unit in units:
        by_hand = facts.pieces(unit).by_hand
        defective = [(row.scrap or 0.0) + (row.rework or 0.0) for row in by_hand.rows if row.reason]
        found[unit] = Element(float(sum(defective)), (by_hand.coverage,), frozenset({"manual"}))
    return found


def opportunities_of_units(facts: "PeriodFacts", scope: str) -> list[tuple[str, float, Element]]:
    """Work units with pieces, opportunities for a defect in one, and the pieces judged; none unless each says how
    many."""
    terms = []
    for unit in facts.units(scope):
        made = facts.pieces(unit).all()
        judged = made.get("inspected") or made.get("produced")
        settings = facts.evaluation.site.work_units.get(unit)
        if judged is not None:
            if settings is None or settings.opportunities_per_unit is None:
                return []
            terms.append((unit, settings.opportunities_per_unit, judged))
    return terms


def _output_units(facts: "PeriodFacts") -> list[str]:
    units = facts.units(PLANT)
    settings = facts.evaluation.site.work_units
    marked = {name for name in units if name in settings and settings[name].output is True}
    hidden = {name for name in units if name in settings and settings[name].output is False}
    return [name for name in units if (name in marked if marked else name not in hidden)]


def _names(facts: "PeriodFacts", work_unit: str, scope: str) -> bool:
    """Whether a work unit says of which product, or order, its pieces are."""
    kind, _, name = scope.partition(":")
    pieces = facts.pieces(work_unit)
    by_hand = facts.evaluation.by_hand.get(work_unit, _NOTHING)
    if kind == "product":
        return pieces.names_product or name in by_hand.products
    return pieces.names_order or name in by_hand.orders


def job_of(scope: str) -> Wanted | None:
    """Which pieces belong to a product or an order; None for the plant and its work units."""
    kind, colon, name = scope.partition(":")
    if not colon:
        return None
    return lambda share: (share.product if kind == "product" else share.order) == name
