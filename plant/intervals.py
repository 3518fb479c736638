"""How long, and when, is something known? Arithmetic of sets of half-open time intervals.

A set is an int64 array of shape (n, 2): [start, end) in UTC microseconds, ascending, disjoint, not touching, never
empty ones. `union`, `intersection` and `difference` accept any rows and return such a set.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Intervals = NDArray[np.int64]

EMPTY: Intervals = np.empty((0, 2), dtype=np.int64)


def intervals(rows: Iterable[tuple[int, int]]) -> Intervals:
    """The set of the given rows; rows may overlap, touch, stand in any order or be empty."""
    array = np.array(list(rows), dtype=np.int64).reshape(-1, 2)
    return union(array, EMPTY)


def length_us(a: Intervals) -> int:
    """Total length of a set [us]; 0 for the empty set.

    >>> length_us(intervals([(0, 3), (2, 5)]))
    5
    """
    return int((a[:, 1] - a[:, 0]).sum())


def union(a: Intervals, b: Intervals) -> Intervals:
    """What is in a or in b."""
    return _combine(a, b, np.logical_or)


def intersection(a: Intervals, b: Intervals) -> Intervals:
    """What is in a and in b."""
    return _combine(a, b, np.logical_and)


def difference(a: Intervals, b: Intervals) -> Intervals:
    """What is in a and not in b."""
    return _combine(a, b, lambda in_a, in_b: in_a & ~in_b)


def clip(a: Intervals, start_us: int, end_us: int) -> Intervals:
    """The part of a within [start_us, end_us)."""
    return intersection(a, intervals([(start_us, end_us)]))


def overlapping(a: Intervals, start_us: int, end_us: int) -> Intervals:
    """The intervals of a set that overlap [start_us, end_us), whole."""
    return a[(a[:, 0] < end_us) & (a[:, 1] > start_us)]


def length_before(a: Intervals, points: NDArray[np.int64]) -> NDArray[np.float64]:
    """Length of the part of a set that lies before each point [us].

    >>> length_before(intervals([(0, 4), (6, 8)]), np.array([2, 5, 7]))
    array([2., 4., 5.])
    """
    if not len(a):
        return np.zeros(len(points))
    lengths = np.cumsum(a[:, 1] - a[:, 0])
    heights = np.stack([np.append(0, lengths[:-1]), lengths], axis=1).ravel()
    return np.asarray(np.interp(points, a.ravel(), heights))


def within_any(a: Intervals, points: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each point lies in (start, end] of an interval of a set: where a counter's step belongs."""
    if not len(a):
        return np.zeros(len(points), dtype=bool)
    at = np.searchsorted(a[:, 0], points, side="left") - 1
    return np.asarray((at >= 0) & (points <= a[np.maximum(at, 0), 1]))


def _inside(a: Intervals, points: NDArray[np.int64]) -> NDArray[np.bool_]:
    starts, ends = np.sort(a[:, 0]), np.sort(a[:, 1])
    depth = np.searchsorted(starts, points, side="right") - np.searchsorted(ends, points, side="right")
    return np.asarray(depth > 0)


def _combine(
    a: Intervals,
    b: Intervals,
    rule: Callable[[NDArray[np.bool_], NDArray[np.bool_]], NDArray[np.bool_]],
) -> Intervals:
    a, b = a[a[:, 0] < a[:, 1]], b[b[:, 0] < b[:, 1]]
    points = np.unique(np.concatenate([a.ravel(), b.ravel()]))
    inside = np.concatenate([[False], rule(_inside(a, points), _inside(b, points))])
    edges: Intervals = points[inside[1:] != inside[:-1]]
    return edges.reshape(-1, 2)
