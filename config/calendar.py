"""What may be said of working time? Shifts with breaks, holidays, days that differ, and planned downtime."""

from collections.abc import Container
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.model import Day, Instant, Name, Settings, Text, TimeOfDay
from plant.shift import DAY_MIN, EVERY_DAY, PlannedDowntime, Shift, ShiftCalendar

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _break(value: Any) -> Any:
    """`12:00-13:00` as its two times."""
    if isinstance(value, str) and value.count("-") == 1:
        start, end = value.split("-")
        return {"start": start.strip(), "end": end.strip()}
    if isinstance(value, dict):
        return value
    raise ValueError("must be two times of day, as in 12:00-13:00")


class Break(Settings):
    """A break within a shift."""

    start: TimeOfDay
    end: TimeOfDay


def _weekday(value: Any) -> Any:
    if value not in WEEKDAYS:
        raise ValueError(f"must be one of {', '.join(WEEKDAYS)}")
    return value


WorkUnits = Annotated[tuple[Name, ...], Field(min_length=1)]


class _ShiftTimes(Settings):
    """What a shift and an extra shift have in common."""

    name: Name
    """Name of the shift; part of its periods' labels."""
    start: TimeOfDay
    """Wall-clock start."""
    end: TimeOfDay
    """Wall-clock end; at or before `start`: on the next day."""
    breaks: tuple[Annotated[Break, BeforeValidator(_break)], ...] = ()
    """Breaks, as in 12:00-13:00; not planned busy time."""
    work_units: WorkUnits | None = None
    """Work units that it is for; absent: all."""

    @model_validator(mode="after")
    def _breaks_lie_inside(self) -> Self:
        self._shift(EVERY_DAY, None, None)
        return self

    def _shift(self, weekdays: frozenset[int], first_day: date | None, last_day: date | None) -> Shift:
        """The shift in minutes after midnight. Raises ValueError for a break that lies outside."""
        end = self.end if self.end > self.start else self.end + DAY_MIN
        breaks = []
        for pause in self.breaks:
            first = pause.start if pause.start >= self.start else pause.start + DAY_MIN
            last = pause.end if pause.end > pause.start else pause.end + DAY_MIN
            last += first - pause.start
            if last > end:
                raise ValueError("breaks: must lie inside the shift")
            breaks.append((first, last))
        units = _units(self.work_units)
        return Shift(self.name, self.start, end, weekdays, tuple(breaks), units, first_day, last_day)


class ShiftSettings(_ShiftTimes):
    """One shift, or one version of it. Two of one name must not be valid at the same time for one work unit."""

    days: tuple[Annotated[str, BeforeValidator(_weekday)], ...] = WEEKDAYS
    """Weekdays on which it starts."""
    valid_from: Day | None = None
    """First day on which it starts; absent: since ever."""
    valid_to: Day | None = None
    """Last day on which it starts; absent: for ever."""

    @model_validator(mode="after")
    def _is_valid_once(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from > self.valid_to:
            raise ValueError("valid_to: must not be before valid_from")
        return self

    def shift(self) -> Shift:
        """The shift in minutes after midnight."""
        weekdays = frozenset(WEEKDAYS.index(day) for day in self.days)
        return self._shift(weekdays, self.valid_from, self.valid_to)


class ExtraShiftSettings(_ShiftTimes):
    """A shift of one day, whatever the weekday or holiday. It replaces the shift of the same name that its work units
    would have on that day."""

    date: Day
    """Day on which it starts."""

    def shift(self) -> Shift:
        """The shift in minutes after midnight, valid on its day alone."""
        return self._shift(EVERY_DAY, self.date, self.date)


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


class PlannedDowntimeSettings(Settings):
    """A time booked in advance for maintenance or want of demand: no planned busy time (ISO 22400)."""

    from_: Annotated[Instant, Field(alias="from")]
    """Its start."""
    to: Instant
    """Its end."""
    work_units: WorkUnits | None = None
    """Work units that stand still; absent: all."""
    reason: Annotated[Text, AfterValidator(_said)]
    """What it is booked for."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError("to: must be after from")
        return self

    def downtime(self) -> PlannedDowntime:
        """The time in UTC microseconds."""
        return PlannedDowntime(self.from_, self.to, _units(self.work_units), self.reason)


def _units(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return frozenset(names) if names is not None else None


def _country(value: Any) -> Any:
    if value is not None and not _is_country(value):
        raise ValueError("must be a country's code of two letters, as in KR")
    return value


def _is_country(value: Any) -> bool:
    from holidays.registry import EntityLoader

    # To make one country's days would load every country.
    return isinstance(value, str) and len(value) == 2 and value in EntityLoader.get_country_codes()


class CalendarSettings(Settings):
    """Days without work, days with work in spite of that, and planned downtime."""

    country: Annotated[Text | None, BeforeValidator(_country)] = None
    """Country whose public holidays (substitute days included) are days without shifts, as in KR."""
    extra_holidays: tuple[Day, ...] = ()
    """Further days without shifts."""
    working_days: tuple[Day, ...] = ()
    """Days on which all shifts work, whatever the weekday or holiday."""
    extra_shifts: tuple[ExtraShiftSettings, ...] = ()
    """Shifts of one day, such as overtime or a shortened day; planned whatever the weekday or holiday."""
    planned_downtime: tuple[PlannedDowntimeSettings, ...] = ()
    """Times booked in advance that are no planned busy time."""

    def holidays(self) -> "Holidays":
        """Days without shifts."""
        return Holidays(self.country, frozenset(self.extra_holidays))

    def public_holidays(self) -> "Holidays":
        """The country's public holidays alone, as supply contracts have them."""
        return Holidays(self.country, frozenset())


class Holidays:
    """Public holidays of a country (any year; worked out when asked for) and a plant's own."""

    def __init__(self, country: str | None, own: frozenset[date]) -> None:
        self._country, self._own = country, own

    def __contains__(self, day: object) -> bool:
        return day in self._own or day in self._public

    @cached_property
    def _public(self) -> Container[object]:
        """Made when a day is asked for: all countries are loaded for it, which takes a tenth of a command's start."""
        if self._country is None:
            return ()
        import holidays

        return holidays.country_holidays(self._country)


def shift_calendar(
    zone: ZoneInfo, shifts: tuple[ShiftSettings, ...], days: CalendarSettings, work_units: frozenset[str]
) -> ShiftCalendar:
    """The plant's calendar of shifts."""
    return ShiftCalendar(
        zone,
        tuple(settings.shift() for settings in shifts),
        days.holidays(),
        frozenset(days.working_days),
        tuple(settings.shift() for settings in days.extra_shifts),
        tuple(settings.downtime() for settings in days.planned_downtime),
        work_units,
    )
