"""Classes of counter steps, against a slow re-implementation that looks at one step at a time."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, S, series_of

from kpi.counter import Restarting, StepKind, counter_steps, spans
from kpi.series import TagSeries
from plant.reading import Readings
from plant.status_code import BAD, UNCERTAIN
from plant.tag import CounterRules, Restarts, Role, Tag

NONE = np.empty(0, dtype=np.int64)
NEVER = Restarting(NONE, NONE)
HOUR_S = 3600.0


def restarting(shifts_s: Sequence[float] = (), jobs_s: Sequence[float] = ()) -> Restarting:
    return Restarting(*(np.array([round(at * S) for at in some], dtype=np.int64) for some in (shifts_s, jobs_s)))


def classed(series: TagSeries, when: Restarting = NEVER) -> list[tuple[StepKind, float]]:
    steps = counter_steps(series, when)
    return [(StepKind(kind), amount) for kind, amount in zip(steps.kind.tolist(), steps.amount.tolist(), strict=True)]


def slowly(
    rows: list[tuple[int, float]], rules: CounterRules, shifts_s: Sequence[int], jobs_s: Sequence[int]
) -> list[tuple[StepKind, float]]:
    """Rollover, reset, disorder, unknown drop in this order, one step at a time, as the rules are written."""
    found = []
    for (t0, v0), (t1, v1) in itertools.pairwise(rows):
        rate, modulus = rules.max_rate_per_h, rules.modulus
        allow = None if rate is None else rate * ((t1 - t0) / HOUR_S) + rules.one_count
        if v1 >= v0:
            jump = allow is not None and v1 - v0 > allow
            found.append((StepKind.JUMP, 0.0) if jump else (StepKind.FORWARD, v1 - v0))
            continue
        if modulus is None or v0 > modulus:
            rolled = False
        elif allow is None:
            rolled = v0 >= 0.9 * modulus and v1 <= 0.1 * modulus
        else:
            rolled = v1 + modulus - v0 <= allow
        if rolled and modulus is not None:
            found.append((StepKind.ROLLOVER, v1 - v0 + modulus))
            continue
        if rules.restarts is Restarts.SHIFT:
            may = any(t0 - 3600 <= at <= t1 + 3600 for at in shifts_s)
        elif rules.restarts is Restarts.JOB:
            may = any(t0 < at <= t1 for at in jobs_s)
        else:
            may = rules.restarts is Restarts.ANY
        from_zero = v1 < v0 / 2 if allow is None else v1 <= allow
        if may and from_zero and v0 - v1 > rules.swap_tolerance:
            found.append((StepKind.RESET, v1))
        elif v0 - v1 <= rules.swap_tolerance:
            found.append((StepKind.DISORDER, v1 - v0))
        else:
            found.append((StepKind.UNKNOWN_DROP, 0.0))
    return found


RULES = st.builds(
    CounterRules,
    restarts=st.sampled_from(Restarts),
    modulus=st.sampled_from([None, 100.0, 1000.0]),
    max_rate_per_h=st.sampled_from([None, 10.0, 100.0, 3600.0]),
    swap_tolerance=st.sampled_from([0.0, 1.0, 30.0]),
    one_count=st.sampled_from([1.0, 0.5]),
)
TIMES = st.integers(0, 40_000)


@settings(max_examples=600, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.integers(0, 1000).map(float)), max_size=10, unique_by=lambda row: row[0]),
    RULES,
    st.lists(TIMES, max_size=3, unique=True),
    st.lists(TIMES, max_size=3, unique=True),
)
def test_classes_are_those_of_a_slow_look_at_each_step(
    rows: list[tuple[int, float]], rules: CounterRules, shifts_s: list[int], jobs_s: list[int]
) -> None:
    rows.sort()
    when = restarting(sorted(shifts_s), sorted(jobs_s))
    assert classed(series_of(list(rows), rules), when) == slowly(rows, rules, shifts_s, jobs_s)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.integers(0, 1000).map(float)), max_size=10, unique_by=lambda row: row[0]),
    RULES,
    st.lists(st.integers(0, 40_000), max_size=4),
)
def test_parts_of_a_period_add_up(rows: list[tuple[int, float]], rules: CounterRules, bounds: list[int]) -> None:
    steps = counter_steps(series_of(sorted(rows), rules), NEVER)
    edges = [-1, *sorted(bounds), 40_001]
    parts = [steps.within(start * S, end * S).amount.sum() for start, end in itertools.pairwise(edges)]
    assert sum(parts) == steps.amount.sum() == steps.within(-S, 40_001 * S).amount.sum()


@pytest.mark.parametrize("rows", [[], [(0, 5.0)]])
def test_fewer_than_two_readings_make_no_step(rows: list[tuple[float, float]]) -> None:
    assert classed(series_of(list(rows))) == []


def test_bad_readings_are_stepped_over_and_uncertain_ones_where_they_are_not_believed() -> None:
    rows = [(0, 1.0), (1, NAN, BAD), (2, 3.0, UNCERTAIN), (3, 4.0)]
    assert classed(series_of(list(rows))) == [(StepKind.FORWARD, 3.0)]
    assert classed(series_of(list(rows), use_uncertain=True)) == [(StepKind.FORWARD, 2.0), (StepKind.FORWARD, 1.0)]


def test_a_torn_read_is_a_jump_and_the_counter_goes_on_from_it() -> None:
    rules = CounterRules(Restarts.NEVER, max_rate_per_h=3600.0)
    rows = [(0, 100.0), (1, 65636.0), (2, 101.0), (3, 102.0)]
    assert classed(series_of(list(rows), rules)) == [
        (StepKind.JUMP, 0.0),
        (StepKind.UNKNOWN_DROP, 0.0),
        (StepKind.FORWARD, 1.0),
    ]


def test_one_count_more_than_the_largest_rate_is_allowed() -> None:
    rules = CounterRules(Restarts.NEVER, max_rate_per_h=3600.0)
    assert classed(series_of([(0, 0.0), (1, 2.0)], rules)) == [(StepKind.FORWARD, 2.0)]
    assert classed(series_of([(0, 0.0), (1, 2.5)], rules)) == [(StepKind.JUMP, 0.0)]


def test_a_counter_above_its_modulus_does_not_roll_over() -> None:
    rules = CounterRules(Restarts.NEVER, modulus=100.0)
    assert classed(series_of([(0, 250.0), (60, 5.0)], rules)) == [(StepKind.UNKNOWN_DROP, 0.0)]


BY_RATE = {"max_rate_per_h": 3600.0}  # one a second, so a step of one second allows 1 + 1 = 2
FORWARD, ROLLOVER, RESET, DISORDER, _, JUMP, UNKNOWN = StepKind


@pytest.mark.parametrize(
    ("v0", "v1", "rules", "expected"),
    [
        (90, 10, {"modulus": 100.0}, (ROLLOVER, 20.0)),
        (89, 10, {"modulus": 100.0}, (UNKNOWN, 0.0)),
        (90, 11, {"modulus": 100.0}, (UNKNOWN, 0.0)),
        (100, 0, {"modulus": 100.0}, (ROLLOVER, 0.0)),
        (101, 0, {"modulus": 100.0}, (UNKNOWN, 0.0)),
        (99, 1, {"modulus": 100.0, **BY_RATE}, (ROLLOVER, 2.0)),
        (99, 2, {"modulus": 100.0, **BY_RATE}, (UNKNOWN, 0.0)),
        (10, 4, {"restarts": Restarts.ANY}, (RESET, 4.0)),
        (10, 5, {"restarts": Restarts.ANY}, (UNKNOWN, 0.0)),
        (10, 0, {"restarts": Restarts.ANY}, (RESET, 0.0)),
        (10, -1, {"restarts": Restarts.ANY}, (UNKNOWN, 0.0)),
        (100, 2, {"restarts": Restarts.ANY, **BY_RATE}, (RESET, 2.0)),
        (100, 3, {"restarts": Restarts.ANY, **BY_RATE}, (UNKNOWN, 0.0)),
        (5, 0, {"restarts": Restarts.ANY, "swap_tolerance": 5.0}, (DISORDER, -5.0)),
        (6, 0, {"restarts": Restarts.ANY, "swap_tolerance": 5.0}, (RESET, 0.0)),
        (6, 1, {"swap_tolerance": 5.0}, (DISORDER, -5.0)),
        (7, 1, {"swap_tolerance": 5.0}, (UNKNOWN, 0.0)),
        (7, 7, BY_RATE, (FORWARD, 0.0)),
        (7, 9, BY_RATE, (FORWARD, 2.0)),
        (7, 10, BY_RATE, (JUMP, 0.0)),
        (7, 1e9, {}, (FORWARD, 999_999_993.0)),
    ],
)
def test_a_step_on_a_limit_is_still_within_it(
    v0: float, v1: float, rules: dict[str, Any], expected: tuple[StepKind, float]
) -> None:
    assert classed(series_of([(0, v0), (1, v1)], CounterRules(**{"restarts": Restarts.NEVER, **rules}))) == [expected]


@pytest.mark.parametrize(
    ("restarts", "event_s", "believed"),
    [
        (Restarts.JOB, 100.0, False),
        (Restarts.JOB, 100.000001, True),
        (Restarts.JOB, 160.0, True),
        (Restarts.JOB, 160.000001, False),
        (Restarts.SHIFT, 100 - 3600.0, True),
        (Restarts.SHIFT, 100 - 3600.000001, False),
        (Restarts.SHIFT, 160 + 3600.0, True),
        (Restarts.SHIFT, 160 + 3600.000001, False),
    ],
)
def test_a_restart_is_believed_after_the_earlier_reading_or_within_an_hour_of_a_shift(
    restarts: Restarts, event_s: float, believed: bool
) -> None:
    when = restarting(**{"jobs_s" if restarts is Restarts.JOB else "shifts_s": [event_s]})
    found = classed(series_of([(100, 50.0), (160, 3.0)], CounterRules(restarts)), when)
    assert found == [(RESET, 3.0) if believed else (UNKNOWN, 0.0)]


def test_a_step_counts_in_the_period_that_its_later_reading_ends() -> None:
    steps = counter_steps(series_of([(0, 0.0), (10, 1.0), (20, 3.0), (30, 7.0)], CounterRules(Restarts.NEVER)), NEVER)
    part = steps.within(10 * S, 20 * S)
    assert part.before_us.tolist() == [10 * S]
    assert part.at_us.tolist() == [20 * S]
    assert part.amount.tolist() == [2.0]
    assert part.kind.tolist() == [FORWARD]


def test_a_swapped_pair_nets_out() -> None:
    rules = CounterRules(Restarts.ANY, swap_tolerance=2.0)
    found = classed(series_of([(0, 10.0), (1, 12.0), (2, 11.0), (3, 13.0)], rules))
    assert [kind for kind, _ in found] == [StepKind.FORWARD, StepKind.DISORDER, StepKind.FORWARD]
    assert sum(amount for _, amount in found) == 3


def test_accepted_steps_are_those_that_add() -> None:
    assert [kind for kind in StepKind if kind.accepted] == [
        StepKind.FORWARD,
        StepKind.ROLLOVER,
        StepKind.RESET,
        StepKind.DISORDER,
        StepKind.CHANGED,
    ]


def test_spans_are_the_times_of_the_chosen_steps() -> None:
    steps = counter_steps(series_of([(0, 10.0), (1, 12.0), (2, 11.0)], CounterRules(Restarts.NEVER)), NEVER)
    assert spans(steps, steps.accepted).tolist() == [[0, S]]
    assert spans(steps, ~steps.accepted).tolist() == [[S, 2 * S]]


def test_a_jump_is_no_accepted_step() -> None:
    steps = counter_steps(series_of([(0, 0.0), (1, 2.0), (2, 9.0)], CounterRules(Restarts.NEVER, **BY_RATE)), NEVER)
    assert steps.accepted.tolist() == [True, False]


def test_what_is_no_counter_has_no_steps() -> None:
    with pytest.raises(ValueError, match="is not a counter"):
        counter_steps(TagSeries(Tag("t", "press1", Role.POWER, "kW"), Readings.empty()), NEVER)
