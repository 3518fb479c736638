"""How does a number run over a time? Rows to draw, with a break wherever it was not known."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from collector.store.aggregates import Aggregates
from plant.reading import F64, I64
from plant.status_code import BAD, status_name

HELD_TOO_LONG = "no reading for longer than max_hold_s"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A time [start_us, end_us) over which a tag was not known, and why: a gap's cause, or the name of a status."""

    start_us: int
    end_us: int
    cause: str


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Columns to draw, ascending: each value holds until the next row; NaN: nothing is drawn until the next row.

    low, high: the range within the row's stretch; the value itself where a row is a reading.
    """

    times_us: I64
    value: F64
    low: F64
    high: F64


def not_good(rows: Aggregates, width_us: int, until_us: int) -> list[Unknown]:
    """The times from each reading without value to the next with one, or to an end; a row's name of its last status.

    Within a stretch (a row of some width) nothing is known of the order of its readings, so that they begin at its end.
    """
    valued = np.flatnonzero(rows.count > 0)
    found: list[Unknown] = []
    for at in np.flatnonzero(rows.last_status >= np.uint32(BAD)).tolist():
        start_us = int(rows.start_us[at]) + (width_us if rows.count[at] else 0)
        later = valued[np.searchsorted(valued, at, side="right") :][:1]
        end_us = int(rows.start_us[later[0]]) if len(later) else until_us
        if start_us < end_us and not (found and found[-1].end_us >= end_us):
            found.append(Unknown(start_us, end_us, status_name(int(rows.last_status[at]))))
    return found


def held_too_long(rows: Aggregates, width_us: int, max_hold_us: int, until_us: int) -> list[Unknown]:
    """The times beyond which a reading does not hold, until the next row or an end."""
    held_until = rows.start_us + width_us + max_hold_us
    nexts = np.append(rows.start_us[1:], until_us)[: len(rows)]
    over = (nexts > held_until) & (rows.count > 0)
    ends = zip(held_until[over].tolist(), nexts[over].tolist(), strict=True)
    return [Unknown(start_us, end_us, HELD_TOO_LONG) for start_us, end_us in ends]


def merged(unknown: Iterable[Unknown], least_us: int) -> list[Unknown]:
    """In time order, those that touch or lie closer than can be drawn as one, with the cause of the longest."""
    found: list[Unknown] = []
    longest_us = 0
    for one in sorted(unknown, key=lambda one: one.start_us):
        lasted_us = one.end_us - one.start_us
        if found and one.start_us <= found[-1].end_us + least_us:
            cause = one.cause if lasted_us > longest_us else found[-1].cause
            found[-1] = Unknown(found[-1].start_us, max(found[-1].end_us, one.end_us), cause)
            longest_us = max(longest_us, lasted_us)
        else:
            found.append(one)
            longest_us = lasted_us
    return found


def line(rows: Aggregates, value: F64, unknown: Iterable[Unknown], width_us: int, until_us: int) -> Line:
    """The rows with a break at the start of each time that is not known, up to which the value before holds.

    value: what to draw of each row. Times shorter than a stretch break nothing. The last value holds up to until_us.
    """
    shown = [(one.start_us, one.end_us) for one in unknown if one.end_us - one.start_us >= width_us]
    holes = np.array(shown, dtype=np.int64).reshape(-1, 2)
    begins, breaks = _after_holes(rows.start_us, holes, width_us), holes[:, 0]
    edges = np.append(breaks, until_us)
    nothing = np.full(len(breaks), np.nan)
    times = np.concatenate([edges, begins, breaks])  # of one time: what held, what was read, the break
    order = np.argsort(times, kind="stable")
    drawn = [
        np.concatenate([_held(begins, column, edges, breaks), column, nothing])[order]
        for column in (value, rows.minimum, rows.maximum)
    ]
    return Line(times[order], *drawn)


def _after_holes(starts: I64, holes: I64, width_us: int) -> I64:
    """Where rows begin to be drawn: one whose stretch begins in a hole that ends within it, where the hole ends."""
    if not len(holes):
        return starts
    at = np.searchsorted(holes[:, 0], starts, side="right") - 1
    ends = holes[np.maximum(at, 0), 1]
    return np.where((at >= 0) & (starts < ends) & (ends < starts + width_us), ends, starts)


def _held(times: I64, column: F64, edges: I64, breaks: I64) -> F64:
    """What held just before each edge: the row before it, unless there was a break since."""
    if not len(times):
        return np.full(len(edges), np.nan)
    before = np.searchsorted(times, edges, side="left") - 1
    broken = np.searchsorted(breaks, edges, side="left") - 1
    row_us = times[np.maximum(before, 0)]
    cut = (broken >= 0) & (np.append(breaks, 0)[broken] >= row_us)
    return np.where((before >= 0) & ~cut, column[np.maximum(before, 0)], np.nan)
