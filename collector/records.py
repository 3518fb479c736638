"""Where do the records of work units come from? From the store's elements where a day is kept, else from readings."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from itertools import groupby

import numpy as np
from sqlalchemy import Connection

from collector.store import elements, readings
from collector.store.elements import Key
from collector.store.tags import StoredTag, texts
from collector.tag_window import TagWindow
from collector.unit_records import unit_record
from config.site import Site
from kpi.state import StateRuns, joined_runs, state_runs
from kpi.unit_record import UnitRecord, joined_unit
from plant.correction import MeterChange
from plant.instant import US_PER_S
from plant.period import Clock, PeriodKind, periods
from plant.shift import ShiftCalendar
from plant.tag import PLANT, Kind, MachineState, Restarts

DAY_US = 86400 * US_PER_S
MOST_AT_ONCE = 2_000_000
"""Readings that are held together, those of all work units, unless a day of one of them has more."""
MOST_DAYS_AT_ONCE = 32
REACHES_US = (DAY_US, 8 * DAY_US, 36 * DAY_US)
"""How far before and after a period the stop at its start or end is followed: most are over within a day, a holiday
within a week; a machine that stands for longer is not followed back to its first day, or its past would be read again
for every day."""


@dataclass(slots=True)
class _Loaded:
    start_us: int
    end_us: int
    window: TagWindow


@dataclass
class Records:
    """Records of the work units of a plant as of an instant; those of days that are kept are not read again.

    as_of_us None: all that the store knows; then days of the production calendar may be kept.
    """

    connection: Connection
    site: Site
    clock: Clock
    shifts: ShiftCalendar
    tags: Sequence[StoredTag]
    now_us: int
    as_of_us: int | None = None
    changes: Sequence[MeterChange] = ()
    _windows: dict[str, _Loaded] = field(default_factory=dict)
    _defined: dict[str, str] = field(default_factory=dict)
    _planned: dict[tuple[str | None, int, int], str] = field(default_factory=dict)
    _cut: dict[Key, list[Key]] = field(default_factory=dict)

    def record(self, work_unit: str, start_us: int, end_us: int, until_us: int) -> UnitRecord:
        """The record of a work unit over (start, end]; readings up to until_us may be loaded with it, for the next."""
        if end_us - start_us <= DAY_US + 3600 * US_PER_S and not self._keeps():
            return self._from_readings(work_unit, start_us, end_us, until_us)
        kept = self.kept(work_unit, start_us, end_us)
        parts: list[UnitRecord] = []
        for is_kept, stretches in groupby(self._stretches(start_us, end_us, kept), key=kept.__contains__):
            found = list(stretches)
            if is_kept:
                parts += [elements.record(self.connection, work_unit, key) for key in found]
            else:
                parts += self._read(work_unit, found, until_us)
        return joined_unit(parts)

    def _stretches(self, start_us: int, end_us: int, kept: Collection[Key]) -> Iterator[Key]:
        """A stretch in parts: the longest kept ones, and between them days or what of a day lies in it."""
        longest: dict[int, int] = {}
        for first_us, last_us in kept:
            longest[first_us] = max(last_us, longest.get(first_us, last_us))
        for first_us, last_us in self._days(start_us, end_us):
            if first_us >= start_us:
                start_us = longest.get(first_us, last_us)
                yield first_us, start_us

    def state(self, work_unit: str, record: UnitRecord, start_us: int, end_us: int) -> StateRuns:
        """The runs of a work unit's state over a stretch of which the record is there, and around it as far as the
        stops at its two ends reach: until it was at work, or for `REACHES_US`."""
        at_work = self._codes_at_work(work_unit)
        runs = record.state
        first = len(runs) and runs.start_us[0] == start_us and runs.code[0] in at_work
        last = len(runs) and runs.end_us[-1] == end_us and runs.code[-1] in at_work
        before = [] if first else self._beyond(work_unit, start_us, -1, at_work)
        after = [] if last else self._beyond(work_unit, end_us, 1, at_work)
        return joined_runs([*reversed(before), runs, *after])

    def _beyond(self, work_unit: str, from_us: int, direction: int, at_work: Collection[float]) -> list[StateRuns]:
        """The runs before (direction -1) or after (1) an instant, the nearest first."""
        parts: list[StateRuns] = []
        near_us = from_us
        for reach_us in REACHES_US:
            far_us = min(from_us + direction * reach_us, max(self.now_us, from_us))
            parts.append(self._state(work_unit, *sorted((near_us, far_us))))
            if np.isin(parts[-1].code, list(at_work)).any() or far_us == self.now_us:
                break
            near_us = far_us
        return parts

    def _codes_at_work(self, work_unit: str) -> set[float]:
        """Numbers of the states that end a stop of whatever kind: a work unit is at work, or being set up."""
        names = (MachineState.EXECUTING, MachineState.SETUP)
        return {float(code) for code, name in self._state_tag(work_unit).tag.states.items() if name in names}

    def _state(self, work_unit: str, start_us: int, end_us: int) -> StateRuns:
        key = (start_us, end_us)
        if key in self.kept(work_unit, *key):
            return elements.record(self.connection, work_unit, key).state
        tag = self._state_tag(work_unit)
        return state_runs(self.window([tag], start_us, end_us).series(tag), start_us, end_us)

    def window(self, tags: Sequence[StoredTag], start_us: int, end_us: int) -> TagWindow:
        """Readings of some tags over a stretch."""
        return TagWindow(self.connection, tags, self.shifts, start_us, end_us, self.now_us, self.as_of_us, self.changes)

    def _state_tag(self, work_unit: str) -> StoredTag:
        return next(stored for stored in self._of(work_unit) if stored.tag.kind is Kind.STATE)

    def stretch_records(self, work_unit: str, stretches: Sequence[Key]) -> Iterator[UnitRecord]:
        """Records of some stretches, of what is kept or from readings."""
        for start_us, end_us in stretches:
            yield self.record(work_unit, start_us, end_us, stretches[-1][1])

    def _read(self, work_unit: str, days: list[Key], until_us: int) -> list[UnitRecord]:
        """Records of consecutive days, as few as can be loaded at once."""
        last_us = days[-1][1]
        parts = []
        start_us = days[0][0]
        while start_us < last_us:
            loaded = self._load(work_unit, start_us, min(start_us + DAY_US, last_us), until_us)
            end_us = min(last_us, loaded.end_us)
            parts.append(self._from_readings(work_unit, start_us, end_us, until_us))
            start_us = end_us
        return parts

    def _from_readings(self, work_unit: str, start_us: int, end_us: int, until_us: int) -> UnitRecord:
        loaded = self._load(work_unit, start_us, end_us, until_us)
        if loaded.end_us <= end_us:  # nothing after it will ask for this window
            self._windows.pop(work_unit, None)
        return unit_record(loaded.window, work_unit, start_us, end_us, self._texts)

    def _load(self, work_unit: str, start_us: int, end_us: int, until_us: int) -> _Loaded:
        loaded = self._windows.get(work_unit)
        if loaded is None or not loaded.start_us <= start_us < end_us <= loaded.end_us:
            tags = self._of(work_unit)
            until_us = self._end_of_window(tags, start_us, end_us, until_us)
            window = self.window(tags, start_us, until_us)
            loaded = self._windows[work_unit] = _Loaded(start_us, until_us, window)
        return loaded

    def _end_of_window(self, tags: Sequence[StoredTag], start_us: int, end_us: int, until_us: int) -> int:
        """How far to load: to `until_us`, unless these would be too many readings at once; at least to `end_us`."""
        most_us = max(end_us, min(until_us, start_us + MOST_DAYS_AT_ONCE * DAY_US))
        per_day: dict[int, int] = {}
        for stored in tags:
            for day_us, count in readings.stored_days(self.connection, stored.id, start_us, most_us).items():
                per_day[day_us] = per_day.get(day_us, 0) + count
        total = 0
        for day_us in sorted(per_day):
            total += per_day[day_us]
            if total > MOST_AT_ONCE // self._units:
                return max(end_us, day_us)
        return most_us

    def _of(self, work_unit: str) -> list[StoredTag]:
        """Tags of a work unit; for the plant as a whole also the states of all work units."""
        return [
            stored
            for stored in self.tags
            if stored.tag.work_unit == work_unit or (work_unit == PLANT and stored.tag.kind is Kind.STATE)
        ]

    def _keeps(self) -> bool:
        return self.as_of_us is None and self.clock == self.site.clock()

    def kept(self, work_unit: str, start_us: int, end_us: int) -> set[Key]:
        """Times of the kept records within a stretch that were worked out under what holds now."""
        if not self._keeps():
            return set()
        found = elements.kept(self.connection, work_unit, start_us, end_us)
        return {key for key, settings in found.items() if settings == self.settings(work_unit, *key)}

    def settings(self, work_unit: str, start_us: int, end_us: int) -> str:
        """What a record depends on beside its readings, as a hash: tags, planned time, starts of shifts."""
        of_unit = None if work_unit == PLANT else work_unit
        key = (of_unit and self.shifts.alike(of_unit), start_us, end_us)
        if key not in self._planned:
            planned = self.shifts.planned(of_unit, start_us, end_us).tolist()
            self._planned[key] = f"{self.shifts.has_shifts(of_unit)} {planned}"
        starts = self.shifts.starts(start_us - DAY_US, end_us + DAY_US, of_unit) if self._restarts(work_unit) else []
        return sha256(f"{self._definitions(work_unit)} {self._planned[key]} {starts}".encode()).hexdigest()

    def _restarts(self, work_unit: str) -> bool:
        rules = [stored.tag.counter for stored in self._of(work_unit)]
        return any(rule is not None and rule.restarts is Restarts.SHIFT for rule in rules)

    def _definitions(self, work_unit: str) -> str:
        if work_unit not in self._defined:
            tags = [(stored.device, stored.tag) for stored in self._of(work_unit)]
            self._defined[work_unit] = f"{elements.FORMAT} {tags}"
        return self._defined[work_unit]

    def _days(self, start_us: int, end_us: int) -> list[Key]:
        """The days of a stretch, the first and the last as far as they lie in it."""
        if (start_us, end_us) not in self._cut:
            days = periods(PeriodKind.DAY, start_us, end_us, self.clock)
            self._cut[start_us, end_us] = [(max(day.start_us, start_us), min(day.end_us, end_us)) for day in days]
        return self._cut[start_us, end_us]

    @cached_property
    def _units(self) -> int:
        return max(1, len({stored.tag.work_unit for stored in self.tags}))

    @cached_property
    def _texts(self) -> dict[int, str]:
        return texts(self.connection)
