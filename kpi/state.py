"""In which state was a work unit, and when? The runs of a state, or of the text id of an order or product.

Time that is not known is simply absent. A day of readings is worked on as columns, so a state may be read every second.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpi.series import TagSeries
from plant.intervals import EMPTY, Intervals, union
from plant.reading import F64, I64


@dataclass(frozen=True, slots=True, eq=False)
class StateRuns:
    """Runs of one code as columns: it held over [start_us, end_us), UTC us; ascending, disjoint, none empty.

    Runs that touch differ in their code; between runs that do not touch, the code is not known. code: number of the
    state, or id of the text, never NaN.
    """

    start_us: I64
    end_us: I64
    code: F64

    def __len__(self) -> int:
        return len(self.start_us)


def no_runs() -> StateRuns:
    """The runs of a tag of which nothing is known."""
    none = np.empty(0, dtype=np.int64)
    return StateRuns(none, none, np.empty(0))


def state_runs(series: TagSeries, start_us: int, end_us: int) -> StateRuns:
    """The runs of a state or text tag within [start_us, end_us); none where nothing is known of it.

    A believed reading holds until the next believed one, as far as the tag is known (`TagSeries.known`: gaps, Bad
    readings, `max_hold_s`). Of several readings at one time, the last that arrived holds.
    """
    known = series.known(start_us, end_us)
    readings = series.believed()
    times, codes = _changes(readings.times_us, readings.values)
    if not len(known) or not len(times):
        return no_runs()
    stretch = np.searchsorted(known[:, 0], times, side="right") - 1
    inside = (stretch >= 0) & (times < known[stretch, 1])
    starts = distinct_times(times[inside], known[:, 0])
    which = np.searchsorted(times, starts, side="right") - 1
    known_until = known[np.searchsorted(known[:, 0], starts, side="right") - 1, 1]
    ends = np.minimum(np.append(starts[1:], end_us), known_until)
    read = which >= 0  # known time before the first believed reading has no code
    return StateRuns(starts[read], ends[read], codes[which[read]])


def joined_runs(parts: Sequence[StateRuns]) -> StateRuns:
    """The runs of consecutive stretches of time, given in time order, as runs of the whole; none of no parts.

    A run that was cut where a stretch ended is one again, so it makes no difference where time was cut.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return no_runs()
    starts = np.concatenate([part.start_us for part in parts])
    ends = np.concatenate([part.end_us for part in parts])
    codes = np.concatenate([part.code for part in parts])
    new = (starts[1:] != ends[:-1]) | (codes[1:] != codes[:-1])
    first, last = np.append(True, new), np.append(new, True)
    return StateRuns(starts[first], ends[last], codes[first])


def where(runs: StateRuns, codes: Collection[float]) -> Intervals:
    """The time in any of some codes, as a set of intervals; EMPTY for no codes."""
    wanted = np.isin(runs.code, list(codes))
    return union(np.stack([runs.start_us[wanted], runs.end_us[wanted]], axis=1), EMPTY)


def code_at(runs: StateRuns, times_us: I64) -> F64:
    """The code that an event at each of some times belongs to; NaN where it is not known.

    A run has the times in (start_us, end_us]: a counter's step counts whole at its later reading, so the last piece of
    an order is that order's, though the next order was read in the same poll. A time at which a run starts after time
    that is not known (no run ends there) is that run's too.

    >>> us = np.array([0, 10, 20], dtype=np.int64)
    >>> code_at(StateRuns(us[:2], us[1:], np.array([7.0, 8.0])), np.array([-1, 0, 10, 11, 20, 21])).tolist()
    [nan, 7.0, 7.0, 8.0, 8.0, nan]
    """
    codes = np.full(len(times_us), np.nan)
    ending = np.searchsorted(runs.end_us, times_us, side="left")
    found = ending < len(runs)
    found[found] = runs.start_us[ending[found]] <= times_us[found]
    codes[found] = runs.code[ending[found]]
    return codes


def distinct_times(*columns: I64) -> I64:
    """All times of some columns, each once, ascending; of columns that ascend, several times as fast as np.unique."""
    times = np.sort(np.concatenate(columns), kind="stable")
    return times[_differs(times, at_end=True)]


def _changes(times: I64, codes: F64) -> tuple[I64, F64]:
    """The last reading of each time, and of these the ones with another code than the one before."""
    last = _differs(times, at_end=True)
    times, codes = times[last], codes[last]
    first = _differs(codes, at_end=False)
    return times[first], codes[first]


def _differs(column: I64 | F64, at_end: bool) -> NDArray[np.bool_]:
    """Which rows differ from the next (at_end) or from the one before; the outermost row always does."""
    differs = column[1:] != column[:-1]
    outermost = np.ones(min(1, len(column)), dtype=bool)
    return np.concatenate([differs, outermost] if at_end else [outermost, differs])
