"""How many defects did people count by reason, and of how many pieces?"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from collector.scope_pieces import job_of, pieces_of, units_of
from kpi.counter_record import Share
from kpi.element import Element, combination, total
from kpi.kpi import Defects
from kpi.pieces import PieceCount
from plant.tag import PLANT

if TYPE_CHECKING:
    from collector.scope_facts import PeriodFacts

_JUDGED = ("inspected", "produced")


def defects(facts: "PeriodFacts", scope: str, pieces: PieceCount) -> Defects | None:
    """Scrap and rework of rows that name a reason; None where no row ever does.

    The pieces are those of the same work units, inspected or else produced. Defects that are counted for the plant as
    a whole, or beside a counter of the whole plant, are of all its pieces.
    """
    named = [unit for unit in units_of(facts, scope) if _reasons(facts, unit)]
    if pieces.beside and _reasons(facts, PLANT):
        named.append(PLANT)
    every = pieces.base(_JUDGED) if PLANT in named or any(name in pieces.whole for name in _JUDGED) else None
    judged = {unit: units for unit in named if (units := PieceCount([pieces_of(facts, unit, scope)]).base(_JUDGED))}
    counting = named if every else list(judged)
    if not counting:
        return None
    counted = Element(_count(facts, counting, scope), _coverages(facts, counting), frozenset({"manual"}))
    return Defects(counted, every) if every else Defects(counted, total(judged.values()), _chances(facts, judged))


def _reasons(facts: "PeriodFacts", work_unit: str) -> bool:
    by_hand = facts.evaluation.by_hand.get(work_unit)
    return by_hand is not None and bool(by_hand.reasons)


def _count(facts: "PeriodFacts", work_units: list[str], scope: str) -> float:
    job = job_of(scope)
    rows = [row for unit in work_units for row in facts.pieces(unit).by_hand.rows if row.reason]
    if job is not None:
        rows = [row for row in rows if job(Share(row.product or "", row.order or ""))]
    return float(sum((row.scrap or 0.0) + (row.rework or 0.0) for row in rows))


def _coverages(facts: "PeriodFacts", work_units: list[str]) -> tuple[float, ...]:
    return tuple(facts.pieces(unit).by_hand.coverage for unit in work_units)


def _chances(facts: "PeriodFacts", judged: Mapping[str, Element]) -> Element | None:
    """Opportunities for a defect in all units judged; None unless each of their work units says how many."""
    settings = facts.evaluation.site.work_units
    known = {unit: settings[unit].opportunities_per_unit for unit in judged if unit in settings}
    terms = [(known.get(unit), element) for unit, element in judged.items()]
    counted = [(each, element) for each, element in terms if each is not None]
    return combination(counted) if len(counted) == len(terms) else None
