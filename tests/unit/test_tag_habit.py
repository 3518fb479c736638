from columns import NAN, readings_of

from collector.store.aggregates import QUARTER_US, Aggregates, of_readings, widened
from collector.tag_habit import Habit, habit_of
from plant.status_code import BAD, GOOD


def _quarters(values: list[float]) -> Aggregates:
    times = [at * QUARTER_US for at in range(len(values))]
    status = [BAD if value != value else GOOD for value in values]
    rows = widened(of_readings(readings_of(times, values, status)), QUARTER_US)
    return rows[rows.count > 0]


def test_the_longest_pause_lies_between_quarter_hours_in_which_the_tag_moved() -> None:
    values = [float(at) for at in range(40)] + [39.0] * 30 + [float(at) for at in range(40, 80)]
    assert habit_of(_quarters(values)) == Habit(110 * QUARTER_US, 31 * QUARTER_US)


def test_a_quarter_hour_in_which_a_value_went_and_came_back_moved() -> None:
    readings = readings_of([0, QUARTER_US, QUARTER_US + 1, QUARTER_US + 2], [1.0, 1.0, 5.0, 1.0])
    assert habit_of(widened(of_readings(readings), QUARTER_US)).changed_us == 2 * QUARTER_US


def test_less_than_a_day_says_nothing_of_pauses() -> None:
    assert habit_of(_quarters([float(at) for at in range(96)])) == Habit(96 * QUARTER_US, None)
    assert habit_of(_quarters([float(at) for at in range(97)])) == Habit(97 * QUARTER_US, QUARTER_US)


def test_a_tag_that_never_moved_has_no_habit() -> None:
    assert habit_of(_quarters([3.0] * 200)) == Habit()
    assert habit_of(_quarters([])) == Habit()
    assert habit_of(_quarters([NAN] * 5)) == Habit()
