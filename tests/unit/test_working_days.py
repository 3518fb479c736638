"""Working days of a plant: by its shifts, or weekdays."""

from datetime import date
from zoneinfo import ZoneInfo

from collector.scope_savings import WorkingDays
from plant.shift import Shift, ShiftCalendar

SEOUL = ZoneInfo("Asia/Seoul")
SATURDAY = date(2026, 11, 21)
HOLIDAYS = frozenset({date(2026, 11, 20)})


def test_days_on_which_a_shift_starts_are_working_days() -> None:
    days = WorkingDays(ShiftCalendar(SEOUL, (Shift("day", 480, 1200, frozenset(range(6))),), HOLIDAYS))
    assert days.count(date(2026, 11, 16), date(2026, 11, 22)) == 5  # Monday to Saturday, less Friday
    assert days.count(date(2026, 11, 16), date(2026, 11, 29)) == 11
    assert days.count(SATURDAY, SATURDAY) == 1


def test_without_shifts_weekdays_are() -> None:
    days = WorkingDays(ShiftCalendar(SEOUL, (), HOLIDAYS))
    assert days.count(date(2026, 11, 16), date(2026, 11, 22)) == 4
    assert days.count(SATURDAY, SATURDAY) == 0


def test_a_last_day_before_the_first_leaves_none() -> None:
    assert WorkingDays(ShiftCalendar(SEOUL)).count(SATURDAY, date(2026, 11, 19)) == 0
