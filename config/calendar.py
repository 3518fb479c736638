"""What may be said of working time? Shifts with breaks, public holidays, and days that differ."""

from datetime import date
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from config.model import Day, Name, Settings, Text, TimeOfDay
from plant.shift import DAY_MIN, Shift, ShiftCalendar

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


class ShiftSettings(Settings):
    """One shift of a day."""

    name: Name
    """Name of the shift; part of its periods' labels."""
    start: TimeOfDay
    """Wall-clock start."""
    end: TimeOfDay
    """Wall-clock end; at or before `start`: on the next day."""
    days: tuple[Annotated[str, BeforeValidator(_weekday)], ...] = WEEKDAYS
    """Weekdays on which it starts."""
    breaks: tuple[Annotated[Break, BeforeValidator(_break)], ...] = ()
    """Breaks, as in 12:00-13:00; not planned busy time."""
    work_units: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    """Work units that it is for; absent: all."""

    @model_validator(mode="after")
    def _breaks_lie_inside(self) -> Self:
        self.shift()
        return self

    def shift(self) -> Shift:
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
        units = frozenset(self.work_units) if self.work_units is not None else None
        weekdays = frozenset(WEEKDAYS.index(day) for day in self.days)
        return Shift(self.name, self.start, end, weekdays, tuple(breaks), units)


def _country(value: Any) -> Any:
    import holidays

    if value is not None and (not isinstance(value, str) or value not in holidays.list_supported_countries()):
        raise ValueError("must be a country's code of two letters, as in KR")
    return value


class CalendarSettings(Settings):
    """Days without work, and days with work in spite of that."""

    country: Annotated[Text | None, BeforeValidator(_country)] = None
    """Country whose public holidays (substitute days included) are days without shifts, as in KR."""
    extra_holidays: tuple[Day, ...] = ()
    """Further days without shifts."""
    working_days: tuple[Day, ...] = ()
    """Days on which all shifts work, whatever the weekday or holiday."""

    def holidays(self) -> "Holidays":
        """Days without shifts."""
        return Holidays(self.country, frozenset(self.extra_holidays))

    def public_holidays(self) -> "Holidays":
        """The country's public holidays alone, as supply contracts have them."""
        return Holidays(self.country, frozenset())


class Holidays:
    """Public holidays of a country (any year; worked out when asked for) and a plant's own."""

    def __init__(self, country: str | None, own: frozenset[date]) -> None:
        self._own = own
        self._public: Any = None
        if country is not None:
            import holidays

            self._public = holidays.country_holidays(country)

    def __contains__(self, day: object) -> bool:
        return day in self._own or (self._public is not None and day in self._public)


def shift_calendar(zone: ZoneInfo, shifts: tuple[ShiftSettings, ...], days: CalendarSettings) -> ShiftCalendar:
    """The plant's calendar of shifts."""
    planned = tuple(settings.shift() for settings in shifts)
    return ShiftCalendar(zone, planned, days.holidays(), frozenset(days.working_days))
