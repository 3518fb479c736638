"""How many pieces did a scope make? Its work units' counters and hand counts, by product or order where asked."""

from typing import TYPE_CHECKING

from collector.unit_pieces import AMOUNT_OF_ROLE, Counted, UnitPieces
from kpi.element import Element
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
    calendar = facts.evaluation.shifts
    start_us, end_us = facts.period.start_us, facts.period.end_us
    shifts = calendar.periods(start_us, facts.end_us + 1, unit)
    ended = [shift for shift in shifts if start_us < shift.end_us <= facts.end_us]
    worked = [shift for shift in ended if len(calendar.planned(unit, shift.start_us, shift.end_us))]
    return HandCount(counted.within(start_us, end_us), worked, counted.sources, times_us=counted.times_us)


def piece_count(facts: "PeriodFacts", scope: str) -> PieceCount:
    """The pieces of the plant, a work unit, a product or an order."""
    if scope != PLANT:
        units = [pieces_of(facts, unit, scope) for unit in units_of(facts, scope)]
        beside = facts.pieces(PLANT).all(job_of(scope), by_tag=False) if _names(facts, PLANT, scope) else {}
        return PieceCount(units, beside=beside)
    own, by_hand = facts.pieces(PLANT).own()
    apart = {name: element for name, element in own.items() if name in by_hand}
    whole = {name: element for name, element in own.items() if name not in by_hand}
    # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
    counted = [facts.pieces(name).all() for name in _output_units(facts)]
    for_plant = decided(facts.evaluation.lots, PLANT, facts.period.start_us, facts.end_us)
    lots = [*for_plant, *(one for name in _output_units(facts) for one in facts.pieces(name).lots)]
    return PieceCount(counted, with_lots(whole, lots), with_lots(completed(apart), for_plant))


def route(facts: "PeriodFacts", scope: str) -> list[tuple[str, PieceCount]]:
    """The steps of a product's route, or of the plant's; none where none is said."""
    site = facts.evaluation.site
    if scope == PLANT:
        return [(unit, PieceCount([facts.pieces(unit).all()])) for unit in site.route]
    settings = site.products.get(scope.removeprefix("product:"))
    if job_of(scope) is None or settings is None:
        return []
    return [(unit, PieceCount([pieces_of(facts, unit, scope)])) for unit in settings.route or site.route]


def units_of(facts: "PeriodFacts", scope: str) -> list[str]:
    """The work units whose pieces are a scope's."""
    if job_of(scope) is not None:
        return [unit for unit in _output_units(facts) if _names(facts, unit, scope)]
    return _output_units(facts) if scope == PLANT else facts.units(scope)


def _output_units(facts: "PeriodFacts") -> list[str]:
    units = facts.units(PLANT)
    settings = facts.evaluation.site.work_units
    marked = {name for name in units if name in settings and settings[name].output is True}
    hidden = {name for name in units if name in settings and settings[name].output is False}
    return [name for name in units if (name in marked if marked else name not in hidden)]


def _names(facts: "PeriodFacts", work_unit: str, scope: str) -> bool:
    """Whether a work unit says of which product, or order, its pieces are."""
    kind, colon, name = scope.partition(":")
    if not colon:
        return False
    pieces = facts.pieces(work_unit)
    by_hand = facts.evaluation.by_hand.get(work_unit, _NOTHING)
    if kind == "product":
        return pieces.names_product or name in by_hand.products
    return pieces.names_order or name in by_hand.orders


def pieces_of(facts: "PeriodFacts", work_unit: str, scope: str) -> dict[str, Element]:
    """The amounts of a work unit; of a product or order alone, what can be told apart."""
    pieces, job = facts.pieces(work_unit), job_of(scope)
    if job is None:
        return pieces.all()
    return pieces.all(job, pieces.names_product if scope.startswith("product:") else pieces.names_order)


def job_of(scope: str) -> Wanted | None:
    """Which shares are of the product or order that a scope is; None for any other scope."""
    kind, colon, name = scope.partition(":")
    if not colon:
        return None
    return lambda share: (share.product if kind == "product" else share.order) == name
