import math

import numpy as np
from columns import NAN, readings_of

from collector.store.aggregates import Aggregates, of_readings, widened
from collector.trend_line import HELD_TOO_LONG, Line, Unknown, held_too_long, line, merged, not_good
from plant.status_code import BAD, BAD_NO_DATA, GOOD


def _rows(drawn: Line) -> list[tuple[int, float | None]]:
    values = [None if math.isnan(value) else value for value in drawn.value.tolist()]
    return list(zip(drawn.times_us.tolist(), values, strict=True))


def _read(*pairs: tuple[int, float]) -> Aggregates:
    status = [BAD_NO_DATA if math.isnan(value) else GOOD for _, value in pairs]
    return of_readings(readings_of([time for time, _ in pairs], [value for _, value in pairs], status))


def _line(rows: Aggregates, unknown: list[Unknown], until_us: int, width_us: int = 0) -> Line:
    return line(rows, rows.last, unknown, width_us, until_us)


def test_the_last_value_holds_up_to_where_the_tag_is_known() -> None:
    assert _rows(_line(_read((10, 1.0), (20, 2.0)), [], 50)) == [(10, 1.0), (20, 2.0), (50, 2.0)]


def test_a_value_holds_up_to_a_gap_and_not_across_it() -> None:
    drawn = _line(_read((10, 1.0), (40, 2.0)), [Unknown(20, 40, "off")], 50)
    assert _rows(drawn) == [(10, 1.0), (20, 1.0), (20, None), (40, 2.0), (50, 2.0)]


def test_a_gap_that_starts_with_the_last_reading_before_it_breaks_the_line_after_that_reading() -> None:
    drawn = _line(_read((10, 1.0), (20, 3.0), (40, 2.0)), [Unknown(20, 40, "off")], 50)
    assert _rows(drawn) == [(10, 1.0), (20, 1.0), (20, 3.0), (20, None), (40, 2.0), (50, 2.0)]


def test_after_a_gap_without_a_reading_since_nothing_is_drawn() -> None:
    drawn = _line(_read((10, 1.0)), [Unknown(20, 30, "off"), Unknown(35, 40, "off")], 50)
    assert _rows(drawn) == [(10, 1.0), (20, 1.0), (20, None), (35, None), (35, None), (50, None)]


def test_a_bad_reading_breaks_the_line_until_the_next_good_one() -> None:
    rows = _read((10, 1.0), (20, NAN), (25, NAN), (30, 2.0))
    unknown = not_good(rows, 0, 40)
    assert unknown == [Unknown(20, 30, "BadNoData")]
    assert _rows(_line(rows, unknown, 40)) == [
        *((10, 1.0), (20, 1.0), (20, None), (20, None), (25, None)),
        *((30, 2.0), (40, 2.0)),
    ]


def test_a_bad_reading_at_the_end_lasts_to_where_the_tag_is_known() -> None:
    assert not_good(_read((10, 1.0), (20, NAN)), 0, 90) == [Unknown(20, 90, "BadNoData")]
    assert not_good(_read((10, 1.0)), 0, 90) == []


def test_a_stretch_that_ends_bad_is_followed_by_a_break_unless_the_next_begins_at_once() -> None:
    times, values = [1, 9, 11, 19, 41], [1.0, NAN, 2.0, NAN, 3.0]
    rows = widened(of_readings(readings_of(times, values, [GOOD, BAD, GOOD, BAD, GOOD])), 10)
    assert not_good(rows, 10, 50) == [Unknown(20, 40, "Bad")]


def test_a_reading_does_not_hold_beyond_its_longest() -> None:
    rows = _read((10, 1.0), (12, 2.0), (40, 3.0))
    assert held_too_long(rows, 0, 5, 42) == [Unknown(17, 40, HELD_TOO_LONG)]
    assert held_too_long(rows, 0, 5, 50) == [Unknown(17, 40, HELD_TOO_LONG), Unknown(45, 50, HELD_TOO_LONG)]
    assert held_too_long(of_readings(readings_of([], [])), 0, 5, 50) == []


def test_times_closer_than_can_be_drawn_are_one_with_the_cause_of_the_longest() -> None:
    parts = [Unknown(30, 60, "longest"), Unknown(10, 20, "first"), Unknown(64, 70, "short"), Unknown(90, 95, "apart")]
    assert merged(parts, 10) == [Unknown(10, 70, "longest"), Unknown(90, 95, "apart")]
    assert merged(parts[:2], 0) == [parts[1], parts[0]]


def test_a_gap_shorter_than_a_stretch_does_not_break_the_line() -> None:
    rows = widened(_read((5, 1.0), (25, 2.0)), 10)
    assert _rows(_line(rows, [Unknown(12, 15, "off")], 30, 10)) == [(0, 1.0), (20, 2.0), (30, 2.0)]


def test_a_stretch_that_begins_in_a_gap_is_drawn_from_the_gap_s_end() -> None:
    rows = widened(_read((5, 1.0), (37, 2.0)), 10)
    drawn = _rows(_line(rows, [Unknown(12, 36, "off")], 40, 10))
    assert drawn == [(0, 1.0), (12, 1.0), (12, None), (36, 2.0), (40, 2.0)]


def test_a_tag_without_readings_draws_nothing() -> None:
    drawn = _line(of_readings(readings_of([], [])), [Unknown(5, 10, "off")], 20)
    assert not np.isfinite(drawn.value).any()


def test_a_row_shows_the_range_of_its_stretch() -> None:
    rows = widened(_read((1, 5.0), (2, 9.0), (3, 1.0)), 10)
    drawn = _line(rows, [], 10, 10)
    assert (drawn.low.tolist(), drawn.high.tolist()) == ([1.0, 1.0], [9.0, 9.0])
