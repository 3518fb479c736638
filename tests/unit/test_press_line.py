"""Are the machines' counts whole, never falling, and the same for everyone who asks?"""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import US_PER_S
from plant.intervals import intervals
from simulators.press_line import ASSEMBLY_CELL, PRESS, Machine
from simulators.working_time import EPOCH_US, NOT_EXECUTING, OUT_OF_SERVICE, SETUP, PlannedTime

DAY_US = 86_400 * US_PER_S
INSTANTS = st.integers(EPOCH_US - DAY_US, EPOCH_US + 4 * 365 * DAY_US)
SEEDS = st.integers(0, 2**32)


def workdays(start_us: int, end_us: int) -> np.ndarray:
    """Eight hours of every day."""
    first = EPOCH_US + (start_us - EPOCH_US) // DAY_US * DAY_US
    return intervals((day + DAY_US // 3, day + 2 * DAY_US // 3) for day in range(first, end_us, DAY_US))


def machine(seed: int, shifts: bool = False) -> Machine:
    return Machine(seed, "press1", PRESS, PlannedTime(workdays if shifts else None))


def columns(of: Machine, times_us: np.ndarray) -> list[list[float]]:
    pieces, now = of.pieces(times_us), of.time.at(times_us)
    counts = [pieces.produced, pieces.good, pieces.scrap, pieces.rework, of.trial_pieces(times_us)]
    times = [now.since_us, now.planned_us, now.executing_us, now.setup_us, now.setups]
    return [column.tolist() for column in (*counts, *times, now.state, now.is_planned, of.cycle_time_s(times_us))]


@given(SEEDS, st.lists(INSTANTS, min_size=1, max_size=60), st.booleans())
@settings(max_examples=60, deadline=None)
def test_many_instants_at_once_give_what_each_gives_alone(seed: int, instants: list[int], shifts: bool) -> None:
    together = columns(machine(seed, shifts), np.array(instants, dtype=np.int64))
    another = machine(seed, shifts)  # asked in another order, so with other tables
    alone = [columns(another, np.array([instant], dtype=np.int64)) for instant in reversed(instants)]
    assert [list(row) for row in zip(*together, strict=True)] == [[c[0] for c in row] for row in reversed(alone)]


@given(SEEDS, INSTANTS, st.integers(1, 3 * 86_400), st.booleans())
@settings(max_examples=60, deadline=None)
def test_counts_never_fall_and_add_up(seed: int, start_us: int, length_s: int, shifts: bool) -> None:
    times_us = np.linspace(start_us, start_us + length_s * US_PER_S, 500).astype(np.int64)
    made = machine(seed, shifts)
    pieces, now = made.pieces(times_us), made.time.at(times_us)
    counters = (pieces.produced, pieces.good, pieces.scrap, pieces.rework, now.executing_us, now.setup_us, now.setups)
    for counter in counters:
        assert counter[0] >= 0
        assert np.all(np.diff(counter) >= 0)
    assert np.array_equal(pieces.produced, pieces.good + pieces.scrap + pieces.rework)
    standing_us = now.planned_us - now.executing_us - now.setup_us
    assert np.all(np.diff(standing_us) >= 0)
    assert np.all(np.diff(now.since_us - now.planned_us) >= 0)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_no_piece_is_taken_back_at_any_step(seed: int) -> None:
    times_us = EPOCH_US + 100 * DAY_US + np.arange(0, 8 * 3600 * US_PER_S, US_PER_S)
    pieces = machine(seed).pieces(times_us)
    assert set(np.diff(pieces.produced).tolist()) <= {0, 1}
    assert np.all(np.diff(pieces.good) >= 0)


def test_states_agree_with_durations() -> None:
    times_us = EPOCH_US + np.arange(0, 2 * DAY_US, US_PER_S)
    now = machine(7, shifts=True).time.at(times_us)
    grown_us = np.diff(now.executing_us)
    whole_second = now.state[:-1] == now.state[1:]
    assert set(grown_us[whole_second & (now.state[:-1] != 1)].tolist()) == {0}
    assert set(np.unique(now.state).tolist()) == {0, 1, 2, 3}
    assert np.all(now.state[~now.is_planned] == NOT_EXECUTING)


def test_a_plausible_month() -> None:
    times_us = EPOCH_US + 300 * DAY_US + np.arange(0, 28 * DAY_US, 10 * US_PER_S)
    for kind, lowest, highest in ((PRESS, 0.015, 0.03), (ASSEMBLY_CELL, 0.008, 0.02)):
        made = Machine(3, "cell", kind, PlannedTime())
        pieces, state = made.pieces(times_us), made.time.at(times_us).state
        defects = 1 - np.ptp(pieces.good) / np.ptp(pieces.produced)
        assert lowest < defects < highest
        assert 0.9 < np.mean(state == 1) < 0.98
        assert np.any(state == SETUP)
        assert np.any(state == OUT_OF_SERVICE)


def test_seeds_and_names_are_different_plants() -> None:
    times_us = EPOCH_US + np.arange(0, DAY_US, 60 * US_PER_S)
    states = [
        Machine(seed, name, PRESS, PlannedTime()).time.at(times_us).state.tolist()
        for seed, name in ((1, "a"), (1, "b"), (2, "a"))
    ]
    assert states[0] != states[1]
    assert states[0] != states[2]
    assert Machine(1, "a", PRESS, PlannedTime()).time.at(times_us).state.tolist() == states[0]


@pytest.mark.no_cover  # tracing takes time
@pytest.mark.parametrize("shifts", [False, True])
def test_an_instant_after_years_costs_less_than_a_millisecond(shifts: bool) -> None:
    made = machine(1, shifts)
    start_us = EPOCH_US + 6 * 365 * DAY_US
    made.pieces(np.array([start_us]))  # builds the tables
    best_s = min(_duration_s(made, start_us + n * US_PER_S) for n in range(1, 50))
    assert best_s < 0.001


def _duration_s(made: Machine, time_us: int) -> float:
    begin = time.perf_counter()
    made.pieces(np.array([time_us]))
    return time.perf_counter() - begin
