"""How long has a machine run, been set up and stood still since the simulated plant began?

Every duration is a closed form of the instant: planned time comes from the shifts, and within planned time each block
of ten minutes draws its own setup and its own stop. Tables of running totals make any instant equally cheap.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.instant import US_PER_S
from plant.intervals import Intervals
from plant.reading import I64
from simulators.chance import between, key_of, share

EPOCH_US = 1_704_067_200 * US_PER_S
"""2024-01-01T00:00Z: the simulated plant begins, all its counters are 0 until then."""
BLOCK_US = 600 * US_PER_S
_TABLE_US = 365 * 86_400 * US_PER_S

Mask = NDArray[np.bool_]
Planned = Callable[[int, int], Intervals]
"""Planned time within [start, end), as `ShiftCalendar.planned` of a work unit."""

NOT_EXECUTING, EXECUTING, SETUP, OUT_OF_SERVICE = range(4)  # order of plant.tag.MachineState


@dataclass(frozen=True, slots=True)
class Durations:
    """Columns for the instants asked for: totals since EPOCH_US [us], the state, and how many setups have begun.

    since_us is the time since EPOCH_US; planned_us = executing + setup + standing still in planned time. is_planned:
    whether the machine is meant to work at the instant itself.
    """

    since_us: I64
    planned_us: I64
    executing_us: I64
    setup_us: I64
    setups: I64
    state: I64
    is_planned: Mask


class PlannedTime:
    """Planned time since EPOCH_US, as a function of the instant. Without `planned`, all time is."""

    def __init__(self, planned: Planned | None = None) -> None:
        self._planned = planned
        self._until_us = EPOCH_US
        self._starts = np.array([EPOCH_US], dtype=np.int64)
        self._lengths = np.zeros(1, dtype=np.int64)
        self._before = np.zeros(1, dtype=np.int64)

    def at(self, times_us: I64) -> tuple[I64, Mask]:
        """Planned time before each instant [us], and whether the instant itself is planned."""
        since = np.maximum(times_us - EPOCH_US, 0)
        if self._planned is None:
            return since, np.asarray(times_us >= EPOCH_US)
        self._reach(int(times_us.max()) if len(times_us) else EPOCH_US)
        row = np.maximum(np.searchsorted(self._starts, times_us, side="right") - 1, 0)
        into = np.maximum(times_us - self._starts[row], 0)
        inside = (times_us >= self._starts[row]) & (into < self._lengths[row])
        return self._before[row] + np.minimum(into, self._lengths[row]), np.asarray(inside)

    def _reach(self, time_us: int) -> None:
        if time_us < self._until_us or self._planned is None:
            return
        self._until_us = EPOCH_US + ((time_us - EPOCH_US) // _TABLE_US + 1) * _TABLE_US
        rows = self._planned(EPOCH_US, self._until_us)
        if len(rows):
            self._starts, self._lengths = rows[:, 0], rows[:, 1] - rows[:, 0]
            self._before = np.cumsum(self._lengths) - self._lengths


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What blocks of planned time hold, in this order: setup, running, a stop, running. Columns [us]."""

    setup: I64
    before_stop: I64
    stop: I64
    is_failure: Mask

    @property
    def executing(self) -> I64:
        return np.asarray(BLOCK_US - self.setup - self.stop)


class WorkingTime:
    """The durations and states of one machine. A pure function of seed, name, shifts and instant."""

    def __init__(self, seed: int, name: str, planned: PlannedTime) -> None:
        self._planned = planned
        self._keys = [key_of(seed, name, part) for part in ("setup?", "setup", "stop?", "idle", "failure", "when")]
        self._executing = np.zeros(1, dtype=np.int64)  # totals before block k; the tables only ever grow
        self._setup = np.zeros(1, dtype=np.int64)
        self._setups = np.zeros(1, dtype=np.int64)
        self._last: tuple[I64, Durations] | None = None

    def at(self, times_us: I64) -> Durations:
        """Durations and states at these instants [UTC us]."""
        last = self._last  # all tags of a machine ask with the very same array
        if last is not None and last[0] is times_us:
            return last[1]
        durations = self._durations(times_us)
        self._last = (times_us, durations)
        return durations

    def _durations(self, times_us: I64) -> Durations:
        planned, inside = self._planned.at(times_us)
        index = planned // BLOCK_US
        self._reach(int(index.max()) if len(index) else 0)
        into = planned - index * BLOCK_US
        block = self._blocks(index)
        stop_at = block.setup + block.before_stop
        stop_end = stop_at + block.stop
        run = np.clip(into - block.setup, 0, block.before_stop) + np.maximum(into - stop_end, 0)
        stopped = np.where(block.is_failure, OUT_OF_SERVICE, NOT_EXECUTING)
        state = np.where(into < block.setup, SETUP, np.where((into >= stop_at) & (into < stop_end), stopped, EXECUTING))
        return Durations(
            since_us=np.maximum(times_us - EPOCH_US, 0),
            planned_us=planned,
            executing_us=self._executing[index] + run,
            setup_us=self._setup[index] + np.minimum(into, block.setup),
            setups=self._setups[index] + (block.setup > 0),
            state=np.where(inside, state, NOT_EXECUTING),
            is_planned=inside,
        )

    def _blocks(self, index: I64) -> _Blocks:
        has_setup, setup, has_stop, idle, failure, when = self._keys
        setup_s = np.where(share(has_setup, index) < 1 / 16, between(setup, index, 60, 240), 0)
        chance = share(has_stop, index)
        is_failure = np.asarray(chance < 1 / 60)
        idle_s = np.where(chance < 0.4, between(idle, index, 5, 40), 0)
        # A failure lasts longer than the five minutes from which it counts as one.
        stop_s = np.where(is_failure, between(failure, index, 310, 355), idle_s)
        running = BLOCK_US - (setup_s + stop_s) * US_PER_S
        before = (share(when, index) * running).astype(np.int64)
        return _Blocks(setup_s * US_PER_S, before, stop_s * US_PER_S, is_failure)

    def _reach(self, index: int) -> None:
        have = len(self._executing) - 1
        if index <= have:
            return
        rows = np.arange(have, max(index, have * 5 // 4) + 1, dtype=np.int64)
        block = self._blocks(rows)
        self._executing = _continued(self._executing, block.executing)
        self._setup = _continued(self._setup, block.setup)
        self._setups = _continued(self._setups, (block.setup > 0).astype(np.int64))


def _continued(totals: I64, parts: I64) -> I64:
    return np.concatenate([totals, totals[-1] + np.cumsum(parts)])
