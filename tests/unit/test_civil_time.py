"""Civil dates and quarter hours of many instants."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.civil_time import civil_date, civil_times
from kpi.demand import BLOCK_US
from plant.instant import moment, parse_instant

ZONES = ("Asia/Seoul", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns", "UTC")


@given(
    st.lists(st.integers(-(10**15), 4 * 10**15), max_size=40),
    st.sampled_from(ZONES),
)
def test_every_instant_has_the_date_and_quarter_hour_of_its_clock(times: list[int], name: str) -> None:
    zone = ZoneInfo(name)
    found = civil_times(np.array(times, dtype=np.int64), zone)
    for us, day, quarter in zip(times, found.days.tolist(), found.quarters.tolist(), strict=True):
        local = moment(us, zone)
        assert civil_date(day) == local.date()
        assert quarter == (local.hour * 60 + local.minute) // 15


@pytest.mark.parametrize(("day", "quarter_hours"), [("2026-03-29", 92), ("2026-10-25", 100), ("2026-06-01", 96)])
def test_days_on_which_clocks_change_have_92_or_100_quarter_hours(day: str, quarter_hours: int) -> None:
    noon = parse_instant(f"{day}T12:00:00Z")
    found = civil_times(noon + np.arange(-96, 96, dtype=np.int64) * BLOCK_US, ZoneInfo("Europe/Berlin"))
    on_day = found.quarters[found.days == (date.fromisoformat(day) - date(1970, 1, 1)).days]
    assert len(on_day) == quarter_hours
    assert len(np.unique(on_day)) == min(quarter_hours, 96)
