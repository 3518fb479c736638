from itertools import pairwise

import pytest

from collector.store.aggregates import QUARTER_US
from collector.trend_plan import MOST_DECODED, WIDTHS_US, TrendPlan, trend_plan

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US


@pytest.mark.parametrize(
    ("span_us", "readings", "plan"),
    [
        (60 * SECOND_US, 60, TrendPlan(100_000, False)),
        (DAY_US, 86_400, TrendPlan(120 * SECOND_US, False)),
        (30 * DAY_US, 2_592_000, TrendPlan(4 * QUARTER_US, True)),
        (365 * DAY_US, 3_153_600, TrendPlan(48 * QUARTER_US, True)),
        (365 * DAY_US, 4_000, TrendPlan(48 * QUARTER_US, False)),
        (5 * DAY_US, MOST_DECODED + 1, TrendPlan(QUARTER_US, True)),  # ten a second: unpacking all would take too long
        (3600 * SECOND_US, 10**7, TrendPlan(5 * SECOND_US, False)),  # an hour of quarter hours would be four rows
        (10**6 * DAY_US, 10**9, TrendPlan(WIDTHS_US[-1], True)),
    ],
)
def test_a_window_is_read_as_finely_as_it_is_drawn(span_us: int, readings: int, plan: TrendPlan) -> None:
    assert trend_plan(span_us, 1000, readings) == plan


def test_widths_grow_and_from_a_quarter_hour_on_are_made_of_whole_quarter_hours() -> None:
    assert list(WIDTHS_US) == sorted(set(WIDTHS_US))
    assert all(width % QUARTER_US == 0 for width in WIDTHS_US if width >= QUARTER_US)
    assert all(wider <= 4 * width for width, wider in pairwise(WIDTHS_US))
