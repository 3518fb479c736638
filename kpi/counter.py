"""What did a counter count? Steps between consecutive believed readings, classed before they are believed.

A torn 32-bit read, a meter change or a swapped pair of readings must not become production; see `docs/kpis.md`.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from kpi.series import TagSeries
from plant.correction import MeterChange
from plant.instant import US_PER_S
from plant.intervals import Intervals
from plant.reading import F64, I64
from plant.tag import CounterRules, Restarts

_HOUR_US = 3600 * US_PER_S
Mask = NDArray[np.bool_]


class StepKind(IntEnum):
    """How a step was understood. Jumps and unknown drops add nothing; the counter goes on from the later reading."""

    FORWARD = 0
    ROLLOVER = 1
    RESET = 2
    DISORDER = 3
    CHANGED = 4
    JUMP = 5
    UNKNOWN_DROP = 6

    @property
    def accepted(self) -> bool:
        return self < StepKind.JUMP


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Steps of one counter as columns: from the reading at before_us to that at at_us [us], what it adds in the unit
    of storage (0 unless accepted), and its `StepKind`."""

    before_us: I64
    at_us: I64
    amount: F64
    kind: NDArray[np.int8]

    @property
    def accepted(self) -> Mask:
        return np.asarray(self.kind < StepKind.JUMP)

    def within(self, start_us: int, end_us: int) -> "Steps":
        """The steps whose later reading lies in (start_us, end_us]: each counts whole, and in one period only."""
        first, last = np.searchsorted(self.at_us, [start_us, end_us], side="right")
        part = slice(int(first), int(last))
        return Steps(self.before_us[part], self.at_us[part], self.amount[part], self.kind[part])


@dataclass(frozen=True, slots=True, eq=False)
class Restarting:
    """When a plant's counters may restart: starts of shifts, and changes of order or product on the work unit [us]."""

    shift_starts_us: I64
    job_changes_us: I64


def counter_steps(series: TagSeries, restarting: Restarting, changes: Sequence[MeterChange] = ()) -> Steps:
    """The classed steps between the believed readings of a counter; none for fewer than two readings.

    A drop is a rollover where the modulus explains it, else a reset where the tag's restart rule believes one, else
    disorder up to the swap tolerance, else unknown. changes: meter changes that hold, in any order; those of other
    tags are left aside. A step from t0 to t1 with changes in (t0, t1] is what each meter counted in it, from the
    reading before through what the old ones showed last and the new ones first to the reading after.
    """
    rules = series.tag.counter
    if rules is None:
        raise ValueError(f"{series.tag.name} is not a counter")
    readings = series.believed()
    times, values = readings.times_us, readings.values
    before, at, v0, v1 = times[:-1], times[1:], values[:-1], values[1:]

    def may_restart(rows: I64) -> Mask:
        return _believed_restart(rules.restarts, before[rows], at[rows], restarting)

    kind, amount = _classed(rules, at - before, v0, v1, may_restart)
    own = [change for change in changes if change.tag == series.tag.name]
    if own:
        for row, within in _by_step(before, at, own).items():
            counted = _over_changes(rules, (int(before[row]), int(at[row])), (float(v0[row]), float(v1[row])), within)
            if counted is not None:
                kind[row], amount[row] = StepKind.CHANGED, counted
    return Steps(before, at, amount, kind)


def _classed(
    rules: CounterRules, elapsed_us: I64, v0: F64, v1: F64, may_restart: Callable[[I64], Mask]
) -> tuple[NDArray[np.int8], F64]:
    """The kind of each step from v0 to v1, and what it adds. may_restart: whether a reset is believed of some rows."""
    amount = v1 - v0
    kind = np.zeros(len(v0), dtype=np.int8)
    rows = _not_forward(rules, elapsed_us, amount)
    if len(rows):
        kind[rows], amount[rows] = _odd(rules, elapsed_us[rows], v0[rows], v1[rows], may_restart(rows))
    return kind, amount


def _not_forward(rules: CounterRules, elapsed_us: I64, rise: F64) -> I64:
    """Rows of the steps that are no plain rise; mostly none, so that the usual case is looked at as a whole first."""
    if not len(rise):
        return np.empty(0, dtype=np.int64)
    if rise.min() >= 0 and rise.max() <= allowed_increase(rules, elapsed_us.min(keepdims=True))[0]:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero((rise < 0) | (rise > allowed_increase(rules, elapsed_us)))


