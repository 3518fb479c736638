from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.report_plan import Due, difference, due_reports, final_from
from plant.instant import parse_instant
from plant.period import Clock, PeriodKind, day_period, hour_period
from plant.shift import Shift, ShiftCalendar

SEOUL = ZoneInfo("Asia/Seoul")
CLOCK = Clock(SEOUL, 8 * 60)
MONDAY = date(2026, 11, 16)
NO_SHIFTS = ShiftCalendar(SEOUL)
SIX_DAYS = ShiftCalendar(SEOUL, (Shift("day", 480, 1200, frozenset(range(6))),))


def day(number: int):
    return day_period(PeriodKind.DAY, MONDAY + timedelta(days=number), CLOCK)


DAYS = [day(number) for number in range(3)]
SOON = dict.fromkeys(DAYS, 100)


def due(reported=None, changed=(), now_us=0, closed=DAYS[:1]):
    return due_reports(
        closed, {("day", label): found for label, found in (reported or {}).items()}, changed, SOON, now_us
    )


LABEL = DAYS[0].label


def test_a_closed_period_without_a_report_is_due_whenever_it_closed():
    assert due(closed=DAYS) == [Due(period, 1, "provisional") for period in DAYS]
    assert due({DAYS[1].label: (1, "provisional")}, closed=DAYS) == [
        Due(DAYS[0], 1, "provisional"),
        Due(DAYS[2], 1, "provisional"),
    ]


def test_the_final_comes_once_when_its_time_has_come_changed_or_not():
    assert due({LABEL: (1, "provisional")}, now_us=99) == []
    assert due({LABEL: (1, "provisional")}, now_us=100) == [Due(DAYS[0], 2, "final")]
    assert due({LABEL: (2, "final")}, now_us=10**18) == []


def test_a_change_before_the_final_waits_for_it():
    everything = [(DAYS[0].start_us, DAYS[0].end_us)]
    assert due({LABEL: (1, "provisional")}, everything, 99) == []
    assert due({LABEL: (1, "provisional")}, everything, 100) == [Due(DAYS[0], 2, "final")]


@pytest.mark.parametrize(("revision", "state"), [(2, "final"), (3, "restated"), (9, "restated")])
def test_after_the_final_a_change_may_lead_to_a_restatement(revision, state):
    period = DAYS[0]
    restated = [Due(period, revision + 1, "restated", only_if_changed=True)]
    for inside in [(period.start_us, period.start_us), (period.end_us, period.end_us), (0, 2**60)]:
        assert due({LABEL: (revision, state)}, [inside]) == restated
    for outside in [(0, period.start_us - 1), (period.end_us + 1, 2**60)]:
        assert due({LABEL: (revision, state)}, [outside]) == []


@given(
    st.dictionaries(st.sampled_from([one.label for one in DAYS]), st.sampled_from([(1, "provisional"), (2, "final")]))
)
def test_each_period_has_at_most_one_report_at_a_time_and_revisions_count_up(reported):
    found = due(reported, [(0, 2**60)], 100, closed=DAYS)
    assert [one.period for one in found] == DAYS
    assert all(one.revision == reported.get(one.period.label, (0, ""))[0] + 1 for one in found)


def final_day(period, calendar):
    """The last day before the final is due."""
    at_us = final_from(period, CLOCK, calendar)
    assert at_us == CLOCK.day_start(CLOCK.day_of(at_us))
    return CLOCK.day_of(at_us - 1)


@pytest.mark.parametrize(
    ("number", "without_shifts", "with_shifts"),
    [(0, 3, 3), (1, 4, 4), (2, 7, 5), (3, 8, 7), (4, 9, 8), (5, 9, 9), (6, 9, 9)],
)
def test_three_working_days_by_weekday_or_by_shift(number, without_shifts, with_shifts):
    assert final_day(day(number), NO_SHIFTS) == MONDAY + timedelta(days=without_shifts)
    assert final_day(day(number), SIX_DAYS) == MONDAY + timedelta(days=with_shifts)


def test_holidays_do_not_count_and_extra_working_days_do():
    tuesday, sunday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=6)
    for shifts in ((), SIX_DAYS.shifts):
        closed = ShiftCalendar(SEOUL, shifts, holidays={tuesday})
        assert final_day(day(0), closed) == MONDAY + timedelta(days=4)
        working = ShiftCalendar(SEOUL, shifts, working_days={sunday})
        assert final_day(day(5), working) == MONDAY + timedelta(days=8)


def test_a_day_counts_as_worked_when_a_shift_of_the_valid_version_or_an_extra_shift_starts_on_it():
    weekdays, sunday = frozenset(range(5)), MONDAY + timedelta(days=6)
    until_tuesday = Shift("day", 480, 1200, weekdays, last_day=MONDAY + timedelta(days=1))
    from_friday = Shift("day", 420, 1140, weekdays, first_day=MONDAY + timedelta(days=4))
    versions = (until_tuesday, from_friday)
    overtime = Shift("overtime", 480, 720, first_day=sunday, last_day=sunday)
    assert final_day(day(0), ShiftCalendar(SEOUL, versions)) == MONDAY + timedelta(days=7)  # Tuesday, Friday, Monday
    extra = ShiftCalendar(SEOUL, versions, extra_shifts=(overtime,))
    assert final_day(day(0), extra) == sunday
    assert final_day(day(3), ShiftCalendar(SEOUL, extra_shifts=(overtime,))) == MONDAY + timedelta(days=7)


def test_a_plant_that_never_works_still_gets_its_final():
    never = ShiftCalendar(SEOUL, (Shift("day", 480, 1200, frozenset()),))
    assert final_day(day(0), never) == MONDAY + timedelta(days=60)


def test_the_day_that_a_period_ends_in_counts_from_its_last_moment():
    last_hour = hour_period(parse_instant("2026-11-17T07:30:00+09:00"), CLOCK)  # still Monday's production day
    assert final_day(last_hour, NO_SHIFTS) == MONDAY + timedelta(days=3)
    month = day_period(PeriodKind.MONTH, MONDAY, CLOCK)  # ends with Monday, 30 November
    assert final_day(month, NO_SHIFTS) == date(2026, 12, 3)


def test_values_differ_by_what_they_say_alone():
    value = {"kpi": "energy", "value": 12.0, "as_of": "a", "revision": 1, "state": "provisional", "flags": ["manual"]}
    assert not difference([value], [{**value, "value": 12, "as_of": "b", "revision": 2, "state": "final"}])
    for other in ({"value": 12.5}, {"value": None}, {"flags": []}, {"coverage": 1}):
        assert difference([value], [{**value, **other}])
    assert difference([value], [])
    assert difference([], [value])
