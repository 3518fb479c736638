"""Periods: they partition time in every zone and on both calendars, and are called what people call them."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import moment, parse_instant
from plant.period import (
    HOUR_US,
    Clock,
    Period,
    PeriodKind,
    day_period,
    days_of,
    first_day,
    hour_period,
    periods,
    range_period,
)

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
ZONES = [
    "Asia/Seoul",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",  # changes at half past, and once at one minute past midnight
    "America/Sao_Paulo",  # changed at midnight, so that days began at 01:00
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Asia/Pyongyang",  # moved by half an hour in 2015 and 2018
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Apia",  # had no 30 December 2011
    "Pacific/Chatham",
    "Africa/Casablanca",
    "Antarctica/Troll",  # changes by two hours
    "Etc/UTC",
]
BY_DAYS = [PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.YEAR]
SPAN_US = {
    PeriodKind.HOUR: 5 * 86400 * 1_000_000,
    PeriodKind.DAY: 40 * 86400 * 1_000_000,
    PeriodKind.WEEK: 90 * 86400 * 1_000_000,
    PeriodKind.MONTH: 400 * 86400 * 1_000_000,
    PeriodKind.YEAR: 1200 * 86400 * 1_000_000,
}
MOMENTS = st.integers(parse_instant("2009-01-01T00:00:00Z"), parse_instant("2036-12-31T00:00:00Z"))
ANY_MOMENT = st.integers(parse_instant("1901-01-01T00:00:00Z"), parse_instant("2099-12-31T00:00:00Z"))
EVERY_ZONE = st.sampled_from(sorted(available_timezones()))
DAY_STARTS = st.sampled_from([0, 1, 30, 6 * 60, 8 * 60, 8 * 60 + 5, 22 * 60, 24 * 60 - 1])


def clock_changes(zone: ZoneInfo, first_us: int, last_us: int) -> list[int]:
    """Instants within (first, last] at which the offset changes; at most one a day."""
    found = []
    for start in range(first_us, last_us, 24 * HOUR_US):
        low, high = start, start + 24 * HOUR_US
        if moment(low, zone).utcoffset() != moment(high, zone).utcoffset():
            while high - low > 1:
                middle = (low + high) // 2
                if moment(middle, zone).utcoffset() == moment(start, zone).utcoffset():
                    low = middle
                else:
                    high = middle
            found.append(high)
    return found


@settings(max_examples=150, derandomize=True, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), DAY_STARTS, st.sampled_from([PeriodKind.HOUR, *BY_DAYS]))
def test_periods_of_a_kind_partition_time(start_us: int, zone: str, day_start: int, kind: PeriodKind) -> None:
    end_us = start_us + SPAN_US[kind]
    found = list(periods(kind, start_us, end_us, Clock(ZoneInfo(zone), day_start)))
    assert found[0].start_us <= start_us < found[0].end_us
    assert found[-1].start_us < end_us <= found[-1].end_us
    assert all(earlier.end_us == later.start_us for earlier, later in pairwise(found))
    assert all(period.start_us < period.end_us for period in found)
    labels = [period.label for period in found]
    assert len(set(labels)) == len(labels)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(ANY_MOMENT, EVERY_ZONE, DAY_STARTS, st.sampled_from([PeriodKind.HOUR, *BY_DAYS]))
def test_periods_partition_time_in_every_zone_there_is_and_ever_was(
    start_us: int, zone: str, day_start: int, kind: PeriodKind
) -> None:
    end_us = start_us + 3 * HOUR_US
    found = list(periods(kind, start_us, end_us, Clock(ZoneInfo(zone), day_start)))
    assert found[0].start_us <= start_us < found[0].end_us
    assert found[-1].start_us < end_us <= found[-1].end_us
    assert all(earlier.end_us == later.start_us for earlier, later in pairwise(found))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [2011, 2015, 2018, 2026])
def test_hours_partition_the_days_on_which_clocks_change(zone: str, year: int) -> None:
    clock = Clock(ZoneInfo(zone))
    first, last = parse_instant(f"{year}-01-01T00:00:00Z"), parse_instant(f"{year + 1}-01-01T00:00:00Z")
    for change in clock_changes(clock.zone, first, last):
        found = list(periods(PeriodKind.HOUR, change - 4 * HOUR_US, change + 4 * HOUR_US, clock))
        assert all(earlier.end_us == later.start_us for earlier, later in pairwise(found))
        assert len({hour.label for hour in found}) == len(found)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(MOMENTS, st.sampled_from(ZONES), DAY_STARTS)
def test_an_instant_lies_in_the_day_it_belongs_to(us: int, zone: str, day_start: int) -> None:
    clock = Clock(ZoneInfo(zone), day_start)
    day = clock.day_of(us)
    assert clock.day_start(day) <= us < clock.day_start(day + timedelta(days=1))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(MOMENTS, st.sampled_from(BY_DAYS), st.sampled_from(ZONES), DAY_STARTS)
def test_a_period_carries_the_labels_of_the_days_that_begin_in_it(
    us: int, kind: PeriodKind, zone: str, day_start: int
) -> None:
    clock = Clock(ZoneInfo(zone), day_start)
    day = clock.day_of(us)
    period = day_period(kind, day, clock)
    days = days_of(period, clock)
    assert days is not None
    assert days[0] <= day <= days[1]
    assert days[0] in (first_day(kind, day), first_day(kind, day) + timedelta(days=1))  # Apia had no 30 December 2011


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, date(2026, 3, 29), 23),
        (BERLIN, date(2026, 10, 25), 25),
        (BERLIN, date(2026, 11, 21), 24),
        (SEOUL, date(1988, 5, 8), 23),  # the year of the games was Korea's last with summer time
        (SEOUL, date(1988, 10, 9), 25),
        (SEOUL, date(1989, 5, 14), 24),
    ],
)
def test_a_day_on_which_clocks_change_has_another_length(zone: ZoneInfo, day: date, hours: int) -> None:
    period = day_period(PeriodKind.DAY, day, Clock(zone))
    assert period.end_us - period.start_us == hours * HOUR_US
    assert len(list(periods(PeriodKind.HOUR, period.start_us, period.end_us, Clock(zone)))) == hours


def test_a_production_day_starts_at_its_hour_and_ends_at_the_next() -> None:
    clock = Clock(SEOUL, 8 * 60)
    period = day_period(PeriodKind.DAY, date(2026, 11, 21), clock)
    assert period == Period(
        PeriodKind.DAY,
        "2026-11-21",
        parse_instant("2026-11-21T08:00:00+09:00"),
        parse_instant("2026-11-22T08:00:00+09:00"),
    )
    assert clock.day_of(parse_instant("2026-11-22T07:59:59.999999+09:00")) == date(2026, 11, 21)
    assert clock.day_of(parse_instant("2026-11-22T08:00:00+09:00")) == date(2026, 11, 22)


@pytest.mark.parametrize(
    ("kind", "day", "label", "start", "end"),
    [
        (PeriodKind.WEEK, date(2026, 11, 22), "2026-W47", "2026-11-16", "2026-11-23"),
        (PeriodKind.WEEK, date(2027, 1, 1), "2026-W53", "2026-12-28", "2027-01-04"),
        (PeriodKind.MONTH, date(2026, 2, 28), "2026-02", "2026-02-01", "2026-03-01"),
        (PeriodKind.MONTH, date(2026, 12, 31), "2026-12", "2026-12-01", "2027-01-01"),
        (PeriodKind.YEAR, date(2028, 12, 31), "2028", "2028-01-01", "2029-01-01"),
    ],
)
def test_weeks_are_iso_and_months_and_years_plain(
    kind: PeriodKind, day: date, label: str, start: str, end: str
) -> None:
    period = day_period(kind, day, Clock(SEOUL))
    assert period.label == label
    assert period.start_us == parse_instant(f"{start}T00:00:00+09:00")
    assert period.end_us == parse_instant(f"{end}T00:00:00+09:00")


def test_a_day_begins_once_though_clocks_go_back_over_midnight() -> None:
    clock = Clock(ZoneInfo("America/St_Johns"))  # went back from 00:01 to 23:01 of the day before
    assert clock.day_of(parse_instant("2010-11-07T00:00:30-02:30")) == date(2010, 11, 7)
    assert clock.day_of(parse_instant("2010-11-06T23:30:00-03:30")) == date(2010, 11, 7)
    assert clock.day_of(parse_instant("2010-11-06T23:59:00-02:30")) == date(2010, 11, 6)


def test_the_two_hours_of_a_repeated_wall_hour_differ_in_their_offset() -> None:
    labels = [
        hour_period(parse_instant(text), Clock(BERLIN)).label
        for text in ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00")
    ]
    assert labels == ["2026-10-25T02+02:00", "2026-10-25T02+01:00"]


def test_an_hour_is_cut_where_clocks_change_by_half_an_hour() -> None:
    clock = Clock(ZoneInfo("Australia/Lord_Howe"))
    start = parse_instant("2026-04-05T01:00:00+11:00")
    found = list(periods(PeriodKind.HOUR, start, start + 2 * HOUR_US, clock))
    assert [hour.label for hour in found] == ["2026-04-05T01+11:00", "2026-04-05T01+10:30", "2026-04-05T02+10:30"]
    assert [(hour.end_us - hour.start_us) * 2 // HOUR_US for hour in found] == [2, 1, 2]
    start = parse_instant("2026-10-04T01:00:00+10:30")
    found = list(periods(PeriodKind.HOUR, start, start + 2 * HOUR_US, clock))
    assert [hour.label for hour in found] == ["2026-10-04T01+10:30", "2026-10-04T02+11:00", "2026-10-04T03+11:00"]
    assert [(hour.end_us - hour.start_us) * 2 // HOUR_US for hour in found] == [2, 1, 2]


@pytest.mark.parametrize("later_us", [0, 1, 2, 3, 5, 1_234_567, 60_000_000, 900_000_001, 1_799_999_999])
def test_a_cut_hour_is_the_same_from_wherever_in_it_one_looks(later_us: int) -> None:
    clock = Clock(ZoneInfo("Australia/Lord_Howe"))
    change = parse_instant("2026-04-05T01:30:00+10:30")
    after, before = hour_period(change + later_us, clock), hour_period(change - 1 - later_us, clock)
    assert (after.start_us, after.end_us) == (change, change + HOUR_US // 2)
    assert (before.start_us, before.end_us) == (change - HOUR_US, change)


def test_a_range_is_named_by_days_where_days_begin_and_else_by_times() -> None:
    clock = Clock(SEOUL, 8 * 60)
    start, end = parse_instant("2026-11-21T08:00:00+09:00"), parse_instant("2026-11-22T00:00:00+09:00")
    assert range_period(start, end, clock).label == "2026-11-21/2026-11-22T00:00:00+09:00"


@pytest.mark.parametrize(
    ("kind", "first", "last"),
    [
        (PeriodKind.DAY, date(2026, 11, 21), date(2026, 11, 21)),
        (PeriodKind.WEEK, date(2026, 11, 16), date(2026, 11, 22)),
        (PeriodKind.MONTH, date(2026, 2, 1), date(2026, 2, 28)),
        (PeriodKind.YEAR, date(2028, 1, 1), date(2028, 12, 31)),
    ],
)
@pytest.mark.parametrize("day_start", [0, 8 * 60])
def test_a_period_has_its_first_and_last_day(kind: PeriodKind, first: date, last: date, day_start: int) -> None:
    clock = Clock(SEOUL, day_start)
    assert days_of(day_period(kind, last, clock), clock) == (first, last)


def test_a_range_within_a_day_carries_no_days_label() -> None:
    clock = Clock(SEOUL)
    start = parse_instant("2026-11-21T08:00:00+09:00")
    assert days_of(range_period(start, start + HOUR_US, clock), clock) is None
    assert days_of(range_period(start, start + 24 * HOUR_US, clock), clock) == (date(2026, 11, 22), date(2026, 11, 22))


@pytest.mark.parametrize("kind", [PeriodKind.HOUR, PeriodKind.SHIFT, PeriodKind.RANGE])
def test_what_is_not_made_of_days_has_no_first_day(kind: PeriodKind) -> None:
    with pytest.raises(ValueError, match="not made of days"):
        first_day(kind, date(2026, 11, 21))


def test_nothing_has_no_periods() -> None:
    assert list(periods(PeriodKind.DAY, 5, 5, Clock(SEOUL))) == []
