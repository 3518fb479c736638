"""Is what a work unit did over a stretch the sum of what it did over its parts, wherever the stretch is cut?"""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from series_of import NAN, Row, S, series_of

from collector.store.elements import from_bytes, to_bytes
from kpi.counter import Restarting, counter_steps
from kpi.counter_record import CounterRecord, counter_record, joined_counter
from kpi.demand import Blocks, blocks
from kpi.gauge_record import GaugeRecord, gauge_record
from kpi.series import TagSeries
from kpi.state import StateRuns, joined_runs, state_runs
from kpi.unit_record import Activity, Jobs, UnitRecord, joined_unit, with_activity, with_shares
from plant.intervals import EMPTY, Intervals, clip, difference, intervals
from plant.status_code import BAD, GOOD, UNCERTAIN
from plant.tag import CounterRules, Restarts, Role

END_S = 7200
NEVER = np.empty(0, dtype=np.int64)
TEXTS = {1: "P-1", 2: "P-2", 3: "주문 7"}

seconds = st.integers(0, END_S)
stretches = st.lists(st.tuples(seconds, seconds), max_size=4)
rules = st.builds(
    CounterRules,
    st.sampled_from(Restarts),
    st.none() | st.just(1000.0),
    st.none() | st.sampled_from((60.0, 4000.0)),
    st.sampled_from((0.0, 5.0)),
)


@st.composite
def counter_rows(draw: st.DrawFn) -> list[Row]:
    """Readings of a counter that mostly rises: some Bad, some Uncertain, some jumps and drops, some at one time."""
    times = sorted(draw(st.lists(seconds, max_size=14)))
    found: list[Row] = []
    value = draw(st.integers(0, 1000))
    for at in times:
        value = draw(st.one_of(st.just(value), st.integers(value, value + 30), st.integers(0, 1000)))
        status = draw(st.sampled_from((GOOD, GOOD, GOOD, GOOD, BAD, UNCERTAIN)))
        found.append((at, NAN if status == BAD else float(value), status))
    return found


@st.composite
def some_series(draw: st.DrawFn, role: Role = Role.ENERGY_IMPORT) -> TagSeries:
    rows = draw(counter_rows())
    known = (rows[0][0], max(rows[-1][0], draw(seconds))) if rows else None
    return series_of(
        rows,
        draw(rules),
        role=role,
        known=known,
        gaps=[(min(gap), max(gap)) for gap in draw(stretches)],
        max_hold_s=draw(st.none() | st.sampled_from((60.0, 900.0))),
        use_uncertain=draw(st.booleans()),
        source_offset_us=draw(st.sampled_from((0, 0, 5))),
    )


def set_of(rows: list[tuple[int, int]]) -> Intervals:
    return intervals([(min(row) * S, max(row) * S) for row in rows])


def record(series: TagSeries, start_s: int, end_s: int, told: tuple[Intervals, Intervals, Jobs]) -> CounterRecord:
    """The record of a counter with everything that records may have."""
    planned, producing, jobs = told
    bounds = start_s * S, end_s * S
    steps = counter_steps(series, Restarting(NEVER, NEVER))
    counted = steps.within(*bounds)
    found = with_shares(counter_record(series, steps, *bounds), counted, clip(planned, *bounds), cut(jobs, *bounds))
    idle = clip(difference(intervals([(0, END_S * S)]), producing), *bounds)
    found = with_activity(found, counted, Activity(clip(producing, *bounds), idle))
    return replace(found, blocks=blocks(series, steps, *bounds))


def cut(jobs: Jobs, start_us: int, end_us: int) -> Jobs:
    """The runs within a stretch and at its end, as they are read from it alone."""
    return Jobs(clipped(jobs.products, start_us, end_us + 1), clipped(jobs.orders, start_us, end_us + 1), jobs.texts)


def clipped(runs: StateRuns, start_us: int, end_us: int) -> StateRuns:
    starts, ends = np.maximum(runs.start_us, start_us), np.minimum(runs.end_us, end_us)
    some = starts < ends
    return StateRuns(starts[some], ends[some], runs.code[some])


@st.composite
def runs_of(draw: st.DrawFn, codes: tuple[float, ...] = (1.0, 2.0, 3.0)) -> StateRuns:
    edges = sorted({0, END_S, *draw(st.lists(seconds, max_size=5))})
    parts = [
        StateRuns(np.array([start * S]), np.array([end * S]), np.array([code]))
        for start, end in pairwise(edges)
        if (code := draw(st.sampled_from((*codes, None)))) is not None
    ]
    return joined_runs(parts)


