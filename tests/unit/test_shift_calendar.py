"""The calendar of shifts: versions, extra shifts, planned downtime, work units of their own, days of any length."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plant.instant import local_instant, moment, parse_instant
from plant.intervals import EMPTY, Intervals, intersection, intervals, length_us, union
from plant.period import Clock, Period, PeriodKind, day_period
from plant.shift import EVERY_DAY, PlannedDowntime, Shift, ShiftCalendar

SEOUL, BERLIN, LORD_HOWE = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
HOUR_US, MINUTE_US = 3_600_000_000, 60_000_000
WEEK = frozenset(range(5))
DAY = Shift("day", 8 * 60, 17 * 60, WEEK, ((12 * 60, 13 * 60),))
NIGHT = Shift("night", 22 * 60, 30 * 60)
FRIDAY, SATURDAY, SUNDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)
PRESS1, PRESS2 = frozenset({"press1"}), frozenset({"press2"})


def on(day: date, shift: Shift) -> Shift:
    return replace(shift, weekdays=EVERY_DAY, first_day=day, last_day=day)


def at(text: str) -> int:
    return parse_instant(f"2026-11-{text}:00+09:00")


def named(calendar: ShiftCalendar, day: date, work_unit: str | None = None) -> list[str]:
    """Names and hours of the shifts that start on a day."""
    start = local_instant(day, 0, calendar.zone)
    found = calendar.periods(start, start + 24 * HOUR_US, work_unit)
    clock = [(moment(one.start_us, calendar.zone), moment(one.end_us, calendar.zone), one.label) for one in found]
    return [
        f"{label.split('/')[1]} {start:%H:%M}-{end:%H:%M}"
        for start, end, label in clock
        if label.startswith(f"{day.isoformat()}/")
    ]


def hours(calendar: ShiftCalendar, day: date, work_unit: str | None = None) -> float:
    """Planned hours from midnight to midnight."""
    start, end = (local_instant(day, minutes, calendar.zone) for minutes in (0, 24 * 60))
    return length_us(calendar.planned(work_unit, start, end)) / HOUR_US


def test_a_version_starts_on_its_first_day_and_still_on_its_last() -> None:
    old = replace(DAY, last_day=FRIDAY - timedelta(days=1))
    new = replace(DAY, start_min=6 * 60, first_day=FRIDAY)
    calendar = ShiftCalendar(SEOUL, (old, new))
    assert named(calendar, FRIDAY - timedelta(days=1)) == ["day 08:00-17:00"]
    assert named(calendar, FRIDAY) == ["day 06:00-17:00"]
    assert calendar.shifts_on(FRIDAY) == [new]


def test_shifts_share_work_units_unless_both_name_others() -> None:
    one, other = replace(DAY, work_units=PRESS1), replace(DAY, work_units=PRESS2)
    assert one.shares_work_units(replace(DAY, work_units=PRESS1 | PRESS2))
    assert one.shares_work_units(DAY)
    assert DAY.shares_work_units(other)
    assert not one.shares_work_units(other)


def test_a_night_shift_that_began_on_its_last_day_is_worked_to_its_end() -> None:
    calendar = ShiftCalendar(SEOUL, (replace(NIGHT, last_day=FRIDAY),))
    assert calendar.planned(None, at("20T00:00"), at("23T00:00")).tolist()[-1] == [at("20T22:00"), at("21T06:00")]


def test_a_working_day_has_only_the_shifts_that_are_valid_on_it() -> None:
    old, new = replace(DAY, last_day=FRIDAY), replace(DAY, name="early", first_day=SATURDAY)
    calendar = ShiftCalendar(SEOUL, (old, new), working_days={SATURDAY})
    assert named(calendar, SATURDAY) == ["early 08:00-17:00"]


def test_an_extra_shift_is_planned_on_its_day_whatever_the_weekday_or_holiday() -> None:
    overtime = on(SATURDAY, Shift("overtime", 8 * 60, 14 * 60, breaks_min=((10 * 60, 10 * 60 + 30),)))
    for holidays in (set[date](), {SATURDAY}):
        calendar = ShiftCalendar(SEOUL, (DAY,), holidays, extra_shifts=(overtime,))
        assert named(calendar, SATURDAY) == ["overtime 08:00-14:00"]
        assert hours(calendar, SATURDAY) == 5.5
        assert named(calendar, SUNDAY) == []


def test_an_extra_shift_replaces_the_shift_of_its_name_and_stands_beside_others() -> None:
    short = on(FRIDAY, Shift("day", 8 * 60, 12 * 60))
    late = Shift("late", 17 * 60, 24 * 60)
    calendar = ShiftCalendar(SEOUL, (DAY, late), extra_shifts=(short,))
    assert named(calendar, FRIDAY) == ["day 08:00-12:00", "late 17:00-00:00"]
    assert named(calendar, FRIDAY - timedelta(days=1)) == ["day 08:00-17:00", "late 17:00-00:00"]


def test_an_extra_shift_of_some_work_units_replaces_the_shift_for_them_alone() -> None:
    short = replace(on(FRIDAY, Shift("day", 8 * 60, 12 * 60)), work_units=PRESS1)
    calendar = ShiftCalendar(SEOUL, (DAY,), extra_shifts=(short,))
    assert named(calendar, FRIDAY, "press1") == ["day 08:00-12:00"]
    assert named(calendar, FRIDAY, "press2") == ["day 08:00-17:00"]
    assert named(calendar, FRIDAY) == ["day 08:00-17:00"]
    alone = replace(calendar, work_units=PRESS1)
    assert named(alone, FRIDAY) == ["day 08:00-12:00"], "no other work unit is there to keep the old hours"


def test_shifts_of_one_name_at_several_hours_are_one_period_of_the_plant() -> None:
    early = replace(DAY, start_min=6 * 60, end_min=14 * 60, work_units=PRESS1)
    calendar = ShiftCalendar(SEOUL, (early, replace(DAY, work_units=PRESS2)))
    assert named(calendar, FRIDAY) == ["day 06:00-17:00"]
    whole = calendar.periods(at("20T16:00"), at("20T17:00"))[0]
    for unit, start, end in (("press1", "06:00", "14:00"), ("press2", "08:00", "17:00")):
        assert calendar.own(whole, unit) == Period(
            PeriodKind.SHIFT, "2026-11-20/day", at(f"20T{start}"), at(f"20T{end}")
        )
    assert calendar.own(whole, "press3") is None
    assert calendar.own(whole, None) is whole
    day = day_period(PeriodKind.DAY, FRIDAY, Clock(SEOUL))
    assert calendar.own(day, "press3") is day


def test_planned_downtime_is_not_planned_time_but_the_shift_stays() -> None:
    downtime = PlannedDowntime(at("20T11:00"), at("20T14:00"), reason="new die")
    calendar = ShiftCalendar(SEOUL, (DAY,), planned_downtime=(downtime,))
    assert calendar.planned("press1", at("20T00:00"), at("21T00:00")).tolist() == [
        [at("20T08:00"), at("20T11:00")],
        [at("20T14:00"), at("20T17:00")],
    ]
    assert named(calendar, FRIDAY) == ["day 08:00-17:00"]
    assert calendar.starts(at("20T00:00"), at("21T00:00")) == [at("20T08:00")]


def test_the_downtime_of_some_work_units_is_downtime_of_the_plant_when_all_stand_still() -> None:
    first = PlannedDowntime(at("20T08:00"), at("20T11:00"), PRESS1)
    second = PlannedDowntime(at("20T10:00"), at("20T12:00"), PRESS2)
    calendar = ShiftCalendar(SEOUL, (DAY,), planned_downtime=(first, second), work_units=PRESS1 | PRESS2)
    assert [hours(calendar, FRIDAY, unit) for unit in ("press1", "press2", None)] == [5, 6, 7]
    with_another = replace(calendar, work_units=PRESS1 | PRESS2 | {"press3"})
    assert [hours(with_another, FRIDAY, unit) for unit in ("press3", None)] == [8, 8]


def test_there_are_shifts_for_a_work_unit_where_one_names_it_or_names_none() -> None:
    assert not ShiftCalendar(SEOUL).has_shifts()
    calendar = ShiftCalendar(SEOUL, (), extra_shifts=(on(FRIDAY, replace(DAY, work_units=PRESS1)),))
    assert [calendar.has_shifts(unit) for unit in (None, "press1", "press2")] == [True, True, False]
    assert ShiftCalendar(SEOUL, (DAY,)).has_shifts("press2")


def test_nothing_is_planned_in_no_time() -> None:
    calendar = ShiftCalendar(SEOUL, (DAY,))
    assert calendar.planned(None, at("20T09:00"), at("20T09:00")).tolist() == []
    assert calendar.periods(at("20T08:00"), at("20T08:00")) == []


@pytest.mark.parametrize(
    ("zone", "spring", "autumn", "change_h"),
    [
        (BERLIN, date(2026, 3, 28), date(2026, 10, 24), 1.0),
        (LORD_HOWE, date(2026, 10, 3), date(2026, 4, 4), 0.5),
        (SEOUL, date(1988, 5, 7), date(1988, 10, 8), 1.0),
    ],
)
def test_a_night_shift_over_a_clock_change_is_shorter_or_longer(
    zone: ZoneInfo, spring: date, autumn: date, change_h: float
) -> None:
    calendar = ShiftCalendar(zone, (NIGHT,))
    for day, length in ((spring, 8 - change_h), (autumn, 8 + change_h), (date(2026, 6, 10), 8)):
        noon = local_instant(day, 12 * 60, zone)
        planned = calendar.planned(None, noon, noon + 24 * HOUR_US)
        assert length_us(planned) / HOUR_US == length
        (period,) = calendar.periods(noon, noon + 24 * HOUR_US)
        assert planned.tolist() == [[period.start_us, period.end_us]]


def test_a_shift_and_a_break_that_a_clock_change_skips_are_not_there() -> None:
    skipped = Shift("short", 2 * 60 + 30, 3 * 60)  # clocks go from 02:00 to 03:00
    calendar = ShiftCalendar(BERLIN, (skipped, replace(NIGHT, breaks_min=((26 * 60, 27 * 60),))))
    assert named(calendar, date(2026, 3, 29)) == ["night 22:00-06:00"]
    noon = local_instant(date(2026, 3, 28), 12 * 60, BERLIN)
    assert length_us(calendar.planned(None, noon, noon + 23 * HOUR_US)) == 7 * HOUR_US


def test_years_are_partitioned_by_shifts_that_follow_each_other_round_the_clock() -> None:
    three = tuple(Shift(name, start * 60, start * 60 + 8 * 60) for name, start in (("a", 6), ("b", 14), ("c", 22)))
    for zone in (SEOUL, BERLIN, LORD_HOWE):
        calendar = ShiftCalendar(zone, three)
        start, end = local_instant(date(2025, 12, 30), 6 * 60, zone), local_instant(date(2028, 1, 2), 6 * 60, zone)
        found = calendar.periods(start, end)
        assert found[0].start_us == start
        assert found[-1].end_us == end
        assert all(earlier.end_us == later.start_us for earlier, later in pairwise(found))
        assert calendar.planned(None, start, end).tolist() == [[start, end]]


UNITS = ("press1", "press2", "press3")
SOME_UNITS = st.none() | st.frozensets(st.sampled_from(UNITS), min_size=1)
BASE = date(2026, 3, 20)
SOME_DAY = st.integers(0, 20).map(lambda number: BASE + timedelta(days=number))


@st.composite
def shifts(draw: st.DrawFn, extra: bool = False) -> Shift:
    start = draw(st.integers(0, 24 * 60 - 1))
    length = draw(st.integers(1, 24 * 60))
    inside = st.tuples(st.integers(0, length), st.integers(0, length)).map(sorted)
    breaks = [(start + first, start + last) for first, last in draw(st.lists(inside, max_size=2))]
    first, last = draw(st.tuples(SOME_DAY, SOME_DAY).map(sorted))
    validity = (first, first) if extra else draw(st.sampled_from([(None, None), (first, None), (None, last)]))
    weekdays = EVERY_DAY if extra else draw(st.frozensets(st.integers(0, 6)))
    name = draw(st.sampled_from("abc"))
    return Shift(name, start, start + length, weekdays, tuple(breaks), draw(SOME_UNITS), *validity)


@st.composite
def downtimes(draw: st.DrawFn) -> PlannedDowntime:
    start = parse_instant("2026-03-19T00:00:00Z") + draw(st.integers(0, 22 * 24 * 4)) * 15 * MINUTE_US
    return PlannedDowntime(start, start + draw(st.integers(1, 400)) * 15 * MINUTE_US, draw(SOME_UNITS))


@st.composite
def calendars(draw: st.DrawFn) -> ShiftCalendar:
    return ShiftCalendar(
        ZoneInfo(draw(st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Seoul", "America/St_Johns"]))),
        tuple(draw(st.lists(shifts(), max_size=4))),
        draw(st.frozensets(SOME_DAY, max_size=3)),
        draw(st.frozensets(SOME_DAY, max_size=3)),
        tuple(draw(st.lists(shifts(extra=True), max_size=3))),
        tuple(draw(st.lists(downtimes(), max_size=3))),
        draw(st.sampled_from([frozenset[str](), frozenset(UNITS)])),
    )


BOUNDS = st.lists(st.integers(0, 22 * 24 * 60), min_size=2, max_size=5, unique=True).map(
    lambda minutes: [parse_instant("2026-03-19T00:00:00Z") + minute * MINUTE_US for minute in sorted(minutes)]
)


def started(calendar: ShiftCalendar, work_unit: str, since: date, until: date) -> Iterator[tuple[date, Shift]]:
    """What a work unit has, day by day, straight from the rules."""
    for number in range((until - since).days + 1):
        day = since + timedelta(days=number)
        own = [one for one in calendar.extra_shifts if one.first_day == day and work_unit in (one.work_units or UNITS)]
        yield from ((day, shift) for shift in own)
        for shift in calendar.shifts:
            valid = (shift.first_day or day) <= day <= (shift.last_day or day)
            planned = day in calendar.working_days or (day.weekday() in shift.weekdays and day not in calendar.holidays)
            replaced = shift.name in [one.name for one in own]
            if valid and planned and not replaced and work_unit in (shift.work_units or UNITS):
                yield day, shift


def is_planned(calendar: ShiftCalendar, work_unit: str, us: int) -> bool:
    if any(d.start_us <= us < d.end_us and work_unit in (d.work_units or UNITS) for d in calendar.planned_downtime):
        return False
    here = moment(us, calendar.zone).date()
    return any(
        _within(calendar, day, (shift.start_min, shift.end_min), us)
        and not any(_within(calendar, day, pause, us) for pause in shift.breaks_min)
        for day, shift in started(calendar, work_unit, here - timedelta(days=2), here)
    )


def _within(calendar: ShiftCalendar, day: date, minutes: tuple[int, int], us: int) -> bool:
    return local_instant(day, minutes[0], calendar.zone) <= us < local_instant(day, minutes[1], calendar.zone)


def contains(planned: Intervals, us: int) -> bool:
    return bool(((planned[:, 0] <= us) & (us < planned[:, 1])).any())


@settings(max_examples=60, derandomize=True, deadline=None)
@given(calendars(), BOUNDS, st.sampled_from(UNITS))
def test_an_instant_is_planned_if_the_rules_say_so(calendar: ShiftCalendar, bounds: list[int], unit: str) -> None:
    planned = calendar.planned(unit, bounds[0], bounds[-1])
    edges = [us for us in planned.ravel().tolist() if us < bounds[-1]]
    for us in [*bounds[:-1], *edges, *(us - 1 for us in edges if us > bounds[0])]:
        assert contains(planned, us) == is_planned(calendar, unit, us)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(calendars(), BOUNDS, st.sampled_from([None, *UNITS]))
def test_planned_time_lies_in_shifts_and_its_parts_add_up(
    calendar: ShiftCalendar, bounds: list[int], unit: str | None
) -> None:
    start, end = bounds[0], bounds[-1]
    planned = calendar.planned(unit, start, end)
    assert union(planned, EMPTY).tolist() == planned.tolist(), "ascending, disjoint, no empty rows"
    assert length_us(union(planned, intervals([(start, end)]))) == end - start
    listed = intervals([(one.start_us, one.end_us) for one in calendar.periods(start, end, unit)])
    assert length_us(intersection(planned, listed)) == length_us(planned)
    parts = [calendar.planned(unit, first, last) for first, last in pairwise(bounds)]
    assert sum(map(length_us, parts)) == length_us(planned)
    assert all(one.start_us < one.end_us for one in calendar.periods(start, end, unit))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(calendars(), BOUNDS)
def test_the_plant_has_what_any_of_its_work_units_has(calendar: ShiftCalendar, bounds: list[int]) -> None:
    start, end = bounds[0], bounds[-1]
    units = UNITS if calendar.work_units else (*UNITS, "one that nothing names")
    each = [calendar.planned(unit, start, end) for unit in units]
    everything = intervals([row for planned in each for row in planned.tolist()])
    assert calendar.planned(None, start, end).tolist() == everything.tolist()
    whole = calendar.periods(start, end)
    labels = [one.label for one in whole]
    assert len(set(labels)) == len(labels)
    by_label = {one.label: one for one in whole}
    for unit in units:
        for own in calendar.periods(start, end, unit):
            assert by_label[own.label].start_us <= own.start_us < own.end_us <= by_label[own.label].end_us
            assert calendar.own(by_label[own.label], unit) == own
    day = moment(start, calendar.zone).date()
    assert {shift.name for shift in calendar.shifts_on(day)} == {
        shift.name for unit in units for shift in calendar.shifts_on(day, unit)
    }


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.sampled_from(sorted(available_timezones())),
    st.integers(parse_instant("1905-01-01T00:00:00Z"), parse_instant("2090-01-01T00:00:00Z")),
    shifts(),
)
def test_planned_time_is_never_more_than_the_shifts_in_any_zone(zone: str, start: int, shift: Shift) -> None:
    valid = replace(shift, weekdays=EVERY_DAY, first_day=None, last_day=None, work_units=None)
    calendar = ShiftCalendar(ZoneInfo(zone), (valid,))
    end = start + 72 * HOUR_US
    listed = intervals([(one.start_us, one.end_us) for one in calendar.periods(start, end)])
    planned = calendar.planned("press1", start, end)
    assert length_us(intersection(planned, listed)) == length_us(planned) <= 72 * HOUR_US


def test_planned_downtime_is_named_for_the_work_units_that_stand_still() -> None:
    off = PlannedDowntime(100, 200, frozenset({"press1"}), "maintenance")
    calendar = ShiftCalendar(SEOUL, planned_downtime=(off, PlannedDowntime(300, 400)))
    assert calendar.downtime(150, 350, "press1") == [off, PlannedDowntime(300, 400)]
    assert calendar.downtime(150, 350, "press2") == [PlannedDowntime(300, 400)]
    assert calendar.downtime(200, 300, "press1") == []
