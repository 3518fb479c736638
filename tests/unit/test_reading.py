"""Readings as columns: identity, order, severity, absence."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.gap import Gap
from plant.reading import Batch, Readings, among, believed, distinct, joined, sound
from plant.status_code import BAD, BAD_NO_DATA, GOOD, UNCERTAIN

NAN = float("nan")
Row = tuple[int, float, int]


def readings(rows: list[Row]) -> Readings:
    times = np.array([time for time, _, _ in rows], dtype=np.int64)
    return Readings(
        times,
        np.array([value for _, value, _ in rows], dtype=np.float64),
        np.array([status for _, _, status in rows], dtype=np.uint32),
        np.arange(len(rows), dtype=np.int64),
        np.zeros(len(rows), dtype=np.int64),
    )


def rows_of(found: Readings) -> list[tuple[int, str, int]]:
    columns = (found.times_us.tolist(), found.values.tolist(), found.status.tolist())
    return [(time, repr(value), status) for time, value, status in zip(*columns, strict=True)]


@pytest.mark.parametrize(
    ("value", "status", "kept"),
    [
        (1.5, GOOD, (1.5, GOOD)),
        (1.5, UNCERTAIN, (1.5, UNCERTAIN)),
        (1.5, BAD, (NAN, BAD)),
        (1.5, 0xC0000000, (NAN, 0xC0000000)),
        (NAN, GOOD, (NAN, BAD_NO_DATA)),
        (NAN, UNCERTAIN, (NAN, BAD_NO_DATA)),
        (NAN, BAD, (NAN, BAD)),
        (float("inf"), GOOD, (NAN, BAD_NO_DATA)),
        (float("-inf"), GOOD, (NAN, BAD_NO_DATA)),
    ],
)
def test_a_value_is_absent_exactly_when_the_severity_is_bad(value: float, status: int, kept: tuple[float, int]) -> None:
    values, codes = sound(np.array([value]), np.array([status], dtype=np.uint32))
    assert repr((float(values[0]), int(codes[0]))) == repr(kept)


def test_good_readings_are_believed_and_uncertain_ones_on_request() -> None:
    some = readings([(1, 1.0, GOOD), (2, 1.0, UNCERTAIN), (3, NAN, BAD), (4, NAN, 0xC0000000), (5, 1.0, 0x00960000)])
    assert believed(some, use_uncertain=False).tolist() == [True, False, False, False, True]
    assert believed(some, use_uncertain=True).tolist() == [True, True, False, False, True]


def test_the_same_again_is_nothing_new() -> None:
    twice = readings([(5, 1.0, GOOD), (3, 2.0, GOOD), (5, 1.0, GOOD), (3, 2.0, GOOD)])
    assert rows_of(distinct(twice)) == [(3, "2.0", GOOD), (5, "1.0", GOOD)]


def test_another_value_or_status_at_the_same_time_is_kept_in_order_of_arrival() -> None:
    some = readings([(5, 2.0, GOOD), (5, 1.0, GOOD), (5, 2.0, UNCERTAIN), (5, 2.0, GOOD), (5, NAN, BAD), (5, NAN, BAD)])
    assert rows_of(distinct(some)) == [(5, "2.0", GOOD), (5, "1.0", GOOD), (5, "2.0", UNCERTAIN), (5, "nan", BAD)]


ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([0.0, 1.0, 2.0]), st.sampled_from([GOOD, UNCERTAIN])), max_size=12
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(ROWS)
def test_distinct_is_what_a_list_and_a_set_say(rows: list[Row]) -> None:
    wanted = [row for at, row in enumerate(rows) if row not in rows[:at]]
    wanted.sort(key=lambda row: row[0])
    assert rows_of(distinct(readings(rows))) == rows_of(readings(wanted))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(ROWS, ROWS)
def test_readings_among_others_are_what_a_set_says(some: list[Row], others: list[Row]) -> None:
    assert among(readings(some), readings(others)).tolist() == [row in others for row in some]


def test_as_many_values_as_a_day_has_seconds_may_stand_at_one_time() -> None:
    rows: list[Row] = [(5, float(value), GOOD) for value in range(86_400)]
    assert len(distinct(readings(rows + rows[::-1]))) == len(rows)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.dictionaries(st.integers(0, 50), st.sampled_from([0.0, 1.0]), max_size=10), st.randoms(use_true_random=False))
def test_permuted_and_repeated_readings_change_nothing(values: dict[int, float], order: random.Random) -> None:
    rows: list[Row] = [(time, value, GOOD) for time, value in sorted(values.items())]
    mixed = rows + rows[::2]
    order.shuffle(mixed)
    assert rows_of(distinct(readings(mixed))) == rows_of(readings(rows))


def test_readings_within_a_time_are_those_from_its_start_to_before_its_end() -> None:
    some = readings([(1, 1.0, GOOD), (2, 2.0, GOOD), (3, 3.0, GOOD)])
    assert rows_of(some.within(2, 3)) == [(2, "2.0", GOOD)]
    assert len(some.within(3, 3)) == 0


def test_parts_are_joined_in_the_order_given() -> None:
    a, b = readings([(2, 1.0, GOOD)]), readings([(1, 2.0, GOOD)])
    assert rows_of(joined([a, b])) == [(2, "1.0", GOOD), (1, "2.0", GOOD)]
    assert joined([a]) is a
    assert len(joined([])) == len(Readings.empty()) == 0


def test_a_batch_has_the_length_of_its_columns() -> None:
    none = np.zeros(2, dtype=np.int64)
    status = np.zeros(2, dtype=np.uint32)
    assert len(Batch("press-1", ("a",), status, none, np.zeros(2), status, 0, none)) == 2


def test_a_gap_may_last() -> None:
    assert Gap("press-1", None, 0, None, "no answer").end_us is None