told = st.tuples(stretches.map(set_of), stretches.map(set_of), st.builds(Jobs, runs_of(), runs_of(), st.just(TEXTS)))
quarters = st.lists(st.integers(0, END_S // 900).map(lambda at: at * 900), max_size=4)


def bounds_of(cuts: list[int]) -> list[tuple[int, int]]:
    return list(pairwise(sorted({0, END_S, *cuts})))


def same_blocks(a: Blocks | None, b: Blocks | None) -> None:
    assert a is not None
    assert b is not None
    assert a.start_us.tolist() == b.start_us.tolist()
    assert a.kwh == pytest.approx(b.kwh, abs=1e-9)
    assert a.estimated.tolist() == b.estimated.tolist()
    assert a.covered == pytest.approx(b.covered, abs=1e-9)


def same_counter(found: CounterRecord, whole: CounterRecord, expected: Intervals) -> None:
    assert found.amount == pytest.approx(whole.amount, abs=1e-9)
    assert (found.seen, found.flags) == (whole.seen, whole.flags)
    assert found.known.tolist() == whole.known.tolist()
    assert found.element(0, END_S * S, expected).coverages == whole.element(0, END_S * S, expected).coverages
    assert {share: total for share, total in found.shares.items() if total} == pytest.approx(
        {share: total for share, total in whole.shares.items() if total}, abs=1e-9
    )
    same_blocks(found.blocks, whole.blocks)
    assert (found.idle_kwh, found.idle_s, found.stated_s) == pytest.approx(
        (whole.idle_kwh, whole.idle_s, whole.stated_s), abs=1e-9
    )


@given(some_series(), quarters, told, stretches.map(set_of))
@settings(max_examples=80)
def test_a_counter_over_its_parts_is_the_counter_over_the_whole(
    series: TagSeries, cuts: list[int], what: tuple[Intervals, Intervals, Jobs], expected: Intervals
) -> None:
    parts = [record(series, *bounds, what) for bounds in bounds_of(cuts)]
    same_counter(joined_counter(parts), record(series, 0, END_S, what), expected)


@given(some_series(), st.lists(seconds, max_size=5), stretches.map(set_of))
@settings(max_examples=80)
def test_cut_at_any_second_amounts_flags_and_coverage_are_those_of_the_whole(
    series: TagSeries, cuts: list[int], expected: Intervals
) -> None:
    steps = counter_steps(series, Restarting(NEVER, NEVER))
    parts = [counter_record(series, steps, start * S, end * S) for start, end in bounds_of(cuts)]
    found, whole = joined_counter(parts), counter_record(series, steps, 0, END_S * S)
    assert found.amount == pytest.approx(whole.amount, abs=1e-9)
    assert (found.seen, found.flags) == (whole.seen, whole.flags)
    for due in (expected, intervals([(0, END_S * S)])):
        assert found.known_share(due) == whole.known_share(due)
        assert found.element(0, END_S * S, due) == whole.element(0, END_S * S, due)


@given(some_series(Role.POWER), some_series(Role.STATE), st.lists(seconds, max_size=5))
def test_gauges_and_states_over_their_parts_are_those_of_the_whole(
    gauge: TagSeries, state: TagSeries, cuts: list[int]
) -> None:
    def over(start_s: int, end_s: int) -> UnitRecord:
        bounds = start_s * S, end_s * S
        held = state.remarks_on_held(*bounds)
        return UnitRecord({}, {"kw": gauge_record(gauge, *bounds)}, state_runs(state, *bounds), held)

    found, whole = joined_unit([over(*bounds) for bounds in bounds_of(cuts)]), over(0, END_S)
    ours, theirs = found.gauges["kw"], whole.gauges["kw"]
    assert (ours.integral, ours.known_s) == pytest.approx((theirs.integral, theirs.known_s), abs=1e-6)
    assert ours.flags == theirs.flags
    assert rows(found.state) == rows(whole.state)
    assert found.state_flags == whole.state_flags


def rows(runs: StateRuns) -> list[tuple[int, int, float]]:
    return list(zip(runs.start_us.tolist(), runs.end_us.tolist(), runs.code.tolist(), strict=True))


def same_columns(a: Intervals, b: Intervals) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tolist() == b.tolist()


@given(some_series(), some_series(Role.POWER), runs_of(), told, st.booleans())
def test_a_kept_record_is_read_back_as_it_was(
    counter: TagSeries, gauge: TagSeries, state: StateRuns, what: tuple[Intervals, Intervals, Jobs], plain: bool
) -> None:
    counted = record(counter, 0, END_S, what)
    counters = {"계량기 1": counted, "b": replace(counted, blocks=None, shares={})}
    held = {"kw": gauge_record(gauge, 0, END_S * S), "nothing": GaugeRecord(0.0, 0.0)}
    kept = UnitRecord() if plain else UnitRecord(counters, held, state, frozenset({"clock"}))
    found = from_bytes(to_bytes(kept))
    assert found.gauges == kept.gauges
    assert rows(found.state) == rows(kept.state)
    assert found.state_flags == kept.state_flags
    assert list(found.counters) == list(kept.counters)
    for name, one in kept.counters.items():
        other = found.counters[name]
        assert (other.amount, other.seen, other.flags, other.shares) == (one.amount, one.seen, one.flags, one.shares)
        assert (other.idle_kwh, other.idle_s, other.stated_s) == (one.idle_kwh, one.idle_s, one.stated_s)
        assert all(same_columns(getattr(other, at), getattr(one, at)) for at in ("known", "holes", "bridges"))
        if one.blocks is None:
            assert other.blocks is None
        else:
            assert other.blocks is not None
            columns = ("start_us", "kwh", "estimated", "covered")
            assert all(same_columns(getattr(other.blocks, at), getattr(one.blocks, at)) for at in columns)


def test_a_record_that_was_read_back_can_be_joined() -> None:
    series = series_of([(0, 1.0), (1000, 5.0), (7200, 9.0)], role=Role.ENERGY_IMPORT)
    what = (EMPTY, EMPTY, Jobs())
    parts = [record(series, *bounds, what) for bounds in ((0, 3600), (3600, 7200))]
    back = [from_bytes(to_bytes(UnitRecord({"t": part}))) for part in parts]
    same_counter(joined_unit(back).counters["t"], record(series, 0, END_S, what), intervals([(0, END_S * S)]))
