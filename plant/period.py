"""Which hours, production days, weeks, months and years does a plant have, and what are they called?

Periods of one kind neither overlap nor leave holes; where clocks change, days have 23 or 25 hours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from plant.instant import US_PER_S, format_instant, local_instant, moment

HOUR_US = 3600 * US_PER_S


class PeriodKind(StrEnum):
    """Kinds of period; `range` is one period from any instant to any other."""

    HOUR = "hour"
    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    RANGE = "range"


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open interval [start_us, end_us) in UTC microseconds, with its kind and label."""

    kind: PeriodKind
    label: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Clock:
    """The plant's clock: its zone, and the minute after midnight at which its days begin (civil: 0)."""

    zone: ZoneInfo
    day_start_min: int = 0

    def day_start(self, day: date) -> int:
        """The instant at which the day with this label begins."""
        return local_instant(day, self.day_start_min, self.zone)

    def day_of(self, us: int) -> date:
        """Label of the day that an instant belongs to."""
        day = moment(us, self.zone).date()
        while self.day_start(day) > us:
            day -= timedelta(days=1)
        while self.day_start(day + timedelta(days=1)) <= us:
            day += timedelta(days=1)
        return day


def first_day(kind: PeriodKind, day: date) -> date:
    """First day of the day, ISO week, month or year that holds `day`."""
    match kind:
        case PeriodKind.DAY:
            return day
        case PeriodKind.WEEK:
            return day - timedelta(days=day.weekday())
        case PeriodKind.MONTH:
            return day.replace(day=1)
        case PeriodKind.YEAR:
            return day.replace(month=1, day=1)
    raise ValueError(f"{kind} is not made of days")


def next_first_day(kind: PeriodKind, first: date) -> date:
    """First day of the period that follows the one beginning with `first`."""
    step = {PeriodKind.DAY: 1, PeriodKind.WEEK: 7, PeriodKind.MONTH: 31, PeriodKind.YEAR: 366}[kind]
    return first_day(kind, first + timedelta(days=step))


def day_label(kind: PeriodKind, first: date) -> str:
    """Label of the day, week, month or year beginning with `first`: 2026-11-21, 2026-W47, 2026-11, 2026.

    >>> day_label(PeriodKind.WEEK, date(2026, 11, 16))
    '2026-W47'
    """
    match kind:
        case PeriodKind.WEEK:
            year, week, _ = first.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case PeriodKind.MONTH:
            return f"{first:%Y-%m}"
        case PeriodKind.YEAR:
            return f"{first:%Y}"
    return first.isoformat()


def day_period(kind: PeriodKind, day: date, clock: Clock) -> Period:
    """The day, week, month or year that holds the day `day`."""
    first = first_day(kind, day)
    end = clock.day_start(next_first_day(kind, first))
    return Period(kind, day_label(kind, first), clock.day_start(first), end)


def hour_period(us: int, clock: Clock) -> Period:
    """The clock hour that holds an instant; the hours of a repeated wall hour differ in their offset.

    Where clocks change within an hour (Lord Howe: by 30 min), it is cut there.
    """
    local = moment(us, clock.zone)
    past = (local.minute * 60 + local.second) * US_PER_S + local.microsecond
    start, end = us - past, us - past + HOUR_US
    if _offset(start, clock) != local.utcoffset():
        start = _change(start, us, clock)
    if _offset(end - 1, clock) != local.utcoffset():
        end = _change(us, end - 1, clock)
    text = format_instant(start, clock.zone)
    return Period(PeriodKind.HOUR, text[:13] + text[19:], start, end)


def _offset(us: int, clock: Clock) -> timedelta | None:
    return moment(us, clock.zone).utcoffset()


def _change(before_us: int, after_us: int, clock: Clock) -> int:
    """The instant within (before, after] from which on the offset is that of `after`."""
    while after_us - before_us > 1:
        middle_us = (before_us + after_us) // 2
        if _offset(middle_us, clock) == _offset(after_us, clock):
            after_us = middle_us
        else:
            before_us = middle_us
    return after_us


def range_period(start_us: int, end_us: int, clock: Clock) -> Period:
    """One period over [start_us, end_us), labelled FROM/TO; a bound at which a day begins is named by the day."""
    label = f"{_bound(start_us, clock)}/{_bound(end_us, clock)}"
    return Period(PeriodKind.RANGE, label, start_us, end_us)


def _bound(us: int, clock: Clock) -> str:
    day = clock.day_of(us)
    return day.isoformat() if clock.day_start(day) == us else format_instant(us, clock.zone)


def periods(kind: PeriodKind, start_us: int, end_us: int, clock: Clock) -> Iterator[Period]:
    """Every hour, day, week, month or year that overlaps [start_us, end_us), in time order."""
    us = start_us
    while us < end_us:
        hourly = kind is PeriodKind.HOUR
        period = hour_period(us, clock) if hourly else day_period(kind, clock.day_of(us), clock)
        yield period
        us = period.end_us


def days_of(period: Period, clock: Clock) -> tuple[date, date] | None:
    """First and last day whose label the period carries: the days that begin within it. None if there is none."""
    first = clock.day_of(period.start_us)
    if clock.day_start(first) < period.start_us:
        first += timedelta(days=1)
    last = clock.day_of(period.end_us - 1)
    return (first, last) if first <= last else None
