"""Sets of time intervals against sets of single instants."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.intervals import EMPTY, Intervals, clip, difference, intersection, intervals, length_us, union

ROWS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), max_size=8)


def instants(rows: list[tuple[int, int]]) -> set[int]:
    return {at for start, end in rows for at in range(start, end)}


def as_instants(found: Intervals) -> set[int]:
    return instants([(int(start), int(end)) for start, end in found])


def is_a_set(found: Intervals) -> bool:
    ends = found.ravel()
    return found.dtype == np.int64 and bool(np.all(ends[1:] > ends[:-1]))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(ROWS, ROWS)
def test_algebra_is_that_of_sets_of_instants(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    rows_a, rows_b = np.array(a, dtype=np.int64).reshape(-1, 2), np.array(b, dtype=np.int64).reshape(-1, 2)
    for found, wanted in (
        (union(rows_a, rows_b), instants(a) | instants(b)),
        (intersection(rows_a, rows_b), instants(a) & instants(b)),
        (difference(rows_a, rows_b), instants(a) - instants(b)),
        (intervals(a), instants(a)),
        (clip(rows_a, -5, 5), instants(a) & instants([(-5, 5)])),
    ):
        assert is_a_set(found)
        assert as_instants(found) == wanted
        assert length_us(found) == len(wanted)


def test_intervals_that_touch_become_one() -> None:
    assert intervals([(0, 2), (2, 5)]).tolist() == [[0, 5]]


def test_the_empty_set_has_columns_like_any_other() -> None:
    assert EMPTY.shape == intervals([]).shape == (0, 2)


def test_nothing_has_no_length() -> None:
    assert length_us(EMPTY) == 0
    assert length_us(intervals([])) == 0
    assert length_us(intervals([(3, 3), (5, 4)])) == 0


@pytest.mark.parametrize("bounds", [(5, 5), (6, 5)])
def test_clipping_to_nothing_gives_nothing(bounds: tuple[int, int]) -> None:
    assert clip(intervals([(0, 10)]), *bounds).tolist() == []
