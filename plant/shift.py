"""When is a plant meant to work? Shifts by weekday and version, extra shifts, less breaks, holidays, planned downtime.

Planned time is the planned busy time of ISO 22400-2 (PBT): planned operation time less planned downtime.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np

from plant.instant import local_instant, moment
from plant.intervals import EMPTY, Intervals, difference, intervals, union
from plant.period import Period, PeriodKind

DAY_MIN = 24 * 60
EVERY_DAY = frozenset(range(7))
_BLOCK_DAYS = 32  # worked out and kept together: a month's evaluation needs one or two


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift: minutes after midnight of its start and end (end above 1440: past midnight), weekdays (0 is Monday) of
    the day it starts, breaks in the same minutes, the work units it is for (None: all), and the first and last day on
    which this version of it starts (None: since ever, for ever)."""

    name: str
    start_min: int
    end_min: int
    weekdays: frozenset[int] = EVERY_DAY
    breaks_min: tuple[tuple[int, int], ...] = ()
    work_units: frozenset[str] | None = None
    first_day: date | None = None
    last_day: date | None = None

    def is_valid(self, day: date) -> bool:
        """Whether this version of the shift holds on the day it starts."""
        return (self.first_day is None or self.first_day <= day) and (self.last_day is None or day <= self.last_day)

    def shares_work_units(self, other: "Shift") -> bool:
        """Whether some work unit could have both."""
        return self.work_units is None or other.work_units is None or bool(self.work_units & other.work_units)


@dataclass(frozen=True, slots=True)
class PlannedDowntime:
    """A time [start_us, end_us) booked in advance for maintenance or want of demand (ISO 22400-2), with its reason and
    the work units that stand still in it (None: all)."""

    start_us: int
    end_us: int
    work_units: frozenset[str] | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Planned:
    """A shift on one day: its period, and the parts of it that are no break."""

    shift: Shift
    period: Period
    parts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Block:
    """What is planned to start on the days of a block: shifts by start, and planned time."""

    periods: list[Period]
    planned: Intervals


