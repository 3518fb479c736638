"""How was planned time used? The time elements of one work unit over one period, from its states and its shifts.

ISO 22400-2:2014, time model of a work unit; OPC 40001-1 annex C says which state is which element. Executing is actual
production time APT, Setup is setup time AUST, OutOfService delay ADET, NotExecuting down time ADOT.

A stop lasts until another of the four states is read, inside planned busy time PBT or not; its length is measured
inside PBT. So neither a break nor unknown time outside PBT divides it, nor does unknown time of less than 5 min inside
(a device that was reconnected), which adds nothing to it. A longer one ends it.

Failure: OutOfService of at least 5 min. It belongs to the period in which its time inside PBT began, the repair to that
in which this time ended, in (start, end]. So failures and repairs of shifts add up to those of the day, and of days to
those of the month. A repair is done where another of the four states followed; one that was followed by unknown time of
5 min or more, or by nothing yet, has no known length and is none.

Micro-stop: NotExecuting and OutOfService together, less than 5 min, between Executing and Executing. It belongs to the
period in which it began.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpi.state import StateRuns, distinct_times
from kpi.stop import Stops
from plant.instant import US_PER_S
from plant.intervals import Intervals
from plant.reading import I64
from plant.tag import MachineState

FAILURE_US = 300 * US_PER_S
"""A stretch OutOfService is a failure from this length on; a stop between production is a micro-stop below it."""

_NAMES = (
    "unknown",
    MachineState.NOT_EXECUTING.value,
    MachineState.EXECUTING.value,
    MachineState.SETUP.value,
    MachineState.OUT_OF_SERVICE.value,
)
_UNKNOWN, _NOT_EXECUTING, _EXECUTING, _SETUP, _OUT_OF_SERVICE = range(5)
_FIRST, _LAST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class UnitTime:
    """The time elements of one work unit over one period [s], inside planned busy time PBT unless said otherwise.

    unknown_s: state not known, or none of the four. unplanned_s: Executing outside PBT. failures: those that began in
    the period, of whatever end. repairs: failures whose repair was done in the period. open_repairs: failures in the
    period whose repair was not, those of unknown end among them; their time counts in out_of_service_s alone.
    micro_stops: those that began in the period, all with the reason NotExecuting. stops: all time NotExecuting, Setup
    or OutOfService, cut to the period.
    """

    apt_s: float
    setup_s: float
    out_of_service_s: float
    not_executing_s: float
    unknown_s: float
    unplanned_s: float
    failures: Stops
    repairs: Stops
    open_repairs: Stops
    micro_stops: Stops
    stops: Stops

    @property
    def pbt_s(self) -> float:
        """Planned busy time: exactly the sum of its five parts, in this order."""
        return self.apt_s + self.setup_s + self.out_of_service_s + self.not_executing_s + self.unknown_s

    @property
    def coverages(self) -> tuple[float, ...]:
        """The known share of PBT (0 to 1); none where no time was planned."""
        known_s = self.apt_s + self.setup_s + self.out_of_service_s + self.not_executing_s
        return (known_s / self.pbt_s,) if self.pbt_s else ()


@dataclass(frozen=True, slots=True, eq=False)
class _Stretches:
    """Consecutive stretches of time of one state each as columns: first and last instant inside PBT, time inside PBT.

    Without time inside PBT they start at the end of all time and end at its beginning, so that any other joins them.
    """

    start_us: I64
    end_us: I64
    time_us: I64
    state: NDArray[np.int8]

    def where(self, which: Mask) -> "_Stretches":
        return _Stretches(self.start_us[which], self.end_us[which], self.time_us[which], self.state[which])

    def began(self, span_us: tuple[int, int]) -> Mask:
        return np.asarray((self.start_us >= span_us[0]) & (self.start_us < span_us[1]))

    def stops(self, which: Mask) -> Stops:
        part = self.where(which)
        return Stops(part.start_us, part.end_us, part.time_us, np.array(_NAMES)[part.state])


def time_model(runs: StateRuns, states: Mapping[int, str], planned: Intervals, span_us: tuple[int, int]) -> UnitTime:
    """How a work unit used the period span_us = (start, end) [us], which must not end later than now.

    runs: of its state tag; none: all is unknown. states: names of its numbers. planned: PBT, a set of intervals.
    runs and planned should reach beyond the period, from where the state that held at its start began to where the one
    that held at its end was over: what the period alone shows of a failure may be neither its beginning nor its end.
    Outside runs nothing is known, outside planned nothing was planned.
    """
    edges, time = _divided(runs, states, planned, span_us)
    in_span = (edges[:-1] >= span_us[0]) & (edges[:-1] < span_us[1])
    spent = [_seconds(time.time_us[in_span & (time.state == state)]) for state in range(len(_NAMES))]
    unplanned = np.diff(edges)[in_span & (time.state == _EXECUTING) & (time.time_us == 0)]
    stretches = _stretches(time)
    failures = _failures(stretches)
    done = failures & _done(stretches, span_us)
    touching = (stretches.start_us < span_us[1]) & (stretches.end_us > span_us[0])
    idle = _stretches(time, _OUT_OF_SERVICE, _NOT_EXECUTING)
    own = _stretches(time.where(in_span))
    return UnitTime(
        apt_s=spent[_EXECUTING],
        setup_s=spent[_SETUP],
        out_of_service_s=spent[_OUT_OF_SERVICE],
        not_executing_s=spent[_NOT_EXECUTING],
        unknown_s=spent[_UNKNOWN],
        unplanned_s=_seconds(unplanned),
        failures=stretches.stops(failures & stretches.began(span_us)),
        repairs=stretches.stops(done),
        open_repairs=stretches.stops(failures & touching & ~done),
        micro_stops=idle.stops(_micro_stops(idle) & idle.began(span_us)),
        stops=own.stops((own.time_us > 0) & np.isin(own.state, (_NOT_EXECUTING, _SETUP, _OUT_OF_SERVICE))),
    )


def _failures(stretches: _Stretches) -> Mask:
    return np.asarray((stretches.state == _OUT_OF_SERVICE) & (stretches.time_us >= FAILURE_US))


def _done(stretches: _Stretches, span_us: tuple[int, int]) -> Mask:
    """Which stretches had their end in (start, end], by a state that is known."""
    followed = np.append(stretches.state, _UNKNOWN)[1:] != _UNKNOWN
    return np.asarray(followed & (stretches.end_us > span_us[0]) & (stretches.end_us <= span_us[1]))


def _micro_stops(idle: _Stretches) -> Mask:
    before = np.append(_UNKNOWN, idle.state)[:-1] == _EXECUTING
    after = np.append(idle.state, _UNKNOWN)[1:] == _EXECUTING
    return np.asarray((idle.state == _NOT_EXECUTING) & before & after & (idle.time_us < FAILURE_US))


def _seconds(lengths_us: I64) -> float:
    return int(lengths_us.sum()) / US_PER_S


def _divided(
    runs: StateRuns, states: Mapping[int, str], planned: Intervals, span_us: tuple[int, int]
) -> tuple[I64, _Stretches]:
    """The edges at which anything changes, both ends of the period among them, and the time from each to the next."""
    edges = distinct_times(runs.start_us, runs.end_us, planned.ravel(), np.array(span_us, dtype=np.int64))
    starts, ends = edges[:-1], edges[1:]
    is_planned = _holds(planned[:, 0], planned[:, 1], starts)
    state = np.zeros(len(starts), dtype=np.int8)
    if len(runs):
        which = np.searchsorted(runs.start_us, starts, side="right") - 1
        state = np.where(_holds(runs.start_us, runs.end_us, starts), _state_of(runs, states)[which], state)
    return edges, _Stretches(
        np.where(is_planned, starts, _LAST),
        np.where(is_planned, ends, _FIRST),
        np.where(is_planned, ends - starts, 0),
        state,
    )


def _holds(starts: I64, ends: I64, times: I64) -> Mask:
    """Which times lie in one of some disjoint intervals."""
    begun = np.searchsorted(starts, times, side="right")
    return np.asarray(begun > np.searchsorted(ends, times, side="right"))


def _state_of(runs: StateRuns, states: Mapping[int, str]) -> NDArray[np.int8]:
    codes, which = np.unique(runs.code, return_inverse=True)
    names = [states.get(int(code)) if code.is_integer() else None for code in codes.tolist()]
    known = [_NAMES.index(name) if name in _NAMES else _UNKNOWN for name in names]
    return np.array(known, dtype=np.int8)[which]


def _stretches(time: _Stretches, state: int = _UNKNOWN, same_as: int = _UNKNOWN) -> _Stretches:
    """Stretches of one state, over whatever does not end them; the first state is taken for the second."""
    time = time.where((time.time_us > 0) | (time.state != _UNKNOWN))
    stretches = _merged(time)
    stretches = stretches.where((stretches.state != _UNKNOWN) | (stretches.time_us >= FAILURE_US))
    states = np.where(stretches.state == state, same_as, stretches.state).astype(np.int8)
    return _merged(_Stretches(stretches.start_us, stretches.end_us, stretches.time_us, states))


def _merged(time: _Stretches) -> _Stretches:
    """Neighbours of the same state as one."""
    changes = time.state[1:] != time.state[:-1]
    if changes.all():
        return time
    first = np.flatnonzero(np.append(True, changes))
    return _Stretches(
        np.minimum.reduceat(time.start_us, first),
        np.maximum.reduceat(time.end_us, first),
        np.add.reduceat(time.time_us, first),
        time.state[first],
    )
