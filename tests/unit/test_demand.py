"""Quarter hours of demand, against a look at every second."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, Row, S, series_of

from kpi.counter import Restarting, counter_steps
from kpi.demand import BLOCK_US, Blocks, blocks, peak, together
from kpi.series import TagSeries
from plant.status_code import BAD
from plant.tag import CounterRules, Restarts, Role

NONE = np.empty(0, dtype=np.int64)
NEVER = CounterRules(Restarts.NEVER)
MIN = 60


def meter(rows: list[Row], **more: object) -> TagSeries:
    return series_of(rows, NEVER, role=Role.ENERGY_IMPORT, **more)  # type: ignore[arg-type]


def of(series: TagSeries, start_min: float, end_min: float) -> Blocks:
    bounds = round(start_min * 60 * S), round(end_min * 60 * S)
    return blocks(series, counter_steps(series, Restarting(NONE, NONE)), *bounds)


def test_a_step_of_twenty_minutes_is_shared_by_time() -> None:
    found = of(meter([(10 * MIN, 0.0), (30 * MIN, 40.0)]), 0, 30)
    assert found.kwh.tolist() == [10, 30]
    assert found.estimated.tolist() == [False, False]
    assert found.covered.tolist() == pytest.approx([1 / 3, 1])


def test_a_second_more_than_twenty_minutes_is_too_long_to_share() -> None:
    assert of(meter([(0, 0.0), (20 * MIN, 40.0)]), 0, 30).estimated.tolist() == [False, False]
    assert of(meter([(0, 0.0), (20 * MIN + 1, 40.0)]), 0, 30).estimated.tolist() == [True, True]


def test_a_long_step_over_the_start_or_the_end_makes_estimates_where_it_is() -> None:
    rows: list[Row] = [(-60 * MIN, 0.0), (10 * MIN, 7.0), (20 * MIN, 8.0), (28 * MIN, 9.0), (31 * MIN, 10.0)]
    assert of(meter([*rows, (120 * MIN, 19.0)]), 0, 45).estimated.tolist() == [True, False, True]


def test_a_long_step_before_or_after_the_period_makes_no_estimate() -> None:
    rows: list[Row] = [(-120 * MIN, 0.0), (-60 * MIN, 6.0)]
    rows += [(at * MIN, 20.0 + at) for at in range(-50, 51, 10)]
    assert of(meter([*rows, (110 * MIN, 90.0)]), 0, 45).estimated.tolist() == [False, False, False]
    up_to_the_start = meter([(-120 * MIN, 0.0), *((at * MIN, 9.0 + at) for at in (0, 15, 30))])
    assert of(up_to_the_start, 0, 30).estimated.tolist() == [False, False]


def test_a_longer_step_makes_every_quarter_hour_it_touches_an_estimate() -> None:
    found = of(meter([(0, 0.0), (10 * MIN, 5.0), (31 * MIN, 26.0), (60 * MIN, 30.0)]), 0, 45)
    assert found.estimated.tolist() == [True, True, True]
    found = of(meter([(0, 0.0), (15 * MIN, 5.0), (45 * MIN, 26.0), (60 * MIN, 30.0)]), 0, 60)
    assert found.estimated.tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("gap", "estimated"),
    [((20, 22), True), ((10, 15), False), ((25, 30), False), ((14, 16), True), ((24, 26), True), ((0, 60), True)],
)
def test_a_step_over_a_declared_gap_is_an_estimate(gap: tuple[float, float], estimated: bool) -> None:
    series = meter([(15 * MIN, 0.0), (25 * MIN, 10.0)], gaps=[(gap[0] * MIN, gap[1] * MIN)])
    assert of(series, 15, 30).estimated.tolist() == [estimated]


def test_blocks_start_on_the_quarter_hour_whatever_the_period() -> None:
    found = of(meter([(0, 0.0), (60 * MIN, 60.0)]), 5, 35)
    assert (found.start_us // (60 * S)).tolist() == [15, 30]
    assert found.kwh.tolist() == [15, 15]


@pytest.mark.parametrize("bounds", [(5, 10), (15, 15), (60, 0)])
def test_a_period_in_which_no_block_starts_has_none(bounds: tuple[float, float]) -> None:
    found = of(meter([(0, 0.0), (60 * MIN, 60.0)]), *bounds)
    assert [column.tolist() for column in (found.start_us, found.kwh, found.estimated, found.covered)] == [[]] * 4


def test_time_under_a_step_that_is_not_accepted_is_not_covered() -> None:
    found = of(meter([(0, 100.0), (6 * MIN, 50.0), (15 * MIN, 59.0)]), 0, 15)
    assert found.covered.tolist() == pytest.approx([0.6])
    assert found.kwh.tolist() == [9]


def test_a_meter_without_readings_has_empty_blocks() -> None:
    found = of(meter([]), 0, 30)
    assert (found.kwh.tolist(), found.covered.tolist()) == ([0, 0], [0, 0])


def test_meters_together_are_their_sum_and_as_good_as_the_worst() -> None:
    a = Blocks(np.array([0, 900]), np.array([1.0, 2.0]), np.array([False, False]), np.array([1.0, 0.5]))
    b = Blocks(np.array([0, 900]), np.array([3.0, 4.0]), np.array([True, False]), np.array([0.9, 1.0]))
    found = together([a, b])
    assert found.kwh.tolist() == [4, 6]
    assert found.estimated.tolist() == [True, False]
    assert found.covered.tolist() == [0.9, 0.5]


def test_the_peak_is_the_first_of_the_largest_blocks_that_may_set_one() -> None:
    kwh = np.array([9.0, 5.0, 8.0, 5.0])
    start = np.arange(4, dtype=np.int64) * BLOCK_US
    estimated, covered = np.array([True, False, False, False]), np.array([1.0, 0.95, 0.949, 1.0])
    assert peak(Blocks(start, kwh, estimated, covered)) == (20.0, BLOCK_US)


def test_there_is_no_peak_where_no_block_may_set_one() -> None:
    assert peak(of(meter([]), 0, 30)) is None
    assert peak(of(meter([]), 5, 10)) is None


def slowly(rows: list[Row], gaps: list[tuple[float, float]], first_min: int) -> tuple[float, bool, float]:
    """Energy, estimate and covered share of one quarter hour, by a look at every second of it."""
    kwh, estimated, covered = 0.0, False, 0
    good = [row for row in rows if len(row) == 2]
    for second in range(first_min * MIN, first_min * MIN + 900):
        step = next(((a, b) for a, b in itertools.pairwise(good) if a[0] <= second < b[0]), None)
        accepted = step is None or step[1][1] >= step[0][1]
        if step is not None:
            (t0, v0, *_), (t1, v1, *_) = step
            kwh += (v1 - v0) / (t1 - t0) if accepted else 0.0
            estimated |= t1 - t0 > 1200 or any(start < t1 and stop > t0 for start, stop in gaps if start < stop)
        before = [row for row in rows if row[0] <= second]
        inside = bool(before) and second < rows[-1][0] and len(before[-1]) == 2
        covered += inside and accepted and not any(start <= second < stop for start, stop in gaps)
    return kwh, estimated, covered / 900


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 150), st.integers(0, 50), st.integers(0, 9)), max_size=9, unique_by=lambda row: row[0]
    ),
    st.lists(st.tuples(st.integers(0, 75), st.integers(0, 75)), max_size=2),
)
def test_blocks_are_what_a_look_at_every_second_says(
    marks: list[tuple[int, int, int]], gaps_min: list[tuple[int, int]]
) -> None:
    rows: list[Row] = [(at * 30, float(value)) if kind else (at * 30, NAN, BAD) for at, value, kind in sorted(marks)]
    gaps = [(float(start * MIN), float(stop * MIN)) for start, stop in gaps_min]
    found = of(meter(list(rows), gaps=list(gaps)), 0, 75)
    wanted = [slowly(rows, gaps, first) for first in (0, 15, 30, 45, 60)]
    assert found.kwh.tolist() == pytest.approx([kwh for kwh, _, _ in wanted], abs=1e-9)
    assert found.estimated.tolist() == [estimated for _, estimated, _ in wanted]
    assert found.covered.tolist() == pytest.approx([covered for _, _, covered in wanted], abs=1e-9)
