"""What a counter counted in a period, and how much of the period is known."""

import numpy as np
import pytest
from series_of import NAN, Increase, S, increase, series_of

from kpi.counter import Restarting, counter_steps
from kpi.counter_record import counter_record, joined_counter
from kpi.series import TagSeries
from plant.intervals import EMPTY, intervals
from plant.status_code import BAD, UNCERTAIN
from plant.tag import CounterRules, Restarts

NONE = np.empty(0, dtype=np.int64)


def of(series: TagSeries, start: float, end: float, expected: list[tuple[float, float]] | None = None) -> Increase:
    steps = counter_steps(series, Restarting(NONE, NONE))
    due = intervals([(round(a * S), round(b * S)) for a, b in ([(start, end)] if expected is None else expected)])
    return increase(series, steps, round(start * S), round(end * S), due)


def test_a_step_counts_whole_in_the_period_of_its_later_reading() -> None:
    series = series_of([(0, 0.0), (10, 5.0), (20, 12.0)])
    assert of(series, 0, 10).element.value == 5
    assert of(series, 5, 15).element.value == 5
    assert of(series, 10, 20).element.value == 7
    assert of(series, 11, 19).element.value == 0


def test_the_first_reading_counts_nothing() -> None:
    found = of(series_of([(5, 700.0)], known=(5, 9)), 0, 10)
    assert (found.element.value, found.known_share) == (0, pytest.approx(0.4))


def test_nothing_known_and_nothing_read_is_no_value() -> None:
    assert of(series_of([]), 0, 10).element.value is None
    assert of(series_of([(20, 1.0), (30, 2.0)]), 0, 10).element.value is None


def test_a_reading_in_the_period_is_a_value_though_nothing_is_known() -> None:
    found = of(series_of([(10, 1.0)], known=(10, 10)), 0, 10)
    assert (found.element.value, found.element.coverage) == (0, 0)


def test_a_gap_inside_that_an_accepted_step_bridges_lowers_the_sums_coverage_not() -> None:
    found = of(series_of([(0, 0.0), (10, 5.0)], gaps=[(3, 5)]), 0, 10)
    assert (found.element.coverage, found.known_share) == (1.0, 0.8)


def test_a_gap_that_reaches_over_the_periods_end_is_not_bridged() -> None:
    series = series_of([(0, 0.0), (10, 5.0), (20, 9.0)], gaps=[(8, 12)])
    assert of(series, 0, 10).element.coverage == 0.8
    assert of(series, 10, 20).element.coverage == 0.8
    assert of(series, 0, 20).element.coverage == 1.0


def test_a_step_that_is_not_accepted_bridges_nothing() -> None:
    rules = CounterRules(Restarts.NEVER)
    found = of(series_of([(0, 9.0), (4, NAN, BAD), (6, 5.0), (10, 5.0)], rules), 0, 10)
    assert found.element.coverage == 0.8
    assert found.element.flags == {"counter_unknown_drop"}


def test_only_the_expected_part_of_a_period_needs_to_be_known() -> None:
    series = series_of([(2, 0.0), (6, 5.0)])
    assert of(series, 0, 10, [(2, 4)]).element.coverage == 1
    assert of(series, 0, 10, [(5, 9)]).element.coverage == 0.25
    found = increase(series, counter_steps(series, Restarting(NONE, NONE)), 0, 10 * S, EMPTY)
    assert found.element.coverage == 0


def test_flags_are_those_of_the_period() -> None:
    rules = CounterRules(Restarts.ANY, modulus=100.0, max_rate_per_h=36000.0, swap_tolerance=1.0)
    rows = [(0, 50.0), (1, 90.0), (2, 95.0), (3, 3.0), (4, 2.5), (20, 100.0), (21, 7.0)]
    series = series_of(list(rows), rules)
    assert of(series, 0, 1).element.flags == {"counter_jump"}
    assert of(series, 1, 2).element.flags == set()
    assert of(series, 2, 3).element.flags == {"counter_rollover"}
    assert of(series, 3, 4).element.flags == {"counter_disorder"}
    assert of(series_of([(0, 50.0), (1, 5.0)], CounterRules(Restarts.ANY)), 0, 1).element.flags == {"counter_reset"}


def test_a_clock_that_was_not_believed_and_an_uncertain_reading_leave_a_flag() -> None:
    assert of(series_of([(0, 1.0), (5, 2.0)], source_offset_us=7), 0, 10).element.flags == {"clock"}
    rows = [(0, 1.0), (5, 2.0, UNCERTAIN), (9, 3.0)]
    assert of(series_of(list(rows), use_uncertain=True), 0, 10).element.flags == {"suspect"}
    assert of(series_of(list(rows), use_uncertain=True), 5, 10).element.flags == set()
    assert of(series_of(list(rows)), 0, 10).element.flags == set()


def test_a_record_of_one_stretch_is_itself() -> None:
    series = series_of([(0, 0.0), (10, 5.0)])
    record = counter_record(series, counter_steps(series, Restarting(NONE, NONE)), 0, 10 * S)
    assert joined_counter([record]) is record
