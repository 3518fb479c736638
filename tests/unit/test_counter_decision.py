"""Steps that somebody may ask about: which they are, the readings around them, and one sentence why."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from series_of import NAN, S, series_of

from kpi.counter import Restarting, StepKind, Steps, counter_steps
from kpi.counter_decision import MOST_DECISIONS, Decisions, decisions, joined_decisions, why
from kpi.series import TagSeries
from plant.correction import MeterChange
from plant.reading import Readings
from plant.status_code import BAD, UNCERTAIN
from plant.tag import CounterRules, Restarts, Role

NONE = np.empty(0, dtype=np.int64)
HOUR_US = 3600 * S
BOUND = CounterRules(Restarts.ANY, modulus=1000.0, max_rate_per_h=3600.0, swap_tolerance=2.0)


def steps_of(series: TagSeries, *changes: MeterChange) -> Steps:
    return counter_steps(series, Restarting(NONE, NONE), changes)


def found_in(series: TagSeries, start_s: float = 0, end_s: float = 1000, **more: bool) -> Decisions:
    return decisions(series, steps_of(series), round(start_s * S), round(end_s * S), **more)


def test_a_plain_rise_is_no_decision() -> None:
    found = found_in(series_of([(0, 1), (10, 5), (20, 5)], BOUND))
    assert (found.shown(), found.left_out) == ((), 0)


def test_every_other_class_is_one_with_two_readings_on_either_side() -> None:
    rows = [(0, 990.0), (10, 996.0), (20, 4.0), (30, 3.0), (40, 8.0), (50, 500.0), (60, 501.0), (70, 5.0), (80, 6.0)]
    found = found_in(series_of(rows, BOUND)).shown()
    kinds = [(one.step, one.adds, [each.value for each in (*one.before, *one.after)]) for one in found]
    assert kinds == [
        ("rollover", 8, [990, 996, 4, 3]),
        ("disorder", -1, [996, 4, 3, 8]),
        ("jump", 0, [3, 8, 500, 501]),
        ("reset", 5, [500, 501, 5, 6]),
    ]
    assert [one.allowed for one in found] == [11, 11, 11, 11]
    assert not any(one.over_gap or one.not_used for one in found)


def test_a_meter_change_is_a_decision() -> None:
    series = series_of([(0, 10.0), (10, 20.0), (20, 3.0)], CounterRules(Restarts.NEVER))
    steps = steps_of(series, MeterChange("t", 15 * S, 22.0, 1.0))
    (one,) = decisions(series, steps, 0, 100 * S).shown()
    assert (one.step, one.adds, one.allowed) == ("changed", 4, None)
    assert one.why == "went from 20 to 3 over a meter change that was signed off; adds 4"


def test_a_rise_over_a_gap_or_over_readings_that_are_not_believed_is_one() -> None:
    rows = [(0, 1.0), (10, 2.0), (20, NAN, BAD), (21, 7.0, UNCERTAIN), (30, 5.0), (60, 6.0), (70, 7.0)]
    series = series_of(rows, BOUND, gaps=[(40, 50)])
    over_bad, over_gap = found_in(series).shown()
    assert (over_bad.time_us, over_bad.over_gap, over_bad.not_used) == (30 * S, True, 2)
    assert [one.value for one in (*over_bad.before, *over_bad.after)] == [1, 2, 5, 6]
    assert over_bad.why == (
        "rose by 3 in 20 s over time that is not known, at most the 21 that max_rate allows; counted whole at its end"
    )
    assert (over_gap.time_us, over_gap.not_used) == (60 * S, 0)


def test_steps_belong_to_the_stretch_that_has_their_later_reading() -> None:
    series = series_of([(0, 50.0), (10, 1.0), (20, 0.0)], CounterRules(Restarts.ANY))
    assert [one.time_us for one in found_in(series, 10, 20).shown()] == [20 * S]
    assert [one.time_us for one in found_in(series, 0, 10).shown()] == [10 * S]


def test_what_lies_beside_the_series_is_shown_where_it_is_at_hand() -> None:
    series = series_of([(10, 50.0), (20, 1.0)], CounterRules(Restarts.ANY))
    beside = series_of([(0, 49.0)]).readings, series_of([(30, 2.0)]).readings
    (one,) = decisions(series, steps_of(series), 0, 100 * S, beside).shown()
    assert [each.value for each in (*one.before, *one.after)] == [49, 50, 1, 2]
    (alone,) = decisions(series, steps_of(series), 0, 100 * S).shown()
    assert [each.value for each in (*alone.before, *alone.after)] == [50, 1]


def test_long_steps_of_a_meter_are_decisions_where_quarter_hours_count() -> None:
    series = series_of([(0, 1.0), (1200, 2.0), (2401, 3.0)], role=Role.ENERGY_IMPORT)
    assert found_in(series, 0, 5000).shown() == ()
    (one,) = found_in(series, 0, 5000, by_quarter_hours=True).shown()
    assert (one.time_us, one.over_gap) == (2401 * S, False)
    assert one.why == "rose by 1 in 20 min 1 s, more than 20 min: its quarter hours are estimated and set no peak"


def test_of_too_many_the_special_ones_are_shown_first_and_the_rest_counted() -> None:
    rows = [(at, float(at // 2 if at % 4 else 0)) for at in range(0, 400, 2)]
    series = series_of(rows, CounterRules(Restarts.ANY), gaps=[(at + 0.5, at + 0.6) for at in range(0, 400, 2)])
    found = found_in(series, 0, 400)
    assert (found.special_count, found.plain_count) == (99, 100)
    assert {one.step for one in found.shown()} == {"reset"}
    assert (len(found.shown()), found.left_out) == (MOST_DECISIONS, 199 - MOST_DECISIONS)


@given(st.lists(st.integers(0, 20).map(float), min_size=2, max_size=60), st.data())
def test_a_stretch_that_is_divided_has_the_same_decisions(values: list[float], data: st.DataObject) -> None:
    series = series_of([(at, value) for at, value in enumerate(values)], BOUND, gaps=[(3.2, 3.4), (5, 7)])
    cut = data.draw(st.integers(0, len(values)))
    whole = found_in(series, 0, 100)
    parts = joined_decisions([found_in(series, 0, cut), found_in(series, cut, 100)])
    assert (parts.special_count, parts.plain_count) == (whole.special_count, whole.plain_count)
    assert parts.shown() == whole.shown()
    assert whole.left_out == whole.special_count + whole.plain_count - len(whole.shown())


def drop(rules: CounterRules, earlier: float, later: float) -> str:
    return why(rules, StepKind.UNKNOWN_DROP, (earlier, later), 0.0, HOUR_US, over_gap=False)


@pytest.mark.parametrize(
    ("rules", "values", "said"),
    [
        (CounterRules(Restarts.NEVER), (50, 10), "no rollover (it has no modulus), no restart (restarts: never)"),
        (CounterRules(Restarts.ANY, modulus=100), (50, 40), "no rollover (not from the last tenth of its modulus"),
        (CounterRules(Restarts.ANY, modulus=100), (150, 120), "no rollover (it was above its modulus)"),
        (CounterRules(Restarts.ANY, 100, 5), (50, 40), "no rollover (that would add 90, more than the 6 that max_rate"),
        (
            CounterRules(Restarts.ANY, None, 5),
            (50, 40),
            "no restart (40 since 0 is more than the 6 that max_rate allows)",
        ),
        (CounterRules(Restarts.ANY), (50, -4), "no restart (it is below 0)"),
        (CounterRules(Restarts.ANY), (50, 40), "no restart (not to less than half)"),
        (CounterRules(Restarts.SHIFT), (50, 4), "no restart (restarts: shift, and none starts within 60 min)"),
        (CounterRules(Restarts.JOB), (50, 4), "no restart (restarts: job, and order and product are the same)"),
        (CounterRules(Restarts.ANY, swap_tolerance=3), (50, 40), "no swapped readings (swap_tolerance 3)"),
    ],
)
def test_an_unknown_drop_says_what_it_was_not(rules: CounterRules, values: tuple[float, float], said: str) -> None:
    text = drop(rules, *values)
    assert said in text
    assert text.endswith("if the meter was changed, sign it off with smartwings correct")


@pytest.mark.parametrize(
    ("restarts", "said"),
    [
        (Restarts.ANY, "restarts: any allows at any time"),
        (Restarts.SHIFT, "restarts: shift allows within 60 min of a shift's start"),
        (Restarts.JOB, "restarts: job allows where order or product changed"),
    ],
)
def test_a_reset_says_which_rule_allowed_it(restarts: Restarts, said: str) -> None:
    assert said in why(CounterRules(restarts), StepKind.RESET, (50, 4), 4.0, HOUR_US, over_gap=False)


def test_a_rise_over_a_gap_without_a_largest_rate_has_no_limit() -> None:
    text = why(CounterRules(Restarts.ANY), StepKind.FORWARD, (1, 4), 3.0, HOUR_US, over_gap=True)
    assert text == "rose by 3 in 1 h over time that is not known; counted whole at its end"


def test_nothing_is_asked_of_a_series_without_steps() -> None:
    series = TagSeries(series_of([]).tag, Readings.empty())
    assert decisions(series, steps_of(series), 0, 10) == Decisions()


def test_decisions_of_two_days_are_joined_in_order() -> None:
    series = series_of([(0, 9.0), (10, 1.0), (20, 9.0), (30, 2.0)], CounterRules(Restarts.ANY), gaps=[(12, 13)])
    parts = joined_decisions([found_in(series, 0, 15), found_in(series, 15, 40)])
    assert [(one.time_us // S, one.step) for one in parts.shown()] == [(10, "reset"), (20, "forward"), (30, "reset")]
    assert (parts.special_count, parts.plain_count, parts.left_out) == (2, 1, 0)
