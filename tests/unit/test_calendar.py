"""Holidays of Korea as they were, and a site file's calendar as the days of a plant."""

from datetime import date
from pathlib import Path

import pytest
from site_files import PLANT, loaded

from config.calendar import CalendarSettings
from plant.instant import parse_instant
from plant.intervals import length_us

HOUR_US = 3_600_000_000
CALENDAR = """
work_units: {press1: {}, press2: {}}
calendar:
  country: KR
  extra_holidays: [2026-12-31]
  working_days: [2026-12-25]
  extra_shifts:
  - {name: overtime, date: 2026-11-21, start: 20:00, end: 02:00, breaks: [23:30-00:30], work_units: [press1]}
  planned_downtime:
  - {from: 2026-11-20T13:00:00+09:00, to: 2026-11-20T15:00:00+09:00, reason: mould, work_units: [press2]}
shifts:
- {name: day, start: 08:00, end: 17:00, days: [mon, tue, wed, thu, fri], breaks: [12:00-13:00]}
"""


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2021-08-16", "Liberation Day was a Sunday"),
        ("2021-10-04", "National Foundation Day was a Sunday"),
        ("2021-10-11", "Hangul Day was a Saturday"),
        ("2023-01-24", "New Year by the moon was a Sunday"),
        ("2023-05-29", "Buddha's Birthday was a Saturday; the first year in which that gave a substitute"),
        ("2025-03-03", "Independence Movement Day was a Saturday"),
        ("2025-05-06", "Children's Day and Buddha's Birthday were one day"),
        ("2025-10-08", "a day of Chuseok was a Sunday"),
        ("2026-03-02", "Independence Movement Day was a Sunday"),
        ("2020-04-15", "election of the National Assembly"),
        ("2022-03-09", "election of the president"),
        ("2024-04-10", "election of the National Assembly"),
        ("2025-06-03", "election of the president, out of turn"),
        ("2020-08-17", "temporary holiday"),
        ("2023-10-02", "temporary holiday"),
        ("2024-10-01", "temporary holiday, Armed Forces Day"),
        ("2025-01-27", "temporary holiday"),
    ],
)
def test_substitute_temporary_and_election_days_of_korea_are_holidays(day: str, why: str) -> None:
    assert date.fromisoformat(day) in CalendarSettings(country="KR").holidays(), why
    assert date.fromisoformat(day) not in CalendarSettings().holidays()


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2021-02-15", "New Year by the moon ended on a Saturday, which gives no substitute"),
        ("2021-06-07", "Memorial Day was a Sunday and has no substitute"),
        ("2022-05-09", "Buddha's Birthday was a Sunday, before it had a substitute"),
        ("2022-12-26", "Christmas was a Sunday, before it had a substitute"),
        ("2026-11-20", "a plain Friday"),
    ],
)
def test_days_that_have_no_substitute_are_worked(day: str, why: str) -> None:
    assert date.fromisoformat(day) not in CalendarSettings(country="KR").holidays(), why


@pytest.mark.parametrize(
    ("day", "press1_h", "press2_h"),
    [
        ("2026-11-19", 8, 8),
        ("2026-11-20", 8, 6),  # planned downtime of press2
        ("2026-11-21", 3.5, 0),  # Saturday: the overtime up to midnight, less half an hour of its break
        ("2026-11-22", 1.5, 0),  # and from the end of its break to 02:00
        ("2026-12-24", 8, 8),
        ("2026-12-25", 8, 8),  # Christmas, which this plant works
        ("2026-12-31", 0, 0),
        ("2027-01-01", 0, 0),
    ],
)
def test_hours_planned_by_a_site_file(tmp_path: Path, day: str, press1_h: float, press2_h: float) -> None:
    calendar = loaded(tmp_path, PLANT + CALENDAR).shift_calendar()
    start = parse_instant(f"{day}T00:00:00+09:00")
    for unit, hours in (("press1", press1_h), ("press2", press2_h), (None, max(press1_h, press2_h))):
        assert length_us(calendar.planned(unit, start, start + 24 * HOUR_US)) / HOUR_US == hours
