"""Which state or text held when? Changes of a code, few enough to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collector.store.aggregates import QUARTER_US
from plant.reading import F64, I64, Readings

MOST_A_QUARTER_HOUR = 8


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Columns of one length, ascending: from start_us [UTC us] on the code holds until the next row.

    code: number of the state or id of the text; NaN from a reading without value on. Of one time the last row holds.
    """

    start_us: I64
    code: F64

    def __len__(self) -> int:
        return len(self.start_us)

    def __getitem__(self, index: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "Changes":
        return Changes(self.start_us[index], self.code[index])


def changes_of(readings: Readings) -> Changes:
    """The changes that readings, ascending, show; the first reading is one."""
    return _only_changes(readings.times_us, readings.values)


def joined_changes(parts: Sequence[Changes]) -> Changes:
    """Changes of different times as one, ascending whatever the order of the parts; none of no parts."""
    if not parts:
        return Changes(np.empty(0, dtype=np.int64), np.empty(0))
    starts, codes = np.concatenate([part.start_us for part in parts]), np.concatenate([part.code for part in parts])
    if not (starts[1:] >= starts[:-1]).all():
        order = np.argsort(starts, kind="stable")
        starts, codes = starts[order], codes[order]
    return _only_changes(starts, codes)


def gathered(changes: Changes) -> Changes:
    """The same with the stretches of each code put together in quarter hours that have many changes.

    How long each code held in a quarter hour stays exact (from the first row on), in which order it did not: codes
    come in order of their first time, the one that goes on last. So a summary stays small whatever a machine does.
    """
    quarters, counts = np.unique(changes.start_us // QUARTER_US, return_counts=True)
    busy = quarters[counts > MOST_A_QUARTER_HOUR]
    if not len(busy):
        return changes
    parts, done = [], 0
    for start_us in (busy * QUARTER_US).tolist():
        first, after = np.searchsorted(changes.start_us, [start_us, start_us + QUARTER_US]).tolist()
        parts += [changes[done:first], _gathered_quarter(changes, start_us, first, after)]
        done = after
    return joined_changes([*parts, changes[done:]])


def _gathered_quarter(changes: Changes, start_us: int, first: int, after: int) -> Changes:
    starts, codes = changes.start_us[first:after], changes.code[first:after]
    if first > 0 and starts[0] > start_us:  # what held when the quarter hour began
        starts, codes = np.append(start_us, starts), np.append(changes.code[first - 1], codes)
    lasted = np.diff(np.append(starts, start_us + QUARTER_US))
    found, at, which = np.unique(codes, return_index=True, return_inverse=True, equal_nan=True)
    order = np.argsort(np.where(np.arange(len(found)) == which[-1], len(codes), at))
    totals = np.bincount(which, weights=lasted).astype(np.int64)[order]
    return Changes(starts[0] + np.append(0, np.cumsum(totals[:-1])), found[order])


def _only_changes(starts: I64, codes: F64) -> Changes:
    if not len(starts):
        return Changes(starts, codes)
    last = np.append(starts[1:] != starts[:-1], True)
    starts, codes = starts[last], codes[last]
    same = (codes[1:] == codes[:-1]) | (np.isnan(codes[1:]) & np.isnan(codes[:-1]))
    new = np.append(True, ~same)
    return Changes(starts[new], codes[new])
