"""What views of the past know of records that have a date alone, and of those that have a time."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plant.as_of import as_of, live
from plant.instant import local_instant
from plant.period import Clock

ZONES = ("Asia/Seoul", "Europe/Berlin", "America/New_York", "UTC")
TENTH = date(2026, 11, 10)


@pytest.mark.parametrize("day_start_min", [0, 1, 8 * 60, 24 * 60 - 1])
def test_the_end_of_a_production_day_knows_its_date_and_not_the_next(day_start_min: int) -> None:
    clock = Clock(ZoneInfo("Asia/Seoul"), day_start_min)
    view = as_of(clock.day_start(TENTH + timedelta(days=1)), clock)
    assert view.knows(local_instant(TENTH, 0, clock.zone))
    assert not view.knows(local_instant(TENTH + timedelta(days=1), 0, clock.zone))


@given(
    st.sampled_from(ZONES),
    st.integers(0, 24 * 60 - 1),
    st.integers(0, 400 * 24 * 60),
    st.integers(-3, 3),
    st.integers(1, 24 * 60 - 1),
)
def test_a_date_is_known_once_its_production_day_has_begun_and_a_time_once_it_is_past(
    zone: str, day_start_min: int, minute: int, days: int, minute_of_day: int
) -> None:
    clock = Clock(ZoneInfo(zone), day_start_min)
    us = local_instant(date(2026, 1, 1), minute, clock.zone) + 1
    day = clock.day_of(us) + timedelta(days=days)
    view = as_of(us, clock)
    recorded_us = local_instant(day, 0, clock.zone)
    assert view.knows(recorded_us) is (clock.day_start(day) < us)
    at_us = local_instant(day, minute_of_day, clock.zone)
    assert view.knows(at_us) is (at_us < us)


def test_now_everything_is_known_that_was_recorded_until_now() -> None:
    assert [live(1000).knows(us) for us in (0, 1000, 1001)] == [True, True, False]
