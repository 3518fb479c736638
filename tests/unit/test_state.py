"""Runs of a state: what holds when, wherever time was cut."""

import time
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, Row, S, series_of

from kpi.series import TagSeries
from kpi.state import StateRuns, code_at, joined_runs, no_runs, state_runs, where
from plant.intervals import difference, length_us, union
from plant.status_code import BAD, GOOD, UNCERTAIN
from plant.tag import Role

Run = tuple[float, float, float]


def rows_of(runs: StateRuns) -> list[Run]:
    columns = (runs.start_us / S, runs.end_us / S, runs.code)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def of(rows: list[Row], start: float, end: float, **more: object) -> list[Run]:
    series = series_of(rows, role=Role.STATE, **more)  # type: ignore[arg-type]
    return rows_of(state_runs(series, round(start * S), round(end * S)))


def runs_of(*rows: Run) -> StateRuns:
    us = [(round(start * S), round(end * S)) for start, end, _ in rows]
    codes = np.array([code for *_, code in rows])
    return StateRuns(
        np.array([start for start, _ in us], dtype=np.int64), np.array([end for _, end in us], dtype=np.int64), codes
    )


def test_a_reading_holds_until_the_next_one_and_equal_ones_are_one_run() -> None:
    assert of([(0, 1.0), (2, 1.0), (5, 3.0), (6, 1.0), (9, 1.0)], 0, 20) == [(0, 5, 1), (5, 6, 3), (6, 9, 1)]


def test_runs_are_cut_to_the_stretch_asked_for() -> None:
    assert of([(0, 1.0), (5, 3.0), (9, 3.0)], 3, 7) == [(3, 5, 1), (5, 7, 3)]
    assert of([(0, 1.0), (5, 3.0), (9, 3.0)], 5, 5) == []
    assert of([(0, 1.0), (5, 3.0), (9, 3.0)], 0, 5) == [(0, 5, 1)]


def test_the_newest_reading_holds_until_the_last_good_poll() -> None:
    assert of([(0, 1.0)], 0, 20, known=(0, 8)) == [(0, 8, 1)]


def test_a_tag_without_readings_has_no_runs() -> None:
    assert of([], 0, 10) == []
    assert of([], 0, 10, known=(0, 10)) == []
    assert len(no_runs()) == 0


def test_known_time_before_the_first_believed_reading_has_no_code() -> None:
    assert of([(4, 1.0)], 0, 10, known=(2, 8)) == [(4, 8, 1)]


def test_bad_time_is_absent_and_the_state_begins_anew_after_it() -> None:
    rows: list[Row] = [(0, 1.0), (2, NAN, BAD), (4, 1.0), (6, 2.0), (8, 2.0)]
    assert of(rows, 0, 10) == [(0, 2, 1), (4, 6, 1), (6, 8, 2)]


def test_uncertain_is_absent_unless_the_tag_uses_it() -> None:
    rows: list[Row] = [(0, 1.0), (2, 2.0, UNCERTAIN), (4, 1.0), (5, 1.0)]
    assert of(rows, 0, 10) == [(0, 2, 1), (4, 5, 1)]
    assert of(rows, 0, 10, use_uncertain=True) == [(0, 2, 1), (2, 4, 2), (4, 5, 1)]


def test_a_gap_cuts_a_run_and_the_state_read_before_holds_after_it() -> None:
    assert of([(0, 1.0), (9, 1.0)], 0, 10, gaps=[(3, 4)]) == [(0, 3, 1), (4, 9, 1)]


def test_a_change_read_within_a_gap_holds_from_its_end() -> None:
    assert of([(0, 1.0), (5, 2.0), (9, 1.0)], 0, 10, gaps=[(3, 7)]) == [(0, 3, 1), (7, 9, 2)]


def test_a_reading_holds_no_longer_than_the_tag_says() -> None:
    assert of([(0, 1.0), (1, 1.0), (8, 1.0)], 0, 20, max_hold_s=3, known=(0, 18)) == [(0, 4, 1), (8, 11, 1)]


def test_of_several_readings_at_one_time_the_last_that_arrived_holds() -> None:
    assert of([(0, 1.0), (5, 2.0), (5, 3.0), (9, 3.0)], 0, 10) == [(0, 5, 1), (5, 9, 3)]
    assert of([(0, 1.0), (5, 2.0), (5, 1.0), (9, 3.0)], 0, 10) == [(0, 9, 1)]
    assert of([(0, 1.0), (5, 2.0), (5, NAN, BAD), (9, 3.0)], 0, 10) == [(0, 5, 1)]
    assert of([(0, 1.0), (5, NAN, BAD), (5, 2.0), (9, 3.0)], 0, 10) == [(0, 5, 1), (5, 9, 2)]


