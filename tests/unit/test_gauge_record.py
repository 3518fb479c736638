"""Time-weighted means of gauges, against a look at every second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_of import NAN, Row, S, series_of

from kpi.gauge_record import GaugeRecord, gauge_record, joined_gauge
from kpi.series import TagSeries
from plant.status_code import BAD, GOOD, UNCERTAIN
from plant.tag import Role


def gauge(rows: list[Row], **more: object) -> TagSeries:
    return series_of(rows, role=Role.POWER, **more)  # type: ignore[arg-type]


def of(series: TagSeries, start_s: int, end_s: int) -> GaugeRecord:
    return gauge_record(series, start_s * S, end_s * S)


def test_a_value_weighs_as_long_as_it_holds() -> None:
    found = of(gauge([(0, 10.0), (4, 20.0), (10, 99.0)]), 0, 10)
    assert found == GaugeRecord(10.0 * 4 + 20.0 * 6, 10.0)
    assert found.mean == 16


def test_the_reading_before_the_stretch_holds_into_it() -> None:
    assert of(gauge([(0, 10.0), (8, 30.0)], known=(0, 20)), 5, 10).mean == (10 * 3 + 30 * 2) / 5


def test_bad_time_gaps_and_time_beyond_the_hold_limit_weigh_nothing() -> None:
    assert of(gauge([(0, 10.0), (4, NAN, BAD), (8, 30.0)], known=(0, 10)), 0, 10).mean == (10 * 4 + 30 * 2) / 6
    assert of(gauge([(0, 10.0), (8, 30.0)], known=(0, 10), gaps=[(2, 9)]), 0, 10).mean == (10 * 2 + 30 * 1) / 3
    assert of(gauge([(0, 10.0), (8, 30.0)], known=(0, 10), max_hold_s=1.0), 0, 10).mean == 20


def test_an_uncertain_value_holds_only_where_the_tag_says_so() -> None:
    rows: list[Row] = [(0, 10.0), (5, 30.0, UNCERTAIN)]
    assert of(gauge(rows, known=(0, 10)), 0, 10).mean == 10
    assert of(gauge(rows, known=(0, 10), use_uncertain=True), 0, 10).mean == 20


def test_nothing_known_is_no_mean() -> None:
    assert of(gauge([]), 0, 10).mean is None
    assert joined_gauge([of(gauge([]), 0, 10)]) == GaugeRecord(0, 0)


ROWS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(-50, 50), st.sampled_from([GOOD, GOOD, BAD])),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[0],
).map(sorted)


@given(ROWS, st.integers(0, 30), st.integers(31, 60), st.none() | st.integers(1, 9))
def test_it_is_what_a_look_at_every_second_gives_and_two_halves_give_the_whole(
    rows: list[tuple[int, int, int]], start: int, end: int, hold: int | None
) -> None:
    full: list[Row] = [(at, float(value) if code == GOOD else NAN, code) for at, value, code in rows]
    series = gauge(full, max_hold_s=None if hold is None else float(hold))
    found = of(series, start, end)
    seconds = []
    for second in range(start, end):
        last = next((row for row in reversed(rows) if row[0] <= second), None)
        fresh = last is not None and (hold is None or second - last[0] < hold)
        if last and fresh and last[2] == GOOD and second < rows[-1][0]:
            seconds.append(last[1])
    assert (found.known_s, found.integral) == (len(seconds), pytest.approx(sum(seconds)))
    middle = (start + end) // 2
    joined = joined_gauge([of(series, start, middle), of(series, middle, end)])
    assert joined.integral == pytest.approx(found.integral)
    assert joined.known_s == pytest.approx(found.known_s)
