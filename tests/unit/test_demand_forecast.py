"""The demand that the quarter hour of now ends in."""

from collections.abc import Sequence

import numpy as np
import pytest

from kpi.counter import StepKind, Steps
from kpi.demand_forecast import demand_forecast
from plant.instant import US_PER_S

MINUTE = 60 * US_PER_S
QUARTER = 15 * MINUTE


def steps(kwh: Sequence[float], end_us: int, every_us: int = MINUTE, kinds: Sequence[StepKind] = ()) -> Steps:
    """Steps of one length after one another, the last of which ends at an instant."""
    at_us = end_us - np.arange(len(kwh) - 1, -1, -1, dtype=np.int64) * every_us
    kind = np.array(kinds or [StepKind.FORWARD] * len(kwh), dtype=np.int8)
    return Steps(at_us - every_us, at_us, np.array(kwh, dtype=np.float64), kind)


def test_the_power_of_the_last_three_minutes_goes_on_to_the_end_of_the_quarter_hour() -> None:
    found = demand_forecast([steps([9, 9, 9, 1, 1, 1, 1, 2, 2, 2], 2 * QUARTER + 7 * MINUTE)], 2 * QUARTER + 7 * MINUTE)
    assert found is not None
    assert (found.start_us, found.read_us, found.left_s) == (2 * QUARTER, 2 * QUARTER + 7 * MINUTE, 480)
    assert found.kwh == 10
    assert found.mean_kw == pytest.approx(10 * 60 / 7)
    assert found.recent_kw == pytest.approx(120)
    assert found.kw == pytest.approx(4 * (10 + 8 * 2))


def test_a_step_over_the_start_of_the_quarter_hour_is_shared_by_time() -> None:
    found = demand_forecast([steps([3, 3], QUARTER + MINUTE, 3 * MINUTE)], QUARTER + MINUTE)
    assert found is not None
    assert found.kwh == pytest.approx(1)


def test_right_at_its_beginning_there_is_no_mean_and_the_last_minutes_tell_all() -> None:
    found = demand_forecast([steps([2, 2, 2], QUARTER - MINUTE)], QUARTER)
    assert found is not None
    assert (found.kwh, found.mean_kw) == (0, None)
    assert found.kw == pytest.approx(120)


def test_meters_add_up_to_the_reading_that_all_of_them_have_reached() -> None:
    one, other = steps([2, 2, 2, 2], QUARTER + 4 * MINUTE), steps([1, 1, 1], QUARTER + 3 * MINUTE)
    found = demand_forecast([one, other], QUARTER + 4 * MINUTE)
    assert found is not None
    assert found.read_us == QUARTER + 3 * MINUTE
    assert found.kwh == pytest.approx(9)
    assert found.kw == pytest.approx(180)


def test_a_step_that_was_not_accepted_says_nothing() -> None:
    kinds = [StepKind.FORWARD, StepKind.FORWARD, StepKind.JUMP]
    found = demand_forecast([steps([2, 2, 0], QUARTER + 3 * MINUTE, kinds=kinds)], QUARTER + 3 * MINUTE)
    assert found is not None
    assert found.read_us == QUARTER + 2 * MINUTE


@pytest.mark.parametrize(
    "meters",
    [
        [],
        [steps([], QUARTER)],
        [steps([2, 2], QUARTER - 6 * MINUTE)],
        [steps([2, 2], QUARTER), steps([2], QUARTER - 20 * MINUTE)],
    ],
    ids=["no meter", "no step", "silent for six minutes", "one of two silent"],
)
def test_without_fresh_readings_of_every_meter_there_is_no_forecast(meters: list[Steps]) -> None:
    assert demand_forecast(meters, QUARTER) is None


def test_meters_that_share_no_time_have_no_forecast() -> None:
    late, early = steps([1], QUARTER + 4 * MINUTE), steps([1], QUARTER + 3 * MINUTE)
    assert demand_forecast([late, early], QUARTER + 4 * MINUTE) is None


def test_readings_after_the_instant_do_not_count() -> None:
    all_of_them, some = steps([1] * 9, QUARTER + 9 * MINUTE), steps([1] * 5, QUARTER + 5 * MINUTE)
    now_us = QUARTER + 5 * MINUTE
    assert demand_forecast([all_of_them], now_us) == demand_forecast([some], now_us)
