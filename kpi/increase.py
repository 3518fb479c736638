"""How much did a counter count in a period, and how much of the period is known?"""

from dataclasses import dataclass

import numpy as np

from kpi.counter import StepKind, Steps, spans
from kpi.element import Element
from kpi.series import TagSeries
from plant.intervals import EMPTY, Intervals, clip, difference, intersection, length_us, union
from plant.reading import SEVERITY_BITS

_FLAG_OF_KIND = {
    StepKind.ROLLOVER: "counter_rollover",
    StepKind.RESET: "counter_reset",
    StepKind.DISORDER: "counter_disorder",
    StepKind.CHANGED: "corrected",
    StepKind.JUMP: "counter_jump",
    StepKind.UNKNOWN_DROP: "counter_unknown_drop",
}


@dataclass(frozen=True, slots=True)
class Increase:
    """A counter over one period.

    element: the sum, its coverage raised by gaps that accepted steps bridge; what sums and their ratios use.
    known_share: coverage without that, what peaks use.
    """

    element: Element
    known_share: float


def increase(series: TagSeries, steps: Steps, start_us: int, end_us: int, expected: Intervals) -> Increase:
    """What a counter counted in (start_us, end_us]; `expected`: the part of the period that should be known."""
    counted = steps.within(start_us, end_us)
    known = series.known(start_us, end_us)
    holes = clip(series.holes(), start_us, end_us)
    bridged = _bridged(series, counted, start_us, end_us) if len(holes) else EMPTY
    known_share = _share(known, expected)
    share = _share(union(known, bridged), expected) if len(bridged) else known_share
    seen = series.readings
    in_period = (seen.times_us > start_us) & (seen.times_us <= end_us)
    nothing = not len(known) and not in_period.any()
    value = None if nothing else float(counted.amount.sum())
    flags = {flag for kind, flag in _FLAG_OF_KIND.items() if (counted.kind == kind).any()}
    if (seen.source_offset_us[in_period] != 0).any():
        flags.add("clock")
    if series.tag.use_uncertain and (seen.status[in_period] & SEVERITY_BITS == np.uint32(0x40000000)).any():
        flags.add("suspect")
    return Increase(Element(value, (share,), frozenset(flags)), known_share)


def _share(known: Intervals, expected: Intervals) -> float:
    whole = length_us(expected)
    return length_us(intersection(known, expected)) / whole if whole else 0.0


def _bridged(series: TagSeries, counted: Steps, start_us: int, end_us: int) -> Intervals:
    """Holes that lie inside the period and between readings that accepted steps join: their sum is complete."""
    accepted = union(spans(counted, counted.accepted), EMPTY)
    holes = series.holes()
    inside = holes[(holes[:, 0] >= start_us) & (holes[:, 1] <= end_us)]
    joined = [not len(difference(hole.reshape(1, 2), accepted)) for hole in inside]
    return np.asarray(inside[np.array(joined, dtype=bool)], dtype=np.int64)
