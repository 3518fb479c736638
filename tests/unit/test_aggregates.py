import math

import numpy as np
from columns import NAN, any_readings, readings_of
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.aggregates import QUARTER_US, Aggregates, columns, joined_aggregates, of_readings, widened
from plant.reading import Readings
from plant.status_code import BAD, GOOD, UNCERTAIN

MINUTE_US = 60_000_000


def _same(a: Aggregates, b: Aggregates, largest: float) -> bool:
    """Equal but for the sum, which depends on the order; one of numbers too large to be added up may be anything."""
    enough = 1e-9 * largest
    return all(
        largest > 1e300 or np.allclose(left, right, atol=enough)
        if name == "total"
        else np.array_equal(left, right, True)
        for name, left, right in zip(Aggregates.__slots__, columns(a), columns(b), strict=True)
    )


def test_a_quarter_hour_has_its_first_last_lowest_highest_and_sum() -> None:
    found = widened(of_readings(readings_of([10, 20, 30, QUARTER_US], [5.0, 9.0, 2.0, 4.0])), QUARTER_US)
    assert found.start_us.tolist() == [0, QUARTER_US]
    assert (found.first.tolist(), found.last.tolist()) == ([5.0, 4.0], [2.0, 4.0])
    assert (found.minimum.tolist(), found.maximum.tolist()) == ([2.0, 4.0], [9.0, 4.0])
    assert (found.total.tolist(), found.count.tolist()) == ([16.0, 4.0], [3, 1])
    assert found.mean.tolist() == [16.0 / 3, 4.0]


def test_bad_readings_are_counted_and_have_no_part_in_values() -> None:
    readings = readings_of([1, 2, 3, 4], [NAN, 7.0, 8.0, NAN], [BAD, UNCERTAIN, GOOD, BAD])
    found = widened(of_readings(readings), QUARTER_US)
    assert (found.first.tolist(), found.last.tolist()) == ([7.0], [8.0])
    assert (found.count.tolist(), found.uncertain.tolist(), found.bad.tolist()) == ([2], [1], [2])
    assert found.last_status.tolist() == [BAD]


def test_a_stretch_with_nothing_but_bad_readings_has_no_value() -> None:
    readings = readings_of([1, QUARTER_US + 1, 2 * QUARTER_US], [3.0, NAN, 5.0], [GOOD, BAD, GOOD])
    found = widened(of_readings(readings), QUARTER_US)
    assert [column[1] for column in (found.count, found.bad)] == [0, 1]
    for column in (found.first, found.last, found.minimum, found.maximum, found.mean):
        assert [math.isnan(value) for value in column] == [False, True, False]


def test_nothing_amounts_to_nothing() -> None:
    assert len(widened(of_readings(Readings.empty()), QUARTER_US)) == len(joined_aggregates([])) == 0


def test_times_before_1970_are_in_the_quarter_hour_that_began_before_them() -> None:
    assert widened(of_readings(readings_of([-1], [1.0])), QUARTER_US).start_us.tolist() == [-QUARTER_US]


@settings(max_examples=100)
@given(any_readings(), st.integers(1, 40), st.integers(0, 40))
def test_aggregates_of_aggregates_are_those_of_the_readings(readings: Readings, times: int, cut: int) -> None:
    narrow = widened(of_readings(readings), MINUTE_US)
    parts = [narrow[:cut], narrow[cut:]]
    whole = widened(of_readings(readings), times * MINUTE_US)
    values = readings.values[~np.isnan(readings.values)]
    largest = float(np.abs(values).max(initial=0.0))
    assert _same(widened(joined_aggregates(parts), times * MINUTE_US), whole, largest)
    assert int((whole.count + whole.bad).sum()) == len(readings)
    if len(values):
        assert np.nanmin(whole.minimum) == values.min()
        assert np.nanmax(whole.maximum) == values.max()