def _odd(rules: CounterRules, elapsed_us: I64, v0: F64, v1: F64, may_restart: Mask) -> tuple[NDArray[np.int8], F64]:
    """Kind and amount of steps that are no plain rise."""
    allowed = allowed_increase(rules, elapsed_us)
    rise = v1 - v0
    kind = np.full(len(v0), StepKind.UNKNOWN_DROP, dtype=np.int8)
    kind[(rise < 0) & (-rise <= rules.swap_tolerance)] = StepKind.DISORDER
    kind[_reset(rules, v0, v1, allowed) & may_restart] = StepKind.RESET
    kind[_rollover(rules, v0, v1, allowed)] = StepKind.ROLLOVER
    kind[rise >= 0] = StepKind.JUMP
    amount = np.select(
        [kind == StepKind.DISORDER, kind == StepKind.ROLLOVER, kind == StepKind.RESET],
        [rise, rise + (rules.modulus or 0.0), v1],
        0.0,
    )
    return kind, amount


def _by_step(before: I64, at: I64, changes: Sequence[MeterChange]) -> dict[int, list[MeterChange]]:
    """The changes by the row of the step that they lie in, in order of time; those between no readings are left out."""
    found: dict[int, list[MeterChange]] = defaultdict(list)
    for change in sorted(changes, key=lambda one: one.at_us):
        row = int(np.searchsorted(at, change.at_us, side="left"))
        if row < len(at) and before[row] < change.at_us:
            found[row].append(change)
    return found


def _over_changes(
    rules: CounterRules, times_us: tuple[int, int], values: tuple[float, float], changes: Sequence[MeterChange]
) -> float | None:
    """What the meters counted one after the other in a step; None where a part of it cannot be.

    Each part is classed as a step. It may be forward or a rollover; what the first meter showed last may also lie
    below the reading before by up to the swap tolerance.
    """
    passed = np.array([times_us[0], *(change.at_us for change in changes), times_us[1]], dtype=np.int64)
    begun = np.array([values[0], *(change.new_first for change in changes)])
    ended = np.array([*(change.old_final for change in changes), values[1]])
    kind, amount = _classed(rules, np.diff(passed), begun, ended, lambda rows: np.zeros(len(rows), dtype=bool))
    possible = (kind == StepKind.FORWARD) | (kind == StepKind.ROLLOVER)
    possible[0] |= kind[0] == StepKind.DISORDER
    counted = float(sum(amount.tolist()))
    return counted if possible.all() and isfinite(counted) else None


def allowed_increase(rules: CounterRules, elapsed_us: I64) -> F64:
    """The largest believable increase over some times [us], in the unit of storage; infinite without a largest rate."""
    if rules.max_rate_per_h is None:
        return np.full(len(elapsed_us), np.inf)
    return np.asarray(rules.max_rate_per_h * (elapsed_us / _HOUR_US) + rules.one_count)


def _rollover(rules: CounterRules, v0: F64, v1: F64, allowed: F64) -> Mask:
    if rules.modulus is None:
        return np.zeros(len(v0), dtype=bool)
    drop = (v1 < v0) & (v0 <= rules.modulus)
    if rules.max_rate_per_h is None:
        return np.asarray(drop & (v0 >= 0.9 * rules.modulus) & (v1 <= 0.1 * rules.modulus))
    return np.asarray(drop & (v1 + rules.modulus - v0 <= allowed))


def _reset(rules: CounterRules, v0: F64, v1: F64, allowed: F64) -> Mask:
    fallen = (v0 - v1 > rules.swap_tolerance) & (v1 < v0) & (v1 >= 0)
    from_zero = v1 < v0 / 2 if rules.max_rate_per_h is None else v1 <= allowed
    return np.asarray(fallen & from_zero)


def _believed_restart(restarts: Restarts, before: I64, at: I64, restarting: Restarting) -> Mask:
    match restarts:
        case Restarts.ANY:
            return np.ones(len(at), dtype=bool)
        case Restarts.SHIFT:
            return _any_within(restarting.shift_starts_us, before - _HOUR_US, at + _HOUR_US)
        case Restarts.JOB:
            return _any_within(restarting.job_changes_us, before + 1, at)
    return np.zeros(len(at), dtype=bool)


def _any_within(instants: I64, first: I64, last: I64) -> Mask:
    return np.asarray(np.searchsorted(instants, last, side="right") > np.searchsorted(instants, first, side="left"))


def spans(steps: Steps, which: Mask | I64) -> Intervals:
    """The time from earlier to later reading of the chosen steps, as rows that may touch."""
    return np.stack([steps.before_us[which], steps.at_us[which]], axis=1)
