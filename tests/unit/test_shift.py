"""Shifts: planned time of a plant and of its work units."""

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import local_instant, parse_instant
from plant.intervals import intervals, length_us, union
from plant.shift import Shift, ShiftCalendar, planned_or_all

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
HOUR_US = 3_600_000_000
WEEK, EVERY_DAY = frozenset(range(5)), frozenset(range(7))
DAY = Shift("day", 8 * 60, 20 * 60, EVERY_DAY, ((12 * 60, 13 * 60),))
NIGHT = Shift("night", 20 * 60, 32 * 60, EVERY_DAY)
SATURDAY, SUNDAY = date(2026, 11, 21), date(2026, 11, 22)


def at(text: str) -> int:
    return parse_instant(f"2026-11-{text}:00+09:00")


def test_shifts_are_named_by_the_day_they_start() -> None:
    calendar = ShiftCalendar(SEOUL, (DAY, NIGHT))
    found = calendar.periods(at("22T07:00"), at("22T08:00"))
    assert [(shift.label, shift.start_us, shift.end_us) for shift in found] == [
        ("2026-11-21/night", at("21T20:00"), at("22T08:00"))
    ]


def test_shifts_that_only_touch_a_time_do_not_overlap_it() -> None:
    calendar = ShiftCalendar(SEOUL, (DAY, NIGHT))
    labels = [shift.label for shift in calendar.periods(at("21T20:00"), at("22T08:00"))]
    assert labels == ["2026-11-21/night"]


def test_a_holiday_has_no_shifts_and_a_working_day_has_all() -> None:
    weekly = Shift("day", 8 * 60, 20 * 60, WEEK)
    calendar = ShiftCalendar(SEOUL, (weekly,), holidays={date(2026, 11, 20), SUNDAY}, working_days={SUNDAY})
    assert [calendar.works_on(weekly, date(2026, 11, day)) for day in (19, 20, 21, 22)] == [True, False, False, True]


def test_the_night_shift_of_the_day_before_a_holiday_is_worked_to_its_end() -> None:
    calendar = ShiftCalendar(SEOUL, (NIGHT,), holidays={SUNDAY})
    assert calendar.planned(None, at("22T00:00"), at("23T00:00")).tolist() == [[at("22T00:00"), at("22T08:00")]]


def test_planned_time_is_shifts_less_breaks() -> None:
    calendar = ShiftCalendar(SEOUL, (DAY,))
    assert length_us(calendar.planned(None, at("21T00:00"), at("22T00:00"))) == 11 * HOUR_US


def test_a_break_past_midnight_is_not_planned() -> None:
    calendar = ShiftCalendar(SEOUL, (Shift("night", 20 * 60, 32 * 60, EVERY_DAY, ((24 * 60, 25 * 60),)),))
    assert calendar.planned("press1", at("22T00:00"), at("22T08:00")).tolist() == [[at("22T01:00"), at("22T08:00")]]


def test_a_shift_of_some_work_units_is_not_planned_for_others() -> None:
    calendar = ShiftCalendar(SEOUL, (Shift("day", 8 * 60, 20 * 60, EVERY_DAY, (), frozenset({"press1"})),))
    bounds = at("21T00:00"), at("22T00:00")
    assert length_us(calendar.planned("press1", *bounds)) == 12 * HOUR_US
    assert length_us(calendar.planned("press2", *bounds)) == 0
    assert length_us(calendar.planned(None, *bounds)) == 12 * HOUR_US
    assert calendar.periods(*bounds, "press2") == []


def test_the_break_of_one_work_unit_is_not_a_break_of_the_plant_while_others_work() -> None:
    calendar = ShiftCalendar(
        SEOUL,
        (
            Shift("presses", 8 * 60, 16 * 60, EVERY_DAY, ((12 * 60, 13 * 60),), frozenset({"press1"})),
            Shift("packing", 8 * 60, 16 * 60, EVERY_DAY, ((12 * 60 + 30, 13 * 60 + 30),), frozenset({"packing"})),
        ),
    )
    planned = calendar.planned(None, at("21T00:00"), at("22T00:00"))
    assert planned.tolist() == [[at("21T08:00"), at("21T12:30")], [at("21T13:00"), at("21T16:00")]]


def test_starts_are_those_within_both_bounds() -> None:
    calendar = ShiftCalendar(SEOUL, (DAY, NIGHT))
    assert calendar.starts(at("21T08:00"), at("21T20:00")) == [at("21T08:00"), at("21T20:00")]
    assert calendar.starts(at("21T08:01"), at("21T19:59")) == []


def test_a_night_shift_over_a_clock_change_is_an_hour_shorter_or_longer() -> None:
    calendar = ShiftCalendar(BERLIN, (Shift("night", 22 * 60, 30 * 60, EVERY_DAY),))
    lengths = []
    for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 11, 21)):
        noon = local_instant(day, 12 * 60, BERLIN)
        lengths.append(length_us(calendar.planned(None, noon, noon + 24 * HOUR_US)) // HOUR_US)
    assert lengths == [7, 9, 8]


def test_a_shift_that_ends_on_a_date_which_was_left_out_is_found_two_dates_after_its_start() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011, over the date line
    calendar = ShiftCalendar(apia, (Shift("long", 12 * 60, 36 * 60, frozenset({3})),))  # 29 December was a Thursday
    morning = local_instant(date(2011, 12, 31), 6 * 60, apia)
    (found,) = calendar.periods(morning, morning + HOUR_US)
    assert found.label == "2011-12-29/long"
    assert found.end_us == morning + 6 * HOUR_US


def test_where_nothing_is_planned_all_of_a_time_counts() -> None:
    assert planned_or_all(intervals([(2, 3)]), 0, 9).tolist() == [[2, 3]]
    assert planned_or_all(intervals([]), 0, 9).tolist() == [[0, 9]]


def test_without_shifts_nothing_is_planned() -> None:
    assert ShiftCalendar(SEOUL).planned(None, at("21T00:00"), at("22T00:00")).tolist() == []


MINUTES = st.integers(0, 24 * 60 - 1)
SHIFTS = st.builds(
    lambda name, start, length, days: Shift(name, start, start + length, days),
    st.sampled_from("abc"),
    MINUTES,
    st.integers(1, 24 * 60),
    st.frozensets(st.integers(0, 6)),
)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(SHIFTS, max_size=3, unique_by=lambda shift: shift.name), st.lists(st.integers(0, 10 * 24), min_size=2))
def test_planned_time_of_parts_adds_up(shifts: list[Shift], hours: list[int]) -> None:
    calendar = ShiftCalendar(BERLIN, tuple(shifts))
    base = parse_instant("2026-10-20T00:00:00Z")
    bounds = sorted({base + hour * HOUR_US for hour in hours})
    parts = [calendar.planned(None, start, end) for start, end in pairwise(bounds)]
    whole = calendar.planned(None, bounds[0], bounds[-1])
    assert sum(map(length_us, parts)) == length_us(whole)
    listed = intervals([(one.start_us, one.end_us) for one in calendar.periods(bounds[0], bounds[-1])])
    assert length_us(union(whole, listed)) == length_us(listed)


def test_every_start_of_a_day_shift_is_found_once_over_weeks() -> None:
    calendar = ShiftCalendar(BERLIN, (Shift("day", 6 * 60, 14 * 60, EVERY_DAY),))
    start = local_instant(date(2026, 3, 1), 0, BERLIN)
    end = local_instant(date(2026, 3, 1) + timedelta(days=60), 0, BERLIN)
    assert len(calendar.starts(start, end)) == len(set(calendar.starts(start, end))) == 60
