"""What did one work unit do over a stretch of time? The records of its tags, in a form that adds up.

Everything that KPIs take from readings goes through such records: a month is the sum of its days, so that a day that
is over need not be read again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kpi.counter import Steps
from kpi.counter_record import CounterRecord, Share, joined_counter
from kpi.gauge_record import GaugeRecord, joined_gauge
from kpi.state import StateRuns, code_at, joined_runs, no_runs
from plant.instant import US_PER_S
from plant.intervals import Intervals, length_us, within_any
from plant.reading import I64


@dataclass(frozen=True, slots=True, eq=False)
class UnitRecord:
    """Records by tag. state: the runs of the work unit's state over the stretch; state_flags: remarks on these."""

    counters: Mapping[str, CounterRecord] = field(default_factory=dict)
    gauges: Mapping[str, GaugeRecord] = field(default_factory=dict)
    state: StateRuns = field(default_factory=no_runs)
    state_flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Jobs:
    """What a work unit worked on: runs of the ids of products and orders, and the text of each id."""

    products: StateRuns = field(default_factory=no_runs)
    orders: StateRuns = field(default_factory=no_runs)
    texts: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Activity:
    """When a work unit was producing, and when it was known not to be; time in neither is not known."""

    producing: Intervals
    idle: Intervals


def joined_unit(parts: Sequence[UnitRecord]) -> UnitRecord:
    """The record of consecutive stretches; at least one."""
    if len(parts) == 1:
        return parts[0]
    counters = {name: [part.counters[name] for part in parts if name in part.counters] for name in _counters(parts)}
    gauges = {name: [part.gauges[name] for part in parts if name in part.gauges] for name in _gauges(parts)}
    return UnitRecord(
        {name: joined_counter(records) for name, records in counters.items()},
        {name: joined_gauge(records) for name, records in gauges.items()},
        joined_runs([part.state for part in parts]),
        frozenset[str]().union(*(part.state_flags for part in parts)),
    )


def _counters(parts: Sequence[UnitRecord]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part.counters))


def _gauges(parts: Sequence[UnitRecord]) -> list[str]:
    return list(dict.fromkeys(name for part in parts for name in part.gauges))


def with_shares(record: CounterRecord, counted: Steps, planned: Intervals | None, jobs: Jobs) -> CounterRecord:
    """The record with its amount by product, order and planned time, each step whole at its later reading.

    counted: the steps of the stretch. planned None: the plant has no shifts, and all time is as good as planned.
    """
    moved = counted.amount != 0
    at, amount = counted.at_us[moved], counted.amount[moved]
    product, order = _ids(jobs.products, at), _ids(jobs.orders, at)
    inside = np.ones(len(at), dtype=np.int64) if planned is None else within_any(planned, at).astype(np.int64)
    most = int(max(product.max(initial=0), order.max(initial=0))) + 2
    keys, which = np.unique(((product + 1) * most + order + 1) * 2 + inside, return_inverse=True)
    sums = np.bincount(which, weights=amount, minlength=len(keys))
    shares = {_share(int(key), most, jobs.texts): float(total) for key, total in zip(keys, sums, strict=True)}
    return replace(record, shares=shares)


def _ids(runs: StateRuns, at: I64) -> I64:
    """The id of the text that each step belongs to; -1 where none is known."""
    if not len(runs):
        return np.full(len(at), -1, dtype=np.int64)
    return np.asarray(np.nan_to_num(code_at(runs, at), nan=-1.0), dtype=np.int64)


def _share(key: int, most: int, texts: Mapping[int, str]) -> Share:
    job, inside = divmod(key, 2)
    product, order = divmod(job, most)
    return Share(texts.get(product - 1, ""), texts.get(order - 1, ""), bool(inside))


def with_activity(record: CounterRecord, counted: Steps, activity: Activity) -> CounterRecord:
    """The record of an energy counter with what it counted while the work unit was idle."""
    idle = counted.amount[within_any(activity.idle, counted.at_us)]
    idle_us, producing_us = length_us(activity.idle), length_us(activity.producing)
    return replace(
        record,
        idle_kwh=float(idle.sum()),
        idle_s=idle_us / US_PER_S,
        stated_s=(idle_us + producing_us) / US_PER_S,
    )
