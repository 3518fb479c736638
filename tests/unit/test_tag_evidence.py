"""Readings counted and shown, and the times over which a tag is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_of import NAN, S, series_of

from kpi.reading_evidence import ReadingShown, reading_shown
from kpi.tag_evidence import (
    MOST_UNKNOWN,
    NotKnown,
    joined_counts,
    joined_not_known,
    leading,
    not_known,
    reading_count,
    unknown_times,
)
from plant.gap import Gap
from plant.intervals import EMPTY, Intervals, intervals
from plant.status_code import BAD, UNCERTAIN
from plant.tag import Role


def expected(*rows: tuple[float, float]) -> Intervals:
    return intervals([(round(start * S), round(end * S)) for start, end in rows])


def test_a_reading_is_shown_with_its_status_and_what_it_stands_for() -> None:
    series = series_of([(1, 2.0), (2, NAN, BAD)], source_offset_us=5)
    assert reading_shown(series.readings, 0, {2: "Setup"}) == ReadingShown(S, 2.0, "Good", S, "Setup")
    assert reading_shown(series.readings, 1, {2: "Setup"}) == ReadingShown(2 * S, None, "Bad", 2 * S)
    assert reading_shown(series.readings, 0).means == ""


def test_readings_are_counted_by_what_they_are_worth() -> None:
    rows = [(0, 1.0), (1, 2.0), (2, NAN, BAD), (3, 9.0, UNCERTAIN), (4, 5.0), (5, 6.0)]
    count = reading_count(series_of(rows), 0, 4 * S)
    assert (count.readings, count.used, count.bad, count.uncertain) == (4, 2, 1, 1)
    assert count.first is not None
    assert count.last is not None
    assert (count.first.value, count.last.value) == (2, 5)
    lenient = reading_count(series_of(rows, use_uncertain=True), 0, 4 * S)
    assert (lenient.used, lenient.uncertain) == (3, 0)
    assert reading_count(series_of(rows, source_offset_us=1), 0, 4 * S).wrong_clock == 4


def test_a_counters_readings_end_with_the_period_and_a_states_begin_with_it() -> None:
    rows = [(0, 1.0), (5, 2.0), (10, 3.0)]
    assert reading_count(series_of(rows), 0, 10 * S).readings == 2
    state = reading_count(series_of(rows, role=Role.STATE), 0, 10 * S)
    assert (state.readings, state.first and state.first.value) == (2, 1)


def test_without_readings_there_is_neither_a_first_nor_a_last() -> None:
    count = reading_count(series_of([]), 0, S)
    assert (count.readings, count.first, count.last) == (0, None, None)
    assert joined_counts([count, count]) == count
    assert leading(series_of([]).believed(), S) is None


def test_the_last_reading_at_or_before_an_instant_leads() -> None:
    readings = series_of([(1, 5.0), (2, 6.0)]).readings
    assert [found and found.value for found in (leading(readings, at * S) for at in (0, 1, 3))] == [None, 5, 6]


def test_unknown_time_is_named_by_its_kind_and_measured_where_the_tag_should_be_known() -> None:
    series = series_of([(10, 1.0), (20, NAN, BAD), (30, 2.0), (60, 3.0)], max_hold_s=20, known=(10, 80))
    spans = not_known(series, 0, 100 * S)
    gap = Gap("d", None, 35 * S, 45 * S, "no answer")
    found, left_out = unknown_times(spans, [gap], (10 * S, 80 * S), expected((0, 40), (50, 100)))
    assert left_out == 0
    seen = [
        (one.kind.value, one.start_us and one.start_us // S, one.end_us and one.end_us // S, one.lost_s)
        for one in found
    ]
    assert seen == [
        ("before_first", None, 10, 10),
        ("bad", 20, 30, 10),
        ("gap", 35, 45, 5),
        ("held", 50, 60, 10),
        ("after_last", 80, None, 20),
    ]
    assert found[2].cause == "no answer"


def test_a_gap_that_lasts_has_no_end_and_one_outside_of_planned_time_is_not_shown() -> None:
    spans = {NotKnown.BAD: EMPTY, NotKnown.HELD: EMPTY}
    gaps = [Gap("d", None, 10 * S, 20 * S, "night"), Gap("d", "t", 70 * S, None, "off")]
    (found,), _ = unknown_times(spans, gaps, (0, 100 * S), expected((30, 100)))
    assert (found.cause, found.end_us, found.lost_s) == ("off", None, 30)


def test_a_tag_that_never_had_a_reading_says_so() -> None:
    (found,), left_out = unknown_times({}, [], (None, None), expected((0, 50)))
    assert (found.kind, found.cause, found.lost_s, left_out) == (NotKnown.BEFORE_FIRST, "it never had a reading", 50, 0)


def test_of_too_many_the_longest_are_shown_and_the_rest_counted() -> None:
    rows = [(at, NAN, BAD) if at % 2 else (at + (at == 40) * 0.5, 1.0) for at in range(100)]
    series = series_of([*rows, (100, 1.0)])
    found, left_out = unknown_times(not_known(series, 0, 100 * S), [], (0, 100 * S), expected((0, 100)))
    assert (len(found), left_out) == (MOST_UNKNOWN, 50 - MOST_UNKNOWN)
    assert max(one.lost_s for one in found) == 1.5
    assert [one.start_us for one in found] == sorted(one.start_us or 0 for one in found)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(0, 40), st.sampled_from([None, 2.0]))
def test_a_stretch_that_is_divided_knows_as_little(bad: list[bool], cut: int, max_hold_s: float | None) -> None:
    rows = [(3 * at, NAN, BAD) if is_bad else (3 * at, 1.0) for at, is_bad in enumerate(bad)]
    series = series_of([(-3, 1.0), *rows], max_hold_s=max_hold_s)
    end = 3 * len(bad) * S
    at = min(3 * cut * S, end)
    whole = joined_not_known([not_known(series, 0, end)])
    parts = joined_not_known([not_known(series, 0, at), not_known(series, at, end)])
    assert all((whole[kind] == parts[kind]).all() for kind in whole)


@pytest.mark.parametrize("cut", [0, 4, 10])
def test_counts_of_parts_add_up(cut: int) -> None:
    series = series_of([(at, float(at)) for at in range(11)])
    whole = reading_count(series, 0, 10 * S)
    parts = joined_counts([reading_count(series, 0, cut * S), reading_count(series, cut * S, 10 * S)])
    assert parts == whole


def test_bad_time_over_a_border_is_one_again() -> None:
    series = series_of([(0, 1.0), (5, NAN, BAD), (15, 2.0)])
    parts = joined_not_known([not_known(series, 0, 10 * S), not_known(series, 10 * S, 20 * S)])
    assert parts[NotKnown.BAD].tolist() == [[5 * S, 15 * S]]
    assert parts[NotKnown.HELD].tolist() == []