def test_time_in_some_codes_is_a_set_of_intervals() -> None:
    runs = runs_of((0, 2, 1), (2, 3, 2), (3, 5, 3), (7, 9, 1))
    assert (where(runs, {1, 2}) / S).tolist() == [[0, 3], [7, 9]]
    assert where(runs, {5}).tolist() == []
    assert where(runs, ()).tolist() == []
    assert where(no_runs(), {1}).tolist() == []


def test_a_piece_counted_when_the_job_changes_is_the_earlier_jobs() -> None:
    runs = runs_of((0, 10, 7), (10, 20, 8))
    asked = np.array([10, 10.5, 20, 20.5]) * S
    assert np.nan_to_num(code_at(runs, asked.astype(np.int64)), nan=-1).tolist() == [7, 8, 8, -1]


def test_what_is_counted_when_the_job_is_known_again_is_the_job_that_is_read_then() -> None:
    runs = runs_of((0, 10, 7), (15, 20, 8))
    asked = np.array([0, 10, 12, 15, 16]) * S
    assert np.nan_to_num(code_at(runs, asked.astype(np.int64)), nan=-1).tolist() == [7, 7, -1, 8, 8]


def test_nothing_is_known_at_any_time_without_runs() -> None:
    assert np.isnan(code_at(no_runs(), np.array([1, 2], dtype=np.int64))).all()
    assert code_at(runs_of((0, 1, 1)), np.empty(0, dtype=np.int64)).tolist() == []


def test_joining_makes_one_run_of_one_that_was_cut() -> None:
    parts = [runs_of((0, 5, 1)), no_runs(), runs_of((5, 8, 1), (8, 9, 2)), runs_of((9, 10, 3), (11, 12, 3))]
    assert rows_of(joined_runs(parts)) == [(0, 8, 1), (8, 9, 2), (9, 10, 3), (11, 12, 3)]
    assert rows_of(joined_runs([])) == []
    assert rows_of(joined_runs([no_runs()])) == []


SERIES = st.builds(
    lambda rows, longer, gaps, hold, uncertain: series_of(
        sorted(rows, key=lambda row: row[0]),
        role=Role.STATE,
        known=(min(row[0] for row in rows), max(row[0] for row in rows) + longer) if rows else None,
        gaps=gaps,
        max_hold_s=hold,
        use_uncertain=uncertain,
    ),
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from([0.0, 1.0, 2.5]), st.sampled_from([GOOD, GOOD, UNCERTAIN, BAD])),
        max_size=10,
    ),
    st.integers(0, 5),
    st.lists(st.tuples(st.integers(0, 32), st.integers(0, 32)), max_size=2),
    st.sampled_from([None, 1.0, 4.0]),
    st.booleans(),
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(SERIES, st.lists(st.integers(-2 * S, 37 * S), max_size=4))
def test_it_makes_no_difference_where_time_is_cut(series: TagSeries, cuts: list[int]) -> None:
    bounds = [-2 * S, *sorted(cuts), 37 * S]
    parts = [state_runs(series, start, end) for start, end in pairwise(bounds)]
    assert rows_of(joined_runs(parts)) == rows_of(state_runs(series, bounds[0], bounds[-1]))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(SERIES)
def test_runs_fill_known_time_with_what_was_read_last(series: TagSeries) -> None:
    runs = state_runs(series, 0, 40 * S)
    spans = np.stack([runs.start_us, runs.end_us], axis=1)
    known = series.known(0, 40 * S)
    believed = series.believed()
    assert np.all(runs.start_us < runs.end_us)
    assert np.all(runs.end_us[:-1] <= runs.start_us[1:])
    touching = runs.end_us[:-1] == runs.start_us[1:]
    assert np.all(runs.code[1:][touching] != runs.code[:-1][touching])
    assert length_us(difference(union(spans, spans), known)) == 0
    for start, end in known.tolist():
        for middle in range(start + S // 2, end, S):
            earlier = believed.values[believed.times_us <= middle]
            found = code_at(runs, np.array([middle]))[0]
            assert found == earlier[-1] if len(earlier) else np.isnan(found)


def test_a_day_read_every_second_takes_no_longer_than_reading_it() -> None:
    generator = np.random.default_rng(7)
    series = series_of([(second, code) for second, code in enumerate(generator.integers(0, 4, 86400).tolist())])
    took = []
    for _ in range(5):
        start = time.perf_counter()
        runs = state_runs(series, 0, 86400 * S)
        took.append(time.perf_counter() - start)
    assert len(runs) > 60000
    assert min(took) < 0.05  # 10 ms are meant; a busy machine may take longer
