"""How many pieces did a work unit make in a period? Its counters and what people counted, by product where asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from collector.store.tags import StoredTag
from kpi.counter_record import CounterRecord, Share
from kpi.element import Element, total
from kpi.manual import AMOUNTS, HandCount, Wanted
from kpi.pieces import completed, with_lots
from plant.correction import LotDecision
from plant.intervals import Intervals
from plant.tag import Role

AMOUNT_OF_ROLE = {
    Role.PRODUCED_COUNT: "produced",
    Role.GOOD_COUNT: "good",
    Role.SCRAP_COUNT: "scrap",
    Role.REWORK_COUNT: "rework",
    Role.INSPECTED_COUNT: "inspected",
    Role.TRIAL_COUNT: "trial",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter of pieces over the period, and the time in which it should be known."""

    stored: StoredTag
    record: CounterRecord
    expected: Intervals


@dataclass(frozen=True, slots=True)
class UnitPieces:
    """The sources of a work unit's pieces over (start_us, end_us].

    names_product, names_order: it has a tag that says the product, or the order.
    """

    start_us: int
    end_us: int
    counters: Sequence[Counted]
    by_hand: HandCount
    trial_in_produced: bool = False
    names_product: bool = False
    names_order: bool = False
    lots: Sequence[LotDecision] = ()

    def own(self, wanted: Wanted | None = None, by_tag: bool = True) -> tuple[dict[str, Element], set[str]]:
        """Amounts that are counted (of some shares only, where `wanted`), and which are counted by hand alone.

        by_tag False: counters do not tell these shares apart, and say nothing of them.
        """
        counted = self.by_hand if wanted is None else self.by_hand.of(wanted)
        own: dict[str, Element] = {}
        hand_alone: set[str] = set()
        for role, amount in AMOUNT_OF_ROLE.items():
            tags = [self._element(one, wanted) for one in self.counters if by_tag and one.stored.tag.role is role]
            by_hand = counted.element(amount) if amount in AMOUNTS else None
            if tags:
                # Hand counts beside a counter correct it; how much of the period is known is the counter's to say.
                beside = [replace(by_hand, coverages=())] if by_hand else []
                own[amount] = total([*tags, *beside])
            elif by_hand:
                own[amount] = by_hand
                hand_alone.add(amount)
        return own, hand_alone

    def all(self, wanted: Wanted | None = None, by_tag: bool = True) -> dict[str, Element]:
        """All amounts, those that follow from others included."""
        own, _ = self.used(wanted, by_tag)
        return with_lots(completed(own, self.trial_in_produced), self.judged_again(wanted))

    def used(self, wanted: Wanted | None = None, by_tag: bool = True) -> tuple[dict[str, Element], set[str]]:
        """The amounts of `own` that all others follow from, and which are counted by hand alone."""
        own, by_hand = self.own(wanted, by_tag)
        if "produced" in by_hand and {"good", "scrap"} <= own.keys() and not {"good", "scrap"} <= by_hand:
            del own["produced"]  # counters of good and scrap say more of it than rows beside them
        return own, by_hand

    def judged_again(self, wanted: Wanted | None = None) -> list[LotDecision]:
        """Lots that were judged again (of some products or orders only, where `wanted`)."""
        return [one for one in self.lots if wanted is None or wanted(Share(one.product or "", one.order or ""))]

    def _element(self, counted: Counted, wanted: Wanted | None) -> Element:
        element = counted.record.element(self.start_us, self.end_us, counted.expected)
        if wanted is None or element.value is None:
            return element
        shares = counted.record.shares.items()
        return replace(element, value=float(sum(amount for share, amount in shares if wanted(share))))

    def products(self) -> list[str]:
        """Products of which pieces were counted; an empty name where it is not known."""
        return sorted({share.product for share in self.jobs()})

    def jobs(self) -> list[Share]:
        """What pieces were counted for: product, order, and whether in planned time."""
        counted = [share for one in self.counters for share in one.record.shares]
        rows = [Share(row.product or "", row.order or "") for row in self.by_hand.rows]
        return [*counted, *rows, *(Share(lot.product or "", lot.order or "") for lot in self.lots)]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """Pieces inside planned busy time [1], and planned run time x pieces [s]: produced, and good ones; None without.

    lacks_run_time: pieces were made, or could be, for which no planned run time is known.
    """

    produced: Element | None
    planned_run_s: Element | None
    good_run_s: Element | None
    lacks_run_time: bool


@dataclass(frozen=True, slots=True)
class ProductPieces:
    """Pieces of one product (empty: not known) inside planned busy time [1], and its planned run time per item."""

    product: str
    planned_run_time_s: float | None
    produced: Element | None
    good: Element | None


def product_pieces(pieces: UnitPieces, own_s: float | None, products_s: Mapping[str, float]) -> Iterator[ProductPieces]:
    """The pieces counted in planned time, product by product; arguments as of `planned_run`."""
    for product in pieces.products() or [""]:
        found = pieces.all(_planned(product))
        yield ProductPieces(product, products_s.get(product, own_s), found.get("produced"), found.get("good"))


def planned_run(pieces: UnitPieces, own_s: float | None, products_s: Mapping[str, float]) -> PlannedRun:
    """Planned run time of the pieces counted in planned time (ISO 22400-2: PRI x PQ and PRI x GQ), product by product.

    own_s: planned run time per item of the work unit; products_s: of products, which go before it. What people
    counted is taken to be made in planned time.
    """
    made: dict[str, list[Element]] = {"produced": [], "good": []}
    run: dict[str, list[Element]] = {"produced": [], "good": []}
    lacking = own_s is None and not products_s
    for one in product_pieces(pieces, own_s, products_s):
        for amount, element in (("produced", one.produced), ("good", one.good)):
            if element is not None:
                made[amount].append(element)
                lacking |= one.planned_run_time_s is None and bool(element.value)
                run[amount].append(_times(element, one.planned_run_time_s or 0.0))
    if lacking:
        return PlannedRun(_sum(made["produced"]), None, None, bool(made["produced"]))
    return PlannedRun(_sum(made["produced"]), _sum(run["produced"]), _sum(run["good"]), False)


def _planned(product: str) -> Wanted:
    return lambda share: share.planned and share.product == product


def _times(element: Element, factor: float) -> Element:
    return element if element.value is None else replace(element, value=element.value * factor)


def _sum(elements: Iterable[Element]) -> Element | None:
    parts = list(elements)
    return total(parts) if parts else None
