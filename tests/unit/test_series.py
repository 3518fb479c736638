"""Over which time a tag is known."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, Row, S, series_of

from plant.intervals import length_us
from plant.status_code import BAD, UNCERTAIN


def known(rows: list[Row], start: float, end: float, **more: object) -> list[list[float]]:
    found = series_of(rows, **more).known(round(start * S), round(end * S))  # type: ignore[arg-type]
    return (found / S).tolist()


def test_a_tag_is_known_from_its_first_reading_to_its_last() -> None:
    assert known([(2, 1.0), (8, 1.0)], 0, 10) == [[2, 8]]
    assert known([(2, 1.0), (8, 1.0)], 4, 6) == [[4, 6]]


def test_a_live_tag_is_known_until_its_last_good_poll() -> None:
    assert known([(2, 1.0)], 0, 10, known=(2, 9)) == [[2, 9]]


def test_a_tag_without_readings_is_never_known() -> None:
    assert known([], 0, 10) == []


def test_the_time_from_a_bad_reading_to_the_next_good_one_is_not_known() -> None:
    assert known([(0, 1.0), (2, NAN, BAD), (3, NAN, BAD), (5, 1.0), (9, 1.0)], 0, 10) == [[0, 2], [5, 9]]


def test_where_every_reading_is_believed_no_time_lacks_belief() -> None:
    assert series_of([(0, 1.0), (2, 1.0)]).not_believed().tolist() == []


def test_after_a_bad_reading_at_the_end_nothing_is_known() -> None:
    assert known([(0, 1.0), (2, NAN, BAD)], 0, 10, known=(0, 9)) == [[0, 2]]


def test_uncertain_is_missing_unless_the_tag_uses_it() -> None:
    rows: list[Row] = [(0, 1.0), (2, 1.0, UNCERTAIN), (5, 1.0)]
    assert known(list(rows), 0, 10) == [[0, 2]]
    assert known(list(rows), 0, 10, use_uncertain=True) == [[0, 5]]


def test_declared_gaps_are_not_known() -> None:
    assert known([(0, 1.0), (9, 1.0)], 0, 10, gaps=[(3, 4)]) == [[0, 3], [4, 9]]


def test_how_often_a_tag_reads_never_counts_unless_it_says_how_long_a_reading_holds() -> None:
    rows: list[Row] = [(0, 1.0), (1, 1.0), (8, 1.0)]
    assert known(list(rows), 0, 10) == [[0, 8]]
    assert known(list(rows), 0, 20, max_hold_s=3, known=(0, 18)) == [[0, 4], [8, 11]]


def test_a_bad_reading_holds_nothing() -> None:
    assert known([(0, 1.0), (1, NAN, BAD), (8, 1.0), (9, 1.0)], 0, 10, max_hold_s=3) == [[0, 1], [8, 9]]


def naive(rows: list[Row], second: float, hold: float | None, gaps: list[tuple[float, float]], end: float) -> bool:
    """Whether the half second after `second` is known."""
    if not rows or not rows[0][0] <= second < end or any(start <= second < stop for start, stop in gaps):
        return False
    last = [row for row in rows if row[0] <= second][-1]
    return len(last) == 2 and (hold is None or second < last[0] + hold)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=8, unique_by=lambda row: row[0]),
    st.sampled_from([None, 1.0, 4.0]),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=2),
    st.integers(0, 5),
)
def test_known_time_is_what_a_look_at_every_second_says(
    marks: list[tuple[int, bool]], hold: float | None, gaps: list[tuple[float, float]], longer: int
) -> None:
    rows: list[Row] = [(at, 1.0) if good else (at, NAN, BAD) for at, good in sorted(marks)]
    end = rows[-1][0] + longer if rows else 0
    series = series_of(list(rows), known=(rows[0][0], end) if rows else None, gaps=gaps, max_hold_s=hold)
    found = series.known(0, 40 * S)
    seconds = {int(second) for start, stop in found // S for second in np.arange(start, stop)}
    assert seconds == {second for second in range(40) if naive(rows, second, hold, gaps, end)}
    assert length_us(found) == len(seconds) * S


def remarks(rows: list[Row], start: float, end: float, **more: object) -> tuple[set[str], set[str]]:
    """Remarks on what was read in (start, end], and on what held within [start, end)."""
    found = series_of(rows, **more)  # type: ignore[arg-type]
    bounds = round(start * S), round(end * S)
    return set(found.remarks(*bounds)), set(found.remarks_on_held(*bounds))


def test_an_uncertain_reading_marks_the_time_in_which_it_was_read_and_that_in_which_it_held() -> None:
    rows: list[Row] = [(0, 1.0), (2, 1.0, UNCERTAIN), (5, 1.0), (9, 1.0)]
    assert remarks(list(rows), 0, 2, use_uncertain=True) == ({"suspect"}, set())
    assert remarks(list(rows), 2, 4, use_uncertain=True) == (set(), {"suspect"})
    assert remarks(list(rows), 4, 6, use_uncertain=True) == (set(), {"suspect"})
    assert remarks(list(rows), 5, 9, use_uncertain=True) == (set(), set())
    assert remarks(list(rows), 0, 9) == (set(), set())


def test_readings_of_a_wrong_clock_are_remarked_and_no_readings_are_not() -> None:
    assert remarks([(1, 1.0), (5, 1.0)], 0, 3, source_offset_us=7) == ({"clock"}, {"clock"})
    assert remarks([(1, 1.0), (5, 1.0)], 2, 3, source_offset_us=7) == (set(), {"clock"})
    assert remarks([], 0, 3, source_offset_us=7) == (set(), set())
