"""When is a plant meant to work? Shifts by weekday, less their breaks, less holidays."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from plant.instant import local_instant, moment
from plant.intervals import EMPTY, Intervals, clip, difference, intervals, union
from plant.period import Period, PeriodKind

DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift: minutes after midnight of its start and end (end above 1440: past midnight), weekdays (0 is Monday) of
    the day it starts, breaks in the same minutes, and the work units it is for (None: all)."""

    name: str
    start_min: int
    end_min: int
    weekdays: frozenset[int]
    breaks_min: tuple[tuple[int, int], ...] = ()
    work_units: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class ShiftCalendar:
    """All shifts of a plant; days in `holidays` have none, days in `working_days` have all, whatever the weekday."""

    zone: ZoneInfo
    shifts: tuple[Shift, ...] = ()
    holidays: Container[date] = frozenset()
    working_days: Container[date] = frozenset()

    def works_on(self, shift: Shift, day: date) -> bool:
        """Whether the shift is planned on the day it starts."""
        if day in self.working_days:
            return True
        return day.weekday() in shift.weekdays and day not in self.holidays

    def _instants(self, day: date, start_min: int, end_min: int) -> tuple[int, int]:
        return local_instant(day, start_min, self.zone), local_instant(day, end_min, self.zone)

    def _days(self, start_us: int, end_us: int) -> Iterator[date]:
        # A shift lasts at most 24 h, so one that reaches into the time started at most two dates before.
        day = moment(start_us, self.zone).date() - timedelta(days=2)
        last = moment(end_us, self.zone).date()
        while day <= last:
            yield day
            day += timedelta(days=1)

    def periods(self, start_us: int, end_us: int, work_unit: str | None = None) -> list[Period]:
        """Every shift (of a work unit; None: of any) that overlaps [start_us, end_us), breaks included, by start."""
        found = []
        for day in self._days(start_us, end_us):
            for shift in self.shifts:
                start, end = self._instants(day, shift.start_min, shift.end_min)
                planned = self.works_on(shift, day) and _is_for(shift, work_unit)
                if planned and start < end_us and end > start_us:
                    found.append(Period(PeriodKind.SHIFT, f"{day.isoformat()}/{shift.name}", start, end))
        return sorted(found, key=lambda period: (period.start_us, period.label))

    def starts(self, start_us: int, end_us: int, work_unit: str | None = None) -> list[int]:
        """Instants at which a shift (of a work unit; None: of any) starts within [start_us, end_us]."""
        return [p.start_us for p in self.periods(start_us, end_us + 1, work_unit) if p.start_us >= start_us]

    def planned(self, work_unit: str | None, start_us: int, end_us: int) -> Intervals:
        """Planned time of a work unit (None: of any) within [start_us, end_us): shifts, each less its own breaks."""
        planned = EMPTY
        for shift in self.shifts:
            if _is_for(shift, work_unit):
                days = [day for day in self._days(start_us, end_us) if self.works_on(shift, day)]
                time = [self._instants(day, shift.start_min, shift.end_min) for day in days]
                breaks = [self._instants(day, *pause) for day in days for pause in shift.breaks_min]
                planned = union(planned, difference(intervals(time), intervals(breaks)))
        return clip(planned, start_us, end_us)


def _is_for(shift: Shift, work_unit: str | None) -> bool:
    return work_unit is None or shift.work_units is None or work_unit in shift.work_units


def planned_or_all(planned: Intervals, start_us: int, end_us: int) -> Intervals:
    """The planned time, or all of [start_us, end_us) where nothing is planned in it."""
    return planned if len(planned) else union(intervals([(start_us, end_us)]), EMPTY)
