"""Which reasons, products and orders are the pieces of a KPI made of?"""

from collections.abc import Callable, Iterator

from collector.scope_facts import FactsOfScope
from collector.scope_pieces import job_of
from collector.unit_pieces import UnitPieces
from kpi.breakdown import Breakdown, breakdown
from kpi.counter_record import Share
from plant.kpi_id import KpiId

_BROKEN_DOWN: dict[KpiId, tuple[str, ...]] = {
    KpiId.PRODUCED_QUANTITY: ("produced",),
    KpiId.GOOD_QUANTITY: ("good",),
    KpiId.DEFECT_RATE: ("scrap", "rework"),
    KpiId.QUALITY_RATIO: ("scrap", "rework"),
    KpiId.FIRST_PASS_YIELD: ("scrap", "rework"),
    KpiId.SCRAP_RATIO: ("scrap",),
    KpiId.REWORK_RATIO: ("rework",),
    KpiId.DEFECTS_PER_UNIT: ("scrap", "rework"),
    KpiId.DEFECTS_PER_MILLION_OPPORTUNITIES: ("scrap", "rework"),
}
"""The amounts that are broken down: of ratios of good pieces, those that are not good."""

Name = Callable[[Share], str]


def breakdowns(facts: FactsOfScope, kpi: KpiId) -> tuple[Breakdown, ...]:
    """By reason (of what people counted), by product and by order; none for other KPIs, and where nothing is named."""
    of = _BROKEN_DOWN.get(kpi)
    if of is None:
        return ()
    units = [facts.period.pieces(unit) for unit in facts.pieces.names]
    found = [
        breakdown(of, "reason", [row for pieces in units for row in _by_reason(pieces, facts.scope, of)]),
        breakdown(of, "product", [row for pieces in units for row in _by(pieces, facts.scope, of, _product)]),
        breakdown(of, "order", [row for pieces in units for row in _by(pieces, facts.scope, of, _order)]),
    ]
    return tuple(one for one in found if one is not None)


def _product(share: Share) -> str:
    return share.product


def _order(share: Share) -> str:
    return share.order


def _by_reason(pieces: UnitPieces, scope: str, of: tuple[str, ...]) -> Iterator[tuple[str | None, float]]:
    wanted = job_of(scope)
    for row in pieces.by_hand.rows:
        if wanted is None or wanted(Share(row.product or "", row.order or "")):
            yield row.reason, float(sum(getattr(row, name) or 0.0 for name in of))


def _by(pieces: UnitPieces, scope: str, of: tuple[str, ...], name: Name) -> Iterator[tuple[str | None, float]]:
    """The amounts of each product, or order, within the scope, worked out as those of the scope are."""
    wanted = job_of(scope)
    for each in sorted({name(share) for share in pieces.jobs()}):
        own = pieces.all(lambda share: name(share) == each and (wanted is None or wanted(share)))  # noqa: B023
        yield each or None, float(sum(own[amount].value or 0.0 for amount in of if amount in own))
