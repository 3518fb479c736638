"""What did one counter do over a stretch of time, in a form that adds up: two halves give exactly the whole?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kpi.counter import StepKind, Steps, spans
from kpi.demand import Blocks, joined_blocks
from kpi.element import Element
from kpi.series import TagSeries
from plant.intervals import EMPTY, Intervals, difference, intersection, length_us, overlapping, union

_FLAG_OF_KIND = {
    StepKind.ROLLOVER: "counter_rollover",
    StepKind.RESET: "counter_reset",
    StepKind.DISORDER: "counter_disorder",
    StepKind.CHANGED: "corrected",
    StepKind.JUMP: "counter_jump",
    StepKind.UNKNOWN_DROP: "counter_unknown_drop",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A part of what a counter counted: of which product and order (empty: not known), and whether in planned time."""

    product: str = ""
    order: str = ""
    planned: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class CounterRecord:
    """A counter over (start, end].

    amount: its accepted steps. seen: it was read in the stretch. known: known time within the stretch. holes: unknown
    time that overlaps it, whole even where it begins before or ends after. bridges: spans of accepted steps over a
    hole or over the start. shares: the amount by product, order and planned time; empty where that is not asked.
    blocks: quarter hours of an energy counter. idle_kwh: of such a counter, its amount while the work unit was known
    not to produce; idle_s, stated_s: for how long that was so, and for how long it was known whether it produced.
    """

    amount: float
    seen: bool
    flags: frozenset[str]
    known: Intervals
    holes: Intervals = field(default_factory=lambda: EMPTY)
    bridges: Intervals = field(default_factory=lambda: EMPTY)
    shares: Mapping[Share, float] = field(default_factory=dict)
    blocks: Blocks | None = None
    idle_kwh: float = 0.0
    idle_s: float = 0.0
    stated_s: float = 0.0

    def known_share(self, expected: Intervals) -> float:
        """The part of the expected time that is known."""
        return _share(self.known, expected)

    def element(self, start_us: int, end_us: int, expected: Intervals) -> Element:
        """The sum, its coverage raised by holes inside [start, end] that accepted steps bridge: their sum is complete.

        None where the counter is neither known nor read.
        """
        known = self.known
        if len(self.holes):
            known = union(known, self._bridged(start_us, end_us))
        value = self.amount if self.seen or len(self.known) else None
        return Element(value, (_share(known, expected),), self.flags)

    def _bridged(self, start_us: int, end_us: int) -> Intervals:
        inside = self.holes[(self.holes[:, 0] >= start_us) & (self.holes[:, 1] <= end_us)]
        accepted = union(self.bridges, EMPTY)
        joined = [not len(difference(hole.reshape(1, 2), accepted)) for hole in inside]
        return np.asarray(inside[np.array(joined, dtype=bool)], dtype=np.int64)


def counter_record(series: TagSeries, steps: Steps, start_us: int, end_us: int) -> CounterRecord:
    """What a counter did over (start, end], without shares, blocks and states."""
    counted = steps.within(start_us, end_us)
    holes = overlapping(series.holes(), start_us, end_us)
    rows = _over(counted, holes, start_us)
    kinds = np.bincount(counted.kind).tolist() if counted.kind.any() else []
    flags = {_FLAG_OF_KIND[StepKind(kind)] for kind, count in enumerate(kinds) if kind and count}
    return CounterRecord(
        amount=float(counted.amount.sum()),
        seen=len(series.readings.after(start_us, end_us)) > 0,
        flags=series.remarks(start_us, end_us) | flags,
        known=series.known(start_us, end_us),
        holes=holes,
        bridges=spans(counted, rows),
    )


def _over(counted: Steps, holes: Intervals, start_us: int) -> NDArray[np.int64]:
    """Rows of the accepted steps that begin before the stretch, or lie over a hole."""
    before = np.arange(np.searchsorted(counted.before_us, start_us, side="left"))
    over = before
    if len(holes):
        first = np.searchsorted(counted.at_us, holes[:, 0], side="right")
        last = np.searchsorted(counted.before_us, holes[:, 1], side="left")
        over = np.unique(np.concatenate([before, *map(np.arange, first, last)]))
    return np.asarray(over[counted.accepted[over]], dtype=np.int64)


def joined_counter(parts: Sequence[CounterRecord]) -> CounterRecord:
    """The record of consecutive stretches; at least one."""
    if len(parts) == 1:
        return parts[0]
    shares: dict[Share, float] = {}
    for part in parts:
        for share, amount in part.shares.items():
            shares[share] = shares.get(share, 0.0) + amount
    blocks = [part.blocks for part in parts if part.blocks is not None]
    return CounterRecord(
        amount=float(sum(part.amount for part in parts)),
        seen=any(part.seen for part in parts),
        flags=frozenset().union(*(part.flags for part in parts)),
        known=_all(part.known for part in parts),
        holes=_all(part.holes for part in parts),
        bridges=np.concatenate([part.bridges for part in parts]),
        shares=shares,
        blocks=joined_blocks(blocks) if blocks else None,
        idle_kwh=float(sum(part.idle_kwh for part in parts)),
        idle_s=float(sum(part.idle_s for part in parts)),
        stated_s=float(sum(part.stated_s for part in parts)),
    )


def _share(known: Intervals, expected: Intervals) -> float:
    whole = length_us(expected)
    return length_us(intersection(known, expected)) / whole if whole else 0.0


def _all(sets: Iterable[Intervals]) -> Intervals:
    return union(np.concatenate(list(sets)), EMPTY)