@dataclass(frozen=True, slots=True)
class ShiftCalendar:
    """All shifts of a plant.

    Days in `holidays` have none, days in `working_days` have all that are valid, whatever the weekday. Extra shifts
    (each a Shift valid on one day) are planned on any day, and there replace a shift of the same name for their work
    units. `work_units`: all that the plant has, as far as they are known. Answers are kept and given again.
    """

    zone: ZoneInfo
    shifts: tuple[Shift, ...] = ()
    holidays: Container[date] = frozenset()
    working_days: Container[date] = frozenset()
    extra_shifts: tuple[Shift, ...] = ()
    planned_downtime: tuple[PlannedDowntime, ...] = ()
    work_units: frozenset[str] = frozenset()
    _days: dict[date, tuple[list[_Planned], list[_Planned]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _blocks: dict[tuple[int, str | None], _Block] = field(default_factory=dict, init=False, repr=False, compare=False)
    _named: frozenset[str] = field(default=frozenset(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        entries: tuple[Shift | PlannedDowntime, ...] = (*self.shifts, *self.extra_shifts, *self.planned_downtime)
        named = frozenset[str]().union(*(entry.work_units or () for entry in entries))
        object.__setattr__(self, "_named", named)

    def has_shifts(self, work_unit: str | None = None) -> bool:
        """Whether there is any shift, regular or extra, for a work unit (None: for any)."""
        return any(work_unit is None or _is_for(shift, work_unit) for shift in (*self.shifts, *self.extra_shifts))

    def alike(self, work_unit: str) -> str:
        """A name that all work units with the same shifts share: their own, or empty for those that no entry names."""
        return work_unit if work_unit in self._named else ""

    def works_on(self, shift: Shift, day: date) -> bool:
        """Whether a regular shift is planned on the day it starts, if no extra shift replaces it."""
        if not shift.is_valid(day):
            return False
        if day in self.working_days:
            return True
        return day.weekday() in shift.weekdays and day not in self.holidays

    def shifts_on(self, day: date, work_unit: str | None = None) -> list[Shift]:
        """The shifts (of a work unit; None: of any) that are planned to start on a day."""
        return [planned.shift for planned in self._planned_on(day, work_unit)]

    def periods(self, start_us: int, end_us: int, work_unit: str | None = None) -> list[Period]:
        """Every shift (of a work unit; None: of any) that overlaps [start_us, end_us), breaks included, by start.

        Shifts of one name that start on one day are one period, from the first start to the last end.
        """
        starting = [period for block in self._touched(start_us, end_us, work_unit) for period in block.periods]
        found = [period for period in starting if period.start_us < end_us and period.end_us > start_us]
        return sorted(found, key=_by_start)

    def own(self, period: Period, work_unit: str | None) -> Period | None:
        """A shift as a work unit has it, by its label; None if the work unit has no such shift.

        Other kinds of period, and a shift of any work unit (None), are what they were.
        """
        if period.kind is not PeriodKind.SHIFT or work_unit is None:
            return period
        own = self.periods(period.start_us, period.end_us, work_unit)
        return next((found for found in own if found.label == period.label), None)

    def starts(self, start_us: int, end_us: int, work_unit: str | None = None) -> list[int]:
        """Instants at which a shift (of a work unit; None: of any) starts within [start_us, end_us]."""
        return [p.start_us for p in self.periods(start_us, end_us + 1, work_unit) if p.start_us >= start_us]

    def planned(self, work_unit: str | None, start_us: int, end_us: int) -> Intervals:
        """Planned time of a work unit within [start_us, end_us): shifts, each less its own breaks, less planned
        downtime. None: of any, so that only what stands still for all of them is off."""
        found = [block.planned for block in self._touched(start_us, end_us, work_unit)]
        parts = [part for planned in found if len(part := _within(planned, start_us, end_us))]
        return parts[0] if len(parts) == 1 else union(np.concatenate([EMPTY, *parts]), EMPTY)

    def downtime(self, start_us: int, end_us: int, work_unit: str) -> list[PlannedDowntime]:
        """What is booked for a work unit and overlaps [start_us, end_us), in the order of the calendar."""
        own = [one for one in self.planned_downtime if _is_for(one, work_unit)]
        return [one for one in own if one.start_us < end_us and one.end_us > start_us]

    def _touched(self, start_us: int, end_us: int, work_unit: str | None) -> list[_Block]:
        # A shift lasts at most 24 h, so one that reaches into the time started at most two dates before.
        first = (moment(start_us, self.zone).date() - timedelta(days=2)).toordinal() // _BLOCK_DAYS
        last = moment(end_us, self.zone).date().toordinal() // _BLOCK_DAYS
        same = None if work_unit is None else self.alike(work_unit)
        return [self._block(number, same) for number in range(first, last + 1)]

    def _block(self, number: int, work_unit: str | None) -> _Block:
        if (number, work_unit) not in self._blocks:
            self._blocks[number, work_unit] = self._worked_out(number, work_unit)
        return self._blocks[number, work_unit]

    def _worked_out(self, number: int, work_unit: str | None) -> _Block:
        if work_unit is None:
            each = [self._block(number, unit) for unit in sorted(self._alike())]
            time = union(np.concatenate([block.planned for block in each]), EMPTY)
            return _Block(_joined(period for block in each for period in block.periods), time)
        first = number * _BLOCK_DAYS
        days = map(date.fromordinal, range(first, first + _BLOCK_DAYS))
        planned = [found for day in days for found in self._planned_on(day, work_unit)]
        off = [(down.start_us, down.end_us) for down in self.planned_downtime if _is_for(down, work_unit)]
        time = difference(intervals(part for found in planned for part in found.parts), intervals(off))
        return _Block(_joined(found.period for found in planned), time)

    def _alike(self) -> frozenset[str]:
        """Work units of which one or another stands for every one there is; "" for those that no entry names."""
        unnamed = frozenset({""}) if not self.work_units or self.work_units - self._named else frozenset[str]()
        return self._named | unnamed

    def _planned_on(self, day: date, work_unit: str | None) -> list[_Planned]:
        if work_unit is None:
            each = [planned for unit in sorted(self._alike()) for planned in self._planned_on(day, unit)]
            return list({id(planned): planned for planned in each}.values())
        if day not in self._days:
            regular = [shift for shift in self.shifts if self.works_on(shift, day)]
            extra = [shift for shift in self.extra_shifts if shift.is_valid(day)]
            self._days[day] = self._of_day(day, regular), self._of_day(day, extra)
        regular_ones, extra_ones = self._days[day]
        own = [planned for planned in extra_ones if _is_for(planned.shift, work_unit)]
        replaced = {planned.shift.name for planned in own}
        own += [one for one in regular_ones if _is_for(one.shift, work_unit) and one.shift.name not in replaced]
        return own

    def _of_day(self, day: date, shifts: Iterable[Shift]) -> list[_Planned]:
        at = partial(local_instant, day, zone=self.zone)
        found = []
        for shift in shifts:
            start_us, end_us = at(shift.start_min), at(shift.end_min)
            if start_us < end_us:  # not so of a shift that a clock change skips
                period = Period(PeriodKind.SHIFT, f"{day.isoformat()}/{shift.name}", start_us, end_us)
                breaks = sorted((at(first), at(last)) for first, last in shift.breaks_min)
                found.append(_Planned(shift, period, tuple(_less(start_us, end_us, breaks))))
        return found


def _is_for(entry: Shift | PlannedDowntime, work_unit: str) -> bool:
    return entry.work_units is None or work_unit in entry.work_units


def _less(start_us: int, end_us: int, breaks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """What the breaks, by start, leave of [start_us, end_us); some parts may be empty."""
    for first_us, last_us in breaks:
        yield start_us, min(first_us, end_us)
        start_us = max(start_us, last_us)
    yield start_us, end_us


def _joined(periods: Iterable[Period]) -> list[Period]:
    """Periods by start, of which those with one label are one."""
    found: dict[str, Period] = {}
    for period in periods:
        known = found.setdefault(period.label, period)
        if known != period:
            start_us, end_us = min(known.start_us, period.start_us), max(known.end_us, period.end_us)
            found[period.label] = Period(period.kind, period.label, start_us, end_us)
    return sorted(found.values(), key=_by_start)


def _by_start(period: Period) -> tuple[int, str]:
    return period.start_us, period.label


def _within(planned: Intervals, start_us: int, end_us: int) -> Intervals:
    """`clip` of a set, without looking at all of it."""
    first = int(np.searchsorted(planned[:, 1], start_us, side="right"))
    last = int(np.searchsorted(planned[:, 0], end_us))
    return np.minimum(np.maximum(planned[first:last], start_us), end_us) if start_us < end_us else EMPTY


def planned_or_all(planned: Intervals, start_us: int, end_us: int) -> Intervals:
    """The planned time, or all of [start_us, end_us) where nothing is planned in it."""
    return planned if len(planned) else union(intervals([(start_us, end_us)]), EMPTY)
