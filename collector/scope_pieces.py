"""How many pieces did a scope make? Its work units' counters and hand counts, by product or order where asked."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from collector.unit_pieces import AMOUNT_OF_ROLE, Counted, UnitPieces
from kpi.counter_record import Share
from kpi.element import Element, combination, total
from kpi.kpi import Defects
from kpi.manual import HandCount, HandCounted, Wanted
from kpi.pieces import PieceCount, completed, decided, first_of, with_lots
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
        names = _units(facts, scope)
        units = [_all(facts, unit, scope) for unit in names]
        if not _names(facts, PLANT, scope):
            return PieceCount(units, names=names)
        for_plant = facts.pieces(PLANT).all(job_of(scope), by_tag=False)
        return PieceCount([*units, for_plant], names=[*names, PLANT], beside=True)
    own, by_hand = facts.pieces(PLANT).own()
    apart = {name: element for name, element in own.items() if name in by_hand}
    whole = {name: element for name, element in own.items() if name not in by_hand}
    # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
    names = _output_units(facts)
    counted = [facts.pieces(name).all() for name in names]
    of_plant = decided(facts.evaluation.lots, PLANT, facts.period.start_us, facts.end_us)
    lots = [*of_plant, *(one for name in names for one in facts.pieces(name).lots)]
    if apart:
        counted.append(with_lots(completed(apart), of_plant))
        names.append(PLANT)
    return PieceCount(counted, with_lots(whole, lots), names, beside=bool(apart))


def route(facts: "PeriodFacts", scope: str) -> list[tuple[str, PieceCount]]:
    """The steps of a product's route, or of the plant's; none where none is said."""
    site = facts.evaluation.site
    if scope == PLANT:
        return [(unit, PieceCount([facts.pieces(unit).all()])) for unit in site.route]
    settings = site.products.get(scope.removeprefix("product:"))
    if job_of(scope) is None or settings is None:
        return []
    return [(unit, PieceCount([_all(facts, unit, scope)])) for unit in settings.route or site.route]


def defects(facts: "PeriodFacts", scope: str, pieces: PieceCount) -> Defects | None:
    """Defects that people counted by reason: scrap and rework of rows that name one; None where no row ever does.

    The units are those of the same work units, inspected or else produced; of all of them where people name reasons for
    the plant as a whole.
    """
    counted, whole = defects_of_units(facts, scope, pieces), _judged(pieces.whole)
    judged = {unit: units for unit, (_, units) in counted.items() if units is not None}
    if not counted or not (whole or judged):
        return None
    defective = total(found for found, _ in counted.values())
    return Defects(defective, whole) if whole else Defects(defective, total(judged.values()), _chances(facts, judged))


def defects_of_units(facts: "PeriodFacts", scope: str, pieces: PieceCount) -> dict[str, tuple[Element, Element | None]]:
    """Defects of each work unit whose rows ever name a reason, and the pieces judged there; without these where they
    are counted for the scope as a whole."""
    whole = _judged(pieces.whole)
    named = [unit for unit in pieces.names if facts.evaluation.by_hand.get(unit, _NOTHING).reasons]
    found: dict[str, tuple[Element, Element | None]] = {}
    for unit, own in zip(pieces.names, pieces.units, strict=True):
        judged = None if whole else _judged(own)
        if unit in named and (whole or judged or unit == PLANT):
            by_hand = facts.pieces(unit).by_hand
            counted = Element(_reasoned(by_hand, job_of(scope)), (by_hand.coverage,), frozenset({"manual"}))
            found[unit] = counted, judged
        elif PLANT in named and judged:
            found[unit] = Element(0.0, ()), judged
    return found


def _reasoned(by_hand: HandCount, wanted: Wanted | None) -> float:
    """Scrap and rework of the rows that name a reason."""
    rows = [row for row in by_hand.rows if row.reason]
    rows = [row for row in rows if wanted is None or wanted(Share(row.product or "", row.order or ""))]
    return float(sum((row.scrap or 0.0) + (row.rework or 0.0) for row in rows))


def _judged(pieces: Mapping[str, Element]) -> Element | None:
    return first_of(pieces, ("inspected", "produced"))


def _chances(facts: "PeriodFacts", judged: Mapping[str, Element]) -> Element | None:
    """Opportunities for a defect in all units judged; None unless each of their work units says how many."""
    settings = facts.evaluation.site.work_units
    known = {unit: settings[unit].opportunities_per_unit for unit in judged if unit in settings}
    terms = [(known.get(unit), element) for unit, element in judged.items()]
    counted = [(each, element) for each, element in terms if each is not None]
    return combination(counted) if len(counted) == len(terms) else None


def _units(facts: "PeriodFacts", scope: str) -> list[str]:
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


def _all(facts: "PeriodFacts", work_unit: str, scope: str) -> dict[str, Element]:
    """The amounts of a work unit; of a product or order alone, what can be told apart."""
    pieces, job = facts.pieces(work_unit), job_of(scope)
    if job is None:
        return pieces.all()
    return pieces.all(job, tells_apart(pieces, scope))


def tells_apart(pieces: UnitPieces, scope: str) -> bool:
    """Whether counters of a work unit tell the pieces of a product or order from others; of other scopes they do."""
    if job_of(scope) is None:
        return True
    return pieces.names_product if scope.startswith("product:") else pieces.names_order


def job_of(scope: str) -> Wanted | None:
    """Which pieces belong to a product or an order; None for the plant and its work units."""
    kind, colon, name = scope.partition(":")
    if not colon:
        return None
    return lambda share: (share.product if kind == "product" else share.order) == name
