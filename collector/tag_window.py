"""What did the tags of a work unit read over a stretch of time? Series and counter steps from the store, each loaded
once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection

from collector.store import gaps, readings
from collector.store.past import as_known
from collector.store.tags import StoredTag
from kpi.counter import Restarting, Steps, counter_steps
from kpi.demand import BLOCK_US
from kpi.series import TagSeries
from plant.correction import MeterChange
from plant.instant import US_PER_S
from plant.intervals import intervals
from plant.reading import I64, Readings, believed, joined
from plant.shift import ShiftCalendar
from plant.tag import PLANT, Kind, Restarts, Role, Tag

_SHIFT_REACH_US = 3600 * US_PER_S
SHARED_BY_TIME = frozenset({Role.ENERGY_IMPORT, Role.REACTIVE_IMPORT, Role.REACTIVE_EXPORT})
"""Counters whose steps quarter hours share."""


@dataclass(slots=True)
class TagWindow:
    """The tags' readings over [start_us, end_us), with what led up to it.

    as_of_us: leaves out what the store came to know later; None: all that it knows now. changes: meter changes.
    """

    connection: Connection
    tags: Iterable[StoredTag]
    shifts: ShiftCalendar
    start_us: int
    end_us: int
    now_us: int
    as_of_us: int | None = None
    changes: Sequence[MeterChange] = ()
    _series: dict[str, TagSeries] = field(default_factory=dict)
    _steps: dict[str, Steps] = field(default_factory=dict)

    def series(self, stored: StoredTag) -> TagSeries:
        """The readings of a tag, led by the last believed one at or before the window's start.

        Those of a counter are followed by the first believed one after its end where that is needed: a step of an
        energy meter over the end shares the last quarter hour, and time that is not known may last until then.
        """
        if stored.tag.name not in self._series:
            self._series[stored.tag.name] = self._load(stored)
        return self._series[stored.tag.name]

    def steps(self, stored: StoredTag) -> Steps:
        """The classed steps of a counter."""
        if stored.tag.name not in self._steps:
            series = self.series(stored)
            self._steps[stored.tag.name] = counter_steps(series, self._restarting(stored, series), self.changes)
        return self._steps[stored.tag.name]

    def _load(self, stored: StoredTag) -> TagSeries:
        if stored.first_us is None or stored.known_until_us is None:
            return TagSeries(stored.tag, Readings.empty())
        end_us = -(-self.end_us // BLOCK_US) * BLOCK_US  # the last quarter hour may end after the period
        before = self.leading(stored, self.start_us)
        found = self._known(stored, readings.series(self.connection, stored.id, self.start_us + 1, end_us + 1))
        seen = joined([before, found])
        if self._goes_on(stored, seen):
            seen = joined([seen, self.following(stored, end_us)])
        first_us = min([self.start_us, *seen.times_us[:1].tolist()])
        last_us = max([self.end_us, *seen.times_us[-1:].tolist()])
        own = [
            (gap.start_us, self.now_us if gap.end_us is None else min(gap.end_us, self.now_us))
            for gap in gaps.overlapping(self.connection, first_us, last_us)
            if gap.device == stored.device and gap.tag in (None, stored.tag.name) and gap.start_us < self.now_us
        ]
        known_until_us = min(stored.known_until_us, self.now_us)
        return TagSeries(stored.tag, seen, stored.first_us, known_until_us, intervals(own))

    def _goes_on(self, stored: StoredTag, seen: Readings) -> bool:
        if stored.tag.kind is not Kind.COUNTER:
            return False
        return stored.tag.role in SHARED_BY_TIME or _unknown_at(seen, stored.tag, self.end_us)

    def _known(self, stored: StoredTag, found: Readings) -> Readings:
        return as_known(self.connection, stored.id, found, self.as_of_us)

    def leading(self, stored: StoredTag, start_us: int) -> Readings:
        """The last believed reading at or before an instant, and what followed up to then."""
        return leading(self.connection, stored, start_us, self.as_of_us)

    def following(self, stored: StoredTag, end_us: int) -> Readings:
        """What followed an instant, up to the first believed reading after it: a step that shares a quarter hour."""
        return following(self.connection, stored, end_us, self.as_of_us)

    def _restarting(self, stored: StoredTag, series: TagSeries) -> Restarting:
        none: I64 = np.empty(0, dtype=np.int64)
        rule = stored.tag.counter.restarts if stored.tag.counter else Restarts.NEVER
        if rule is Restarts.SHIFT and len(series.readings):
            first, last = int(series.readings.times_us[0]), int(series.readings.times_us[-1])
            unit = None if stored.tag.work_unit == PLANT else stored.tag.work_unit
            starts = self.shifts.starts(first - _SHIFT_REACH_US, last + _SHIFT_REACH_US, unit)
            return Restarting(np.unique(np.array(starts, dtype=np.int64)), none)
        if rule is Restarts.JOB:
            return Restarting(none, self._job_changes(stored, series))
        return Restarting(none, none)

    def _job_changes(self, stored: StoredTag, series: TagSeries) -> I64:
        changes: list[I64] = [np.empty(0, dtype=np.int64)]
        first_us = min([self.start_us, *series.readings.times_us[:1].tolist()])
        for other in self.tags:
            names_the_job = other.tag.role in (Role.ORDER_ID, Role.PRODUCT_ID) and other.first_us is not None
            if other.tag.work_unit == stored.tag.work_unit and names_the_job:
                since = readings.series(self.connection, other.id, first_us + 1, self.end_us + 1)
                job = joined([self.leading(other, first_us), self._known(other, since)])
                job = job[believed(job, other.tag.use_uncertain)]
                changes.append(job.times_us[1:][job.values[1:] != job.values[:-1]])
        return np.sort(np.concatenate(changes))


def leading(connection: Connection, stored: StoredTag, start_us: int, as_of_us: int | None = None) -> Readings:
    """The last believed reading of a tag at or before an instant, and what followed up to then."""
    parts: list[Readings] = []
    for found in readings.days_before(connection, stored.id, start_us + 1):
        day = as_known(connection, stored.id, found, as_of_us)
        use = np.flatnonzero(believed(day, stored.tag.use_uncertain))
        parts.insert(0, day[int(use[-1]) :] if len(use) else day)
        if len(use):
            break
    return joined(parts)


def following(connection: Connection, stored: StoredTag, end_us: int, as_of_us: int | None = None) -> Readings:
    """What a tag read after an instant, up to the first believed reading."""
    parts: list[Readings] = []
    last_us = (stored.known_until_us or 0) + 1
    for found in readings.series_by_day(connection, stored.id, end_us + 1, last_us):
        day = as_known(connection, stored.id, found, as_of_us)
        use = np.flatnonzero(believed(day, stored.tag.use_uncertain))
        parts.append(day[: int(use[0]) + 1] if len(use) else day)
        if len(use):
            break
    return joined(parts)


def _unknown_at(seen: Readings, tag: Tag, end_us: int) -> bool:
    """Whether a tag with these readings is not known at an instant after them."""
    if not len(seen):
        return False
    held_us = None if tag.max_hold_s is None else int(tag.max_hold_s * US_PER_S)
    over = held_us is not None and int(seen.times_us[-1]) + held_us < end_us
    return over or not believed(seen[-1:], tag.use_uncertain)[0]
