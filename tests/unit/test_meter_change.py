"""Steps of a counter whose meter was exchanged between two readings."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, Row, S, increase, series_of

from kpi.counter import Restarting, StepKind, Steps, counter_steps
from plant.correction import MeterChange
from plant.intervals import intervals
from plant.status_code import BAD
from plant.tag import CounterRules, Restarts

NONE = np.empty(0, dtype=np.int64)
NEVER = Restarting(NONE, NONE)
ENERGY = CounterRules(Restarts.NEVER)
RATED = CounterRules(Restarts.NEVER, max_rate_per_h=3600.0)  # 1 a second, and one count
MODULAR = CounterRules(Restarts.NEVER, modulus=1000.0)


def change(at_s: float, old_final: float, new_first: float, tag: str = "t") -> MeterChange:
    return MeterChange(tag, round(at_s * S), old_final, new_first)


def steps(rows: Sequence[Row], changes: Sequence[MeterChange], rules: CounterRules = ENERGY) -> Steps:
    return counter_steps(series_of(list(rows), rules), NEVER, changes)


def classed(
    rows: Sequence[Row], changes: Sequence[MeterChange], rules: CounterRules = ENERGY
) -> list[tuple[StepKind, float]]:
    found = steps(rows, changes, rules)
    return [(StepKind(kind), amount) for kind, amount in zip(found.kind.tolist(), found.amount.tolist(), strict=True)]


def test_the_step_over_a_change_counts_what_both_meters_counted() -> None:
    # 5012 - 5000 by the old meter, 7 - 3 by the new one
    found = classed([(0, 4990.0), (60, 5000.0), (120, 7.0), (180, 9.0)], [change(90, 5012, 3)])
    assert found == [(StepKind.FORWARD, 10.0), (StepKind.CHANGED, 16.0), (StepKind.FORWARD, 2.0)]


def test_without_the_change_it_is_an_unknown_drop() -> None:
    assert classed([(0, 5000.0), (120, 7.0)], []) == [(StepKind.UNKNOWN_DROP, 0.0)]


def test_a_new_meter_that_shows_more_than_the_old_one_is_no_production() -> None:
    assert classed([(0, 100.0), (60, 950.0)], [change(30, 110, 940)]) == [(StepKind.CHANGED, 20.0)]


def test_a_change_takes_the_place_of_a_believed_restart() -> None:
    rules = CounterRules(Restarts.ANY)
    assert classed([(0, 100.0), (60, 5.0)], [], rules) == [(StepKind.RESET, 5.0)]
    assert classed([(0, 100.0), (60, 5.0)], [change(30, 120, 0)], rules) == [(StepKind.CHANGED, 25.0)]


def test_several_changes_in_one_step_are_chained_in_whatever_order_they_are_told() -> None:
    # 110 - 100, then 45 - 40 by a meter that stayed for a minute, then 8 - 2
    told = [change(120, 45, 2), change(60, 110, 40)]
    for changes in (told, told[::-1]):
        assert classed([(0, 100.0), (180, 8.0)], changes) == [(StepKind.CHANGED, 21.0)]


def test_changes_in_several_steps_count_each_in_its_own() -> None:
    rows = [(0, 100.0), (60, 5.0), (120, 9.0), (180, 1.0)]
    found = classed(rows, [change(30, 110, 0), change(150, 10, 0)])
    assert found == [(StepKind.CHANGED, 15.0), (StepKind.FORWARD, 4.0), (StepKind.CHANGED, 2.0)]


def test_a_change_at_the_time_of_a_reading_lies_before_it() -> None:
    rows = [(0, 100.0), (60, 5.0), (120, 9.0)]
    assert classed(rows, [change(60, 110, 0)])[0] == (StepKind.CHANGED, 15.0)
    assert classed(rows, [change(0, 110, 0)])[0] == (StepKind.UNKNOWN_DROP, 0.0)


@pytest.mark.parametrize("at_s", [-1, 0, 121])
def test_a_change_outside_all_steps_changes_nothing(at_s: float) -> None:
    assert classed([(0, 100.0), (120, 130.0)], [change(at_s, 110, 0)]) == [(StepKind.FORWARD, 30.0)]
    assert classed([(0, 100.0)], [change(at_s, 110, 0)]) == []
    assert classed([], [change(at_s, 110, 0)]) == []


def test_a_change_of_another_tag_changes_nothing() -> None:
    assert classed([(0, 100.0), (60, 5.0)], [change(30, 110, 0, "other")]) == [(StepKind.UNKNOWN_DROP, 0.0)]


def test_bad_readings_around_the_exchange_are_stepped_over() -> None:
    rows: list[Row] = [(0, 100.0), (20, NAN, BAD), (40, NAN, BAD), (60, 5.0)]
    assert classed(rows, [change(30, 110, 0)]) == [(StepKind.CHANGED, 15.0)]


def test_an_impossible_part_leaves_the_step_as_it_was() -> None:
    drop, rise = [(0, 100.0), (60, 5.0)], [(0, 100.0), (60, 130.0)]
    assert classed(drop, [change(30, 90, 0)]) == [(StepKind.UNKNOWN_DROP, 0.0)]  # the old meter ran backwards
    assert classed(drop, [change(30, 110, 6)]) == [(StepKind.UNKNOWN_DROP, 0.0)]  # the new one did
    assert classed(rise, [change(30, 90, 0)]) == [(StepKind.FORWARD, 30.0)]
    between = [change(20, 110, 40), change(40, 39, 0)]
    assert classed(drop, between) == [(StepKind.UNKNOWN_DROP, 0.0)]  # one that stayed in between did


def test_no_part_may_be_faster_than_the_largest_rate() -> None:
    rows = [(0, 100.0), (60, 20.0)]
    assert classed(rows, [change(30, 131, 0)], RATED) == [(StepKind.CHANGED, 51.0)]  # 31 in 30 s: one count more
    assert classed(rows, [change(30, 131.5, 0)], RATED) == [(StepKind.UNKNOWN_DROP, 0.0)]
    assert classed(rows, [change(50, 131, 0)], RATED) == [(StepKind.UNKNOWN_DROP, 0.0)]  # 20 in 10 s
    assert classed([(0, 100.0), (60, 5000.0)], [change(30, 110, 0)], RATED) == [(StepKind.JUMP, 0.0)]


def test_what_the_old_meter_showed_last_may_lie_below_its_last_reading_by_the_swap_tolerance() -> None:
    rules = CounterRules(Restarts.NEVER, swap_tolerance=2.0)
    rows = [(0, 100.0), (60, 5.0)]
    assert classed(rows, [change(30, 98, 0)], rules) == [(StepKind.CHANGED, 3.0)]
    assert classed(rows, [change(30, 97.5, 0)], rules) == [(StepKind.UNKNOWN_DROP, 0.0)]
    assert classed(rows, [change(30, 110, 6)], rules) == [(StepKind.UNKNOWN_DROP, 0.0)]


def test_a_meter_may_roll_over_on_either_side_of_the_change() -> None:
    assert classed([(0, 990.0), (60, 5.0)], [change(30, 4, 0)], MODULAR) == [(StepKind.CHANGED, 19.0)]
    # a new meter that was wound back for its test: 998 to 3 is 5
    assert classed([(0, 500.0), (60, 3.0)], [change(30, 510, 998)], MODULAR) == [(StepKind.CHANGED, 15.0)]


def test_sums_too_large_for_a_number_are_not_believed() -> None:
    rows = [(0, 1.7e308), (60, 0.0)]
    assert classed(rows, [change(20, 1.7e308, 0), change(40, 1.7e308, 0)]) == [(StepKind.CHANGED, 1.7e308)]
    rows = [(0, 0.0), (60, 0.0)]
    assert classed(rows, [change(20, 1.7e308, 0), change(40, 1.7e308, 0)]) == [(StepKind.FORWARD, 0.0)]


def test_the_sum_of_a_period_is_corrected_and_complete() -> None:
    series = series_of([(0, 100.0), (10, 110.0), (50, 5.0), (60, 9.0)], ENERGY, gaps=[(12, 48)])
    whole = intervals([(0, 60 * S)])
    without = increase(series, counter_steps(series, NEVER), 0, 60 * S, whole)
    assert (without.element.value, without.element.flags) == (14, {"counter_unknown_drop"})
    found = increase(series, counter_steps(series, NEVER, [change(30, 113, 1)]), 0, 60 * S, whole)
    assert (found.element.value, found.element.flags) == (10 + 3 + 4 + 4, {"corrected"})
    assert (found.element.coverage, found.known_share) == (1.0, 0.4)


PARTS = st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=5), min_size=1, max_size=4)
"""What each meter counted from one reading, or its exchange, to the next."""


@settings(max_examples=300, derandomize=True, deadline=None)
@given(PARTS, st.lists(st.integers(0, 5000), min_size=4, max_size=4), st.randoms(use_true_random=False))
def test_nothing_is_lost_or_doubled_over_any_number_of_exchanges(
    meters: list[list[int]], begin: list[int], random: object
) -> None:
    """Each meter begins somewhere, counts, and is read after every amount but the last, when it is exchanged."""
    rows: list[Row] = [(0, float(begin[0]))]
    changes = []
    second, shown = 0, begin[0]
    for number, amounts in enumerate(meters):
        for amount in amounts:
            second, shown = second + 10, shown + amount
            rows.append((second, float(shown)))
        if number + 1 < len(meters):
            rows.pop()  # what it shows last is seen by whoever exchanges it
            second += 5
            changes.append(change(second, shown, begin[number + 1]))
            shown = begin[number + 1]
    rows.append((second + 1, float(shown)))
    random.shuffle(changes)  # type: ignore[attr-defined]
    found = steps(rows, changes)
    counted = sum(itertools.chain.from_iterable(meters))
    assert found.amount.sum() == counted
    assert (found.kind <= StepKind.CHANGED).all()


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 1000)), max_size=8, unique_by=lambda row: row[0]),
    st.lists(st.tuples(st.integers(-5, 205), st.integers(0, 1000), st.integers(0, 1000)), max_size=4),
    st.sampled_from([ENERGY, RATED, MODULAR, CounterRules(Restarts.ANY, swap_tolerance=5.0)]),
)
def test_a_step_is_changed_or_as_it_was_and_always_a_number(
    rows: list[tuple[int, int]], told: list[tuple[int, int, int]], rules: CounterRules
) -> None:
    readings = [(float(at), float(value)) for at, value in sorted(rows)]
    was, found = classed(readings, [], rules), classed(readings, [change(*one) for one in told], rules)
    for before, after in zip(was, found, strict=True):
        assert after == before or after[0] is StepKind.CHANGED
        assert np.isfinite(after[1])
