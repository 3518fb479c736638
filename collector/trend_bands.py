"""Which state or text held when? Bands to draw, and how long each held in all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.store.code_changes import Changes
from collector.trend_line import Unknown
from kpi.state import StateRuns, distinct_times, joined_runs, no_runs
from plant.instant import US_PER_S
from plant.intervals import difference, intervals
from plant.reading import F64, I64


@dataclass(frozen=True, slots=True)
class Band:
    """A time [start_us, end_us) over which a state or text held; the one that held longest, where they are merged."""

    start_us: int
    end_us: int
    text: str


def runs_of(changes: Changes, unknown: Iterable[Unknown], end_us: int) -> StateRuns:
    """The runs of a code up to an end, cut where it was not known."""
    if not len(changes):
        return no_runs()
    holes = intervals((one.start_us, one.end_us) for one in unknown)
    known = difference(intervals([(int(changes.start_us[0]), end_us)]), holes)
    starts = distinct_times(changes.start_us, known[:, 0])
    stretch = np.searchsorted(known[:, 0], starts, side="right") - 1
    starts, stretch = starts[stretch >= 0], stretch[stretch >= 0]
    inside = starts < known[stretch, 1]
    starts, stretch = starts[inside], stretch[inside]
    ends = np.minimum(np.append(starts[1:], end_us)[: len(starts)], known[stretch, 1])
    codes = changes.code[np.searchsorted(changes.start_us, starts, side="right") - 1]
    return _picked(StateRuns(starts, ends, codes), ~np.isnan(codes))


def longest_of_each(runs: StateRuns, width_us: int) -> StateRuns:
    """Stretches of a width, each with the code that held longest in it; those next to one another with one code as one.

    A band reaches from where the stretch begins to be known to where it ends to be.
    """
    cut = _cut(runs, width_us)
    begins = cut.start_us // width_us
    pairs, which = np.unique(np.stack([begins, cut.code], axis=1), axis=0, return_inverse=True)
    held = np.bincount(which.ravel(), weights=cut.end_us - cut.start_us, minlength=len(pairs))
    order = np.lexsort((-held, pairs[:, 0]))
    best = order[np.append(True, pairs[order][1:, 0] != pairs[order][:-1, 0])] if len(pairs) else order
    of_each: NDArray[np.int64] = pairs[best, 0].astype(np.int64)
    first = np.searchsorted(begins, of_each, side="left")
    last = np.searchsorted(begins, of_each, side="right") - 1
    return joined_runs([StateRuns(cut.start_us[first], cut.end_us[last], pairs[best, 1])])


def held_s(runs: StateRuns) -> list[tuple[float, float]]:
    """How long each code held in all [s], the longest first."""
    codes, which = np.unique(runs.code, return_inverse=True)
    totals = np.bincount(which.ravel(), weights=runs.end_us - runs.start_us, minlength=len(codes)) / US_PER_S
    return sorted(zip(codes.tolist(), totals.tolist(), strict=True), key=lambda pair: -pair[1])


def bands(runs: StateRuns, text: Callable[[float], str]) -> list[Band]:
    """Runs with their texts."""
    rows = zip(runs.start_us.tolist(), runs.end_us.tolist(), runs.code.tolist(), strict=True)
    return [Band(start_us, end_us, text(code)) for start_us, end_us, code in rows]


def _cut(runs: StateRuns, width_us: int) -> StateRuns:
    """The same runs, cut at multiples of a width."""
    firsts: I64 = runs.start_us // width_us
    pieces = (runs.end_us - 1) // width_us - firsts + 1
    row = np.repeat(np.arange(len(runs)), pieces)
    within = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    begins = (firsts[row] + within) * width_us
    codes: F64 = runs.code[row]
    return StateRuns(np.maximum(runs.start_us[row], begins), np.minimum(runs.end_us[row], begins + width_us), codes)


def _picked(runs: StateRuns, wanted: NDArray[np.bool_]) -> StateRuns:
    return StateRuns(runs.start_us[wanted], runs.end_us[wanted], runs.code[wanted])
