"""Instants: UTC microseconds, written and read with an offset."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import format_instant, instant, local_instant, moment, parse_instant, parse_iso_date
from plant.instant_column import format_instants

BERLIN, SEOUL = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Seoul")


def test_an_instant_is_microseconds_of_utc() -> None:
    assert instant(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC)) == 1_000_005
    assert parse_instant(" 2026-11-22T09:30:00+09:00 ") == parse_instant("2026-11-22T00:30:00Z")


def test_a_time_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an offset or Z"):
        parse_instant("2026-11-22T09:30:00")


@pytest.mark.parametrize("text", ["", "22.11.2026", "2026-13-01T00:00:00Z", "now"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be an ISO 8601 time"):
        parse_instant(text)


def test_a_date_drops_its_time_of_day_without_changing_zone() -> None:
    assert parse_iso_date("2026-11-22T23:59:59Z") == date(2026, 11, 22)
    assert parse_iso_date(" 2026-11-22 ") == date(2026, 11, 22)
    with pytest.raises(ValueError, match="must be an ISO 8601 date"):
        parse_iso_date("22/11/2026")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.integers(0, 4_000_000_000_000_000), st.sampled_from(["Asia/Seoul", "America/St_Johns", "Australia/Lord_Howe"])
)
def test_what_is_written_reads_back(us: int, zone: str) -> None:
    assert parse_instant(format_instant(us, ZoneInfo(zone))) == us
    assert instant(moment(us, ZoneInfo(zone))) == us


def test_a_wall_time_of_the_next_day_is_written_past_1440() -> None:
    assert local_instant(date(2026, 11, 21), 1440 + 90, SEOUL) == parse_instant("2026-11-22T01:30:00+09:00")


def test_a_skipped_wall_time_takes_the_offset_before_the_change() -> None:
    assert local_instant(date(2026, 3, 29), 150, BERLIN) == parse_instant("2026-03-29T02:30:00+01:00")


def test_a_repeated_wall_time_is_its_first_occurrence() -> None:
    assert local_instant(date(2026, 10, 25), 150, BERLIN) == parse_instant("2026-10-25T02:30:00+02:00")


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    st.lists(
        st.integers(-2_000_000_000_000_000, 4_000_000_000_000_000) | st.integers(0, 4000).map(lambda s: s * 900_000_000)
    ),
    st.sampled_from(["Asia/Seoul", "America/St_Johns", "Australia/Lord_Howe"]),
)
def test_many_instants_are_written_as_each_of_them(times_us: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    found = format_instants(np.array(times_us, dtype=np.int64), zone)
    assert found == [format_instant(us, zone) for us in times_us]


def test_instants_of_a_quarter_hour_in_which_clocks_change_have_the_offset_of_their_own() -> None:
    # Liberia's clocks went from -00:44:30 to +00:00 at 00:44:30 UTC.
    zone, change_us = ZoneInfo("Africa/Monrovia"), instant(datetime(1972, 1, 7, 0, 44, 30, tzinfo=UTC))
    times = np.array([change_us - 1, change_us, change_us + 1_000_000])
    assert format_instants(times, zone) == [format_instant(int(us), zone) for us in times]
    assert format_instants(times, zone)[:2] == ["1972-01-07T00:44:29.999999+00:00", "1972-01-07T00:44:30+00:00"]


def test_a_time_before_there_was_standard_time_is_written_in_utc() -> None:
    assert format_instant(parse_instant("1900-01-01T00:00:00Z"), SEOUL) == "1900-01-01T00:00:00+00:00"
    assert format_instants(np.array([parse_instant("1900-01-01T00:00:00Z")]), SEOUL) == ["1900-01-01T00:00:00+00:00"]


def test_many_instants_are_written_as_each_alone() -> None:
    seoul, second_us = ZoneInfo("Asia/Seoul"), 1_000_000
    # A quarter hour, the next, a fraction, and a time before Seoul had an offset in whole minutes.
    times = [0, 7 * second_us, 900 * second_us + 5, -2_208_988_800 * second_us, 10_000_000 * second_us]
    assert format_instants(np.array(times), seoul) == [format_instant(us, seoul) for us in times]
    assert format_instants(np.array([], dtype=np.int64), seoul) == []
