"""Which past periods may be a baseline, and what is against the others."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi.baseline import (
    ADVISED_LENGTH,
    LEAST_LENGTH,
    Basis,
    Fitness,
    Length,
    PastPeriod,
    fitness,
    fitness_of_value,
)

TODAY = Basis(2, "plant", "two shifts, production days")
QUARTER = PastPeriod(date(2026, 2, 1), date(2026, 5, 1), 0.031, 0.98, TODAY)


def test_three_months_well_known_and_measured_alike_are_usable() -> None:
    assert fitness(QUARTER, TODAY, ADVISED_LENGTH) == Fitness()
    assert fitness(QUARTER, TODAY, ADVISED_LENGTH).usable


def test_four_weeks_are_enough_unless_the_plant_says_otherwise() -> None:
    assert fitness(replace(QUARTER, end_day=date(2026, 3, 1)), TODAY).usable
    found = fitness(replace(QUARTER, end_day=date(2026, 2, 28)), TODAY)
    assert found.reasons == ("lasts 27 days, a baseline at least 28 days",)
    assert found.remedies == ("name a longer period",)


def test_a_day_less_than_three_months_is_too_short_whatever_the_days() -> None:
    # February, March and April are 89 days and three months; 89 days from 1 March are not
    assert fitness(replace(QUARTER, end_day=date(2026, 4, 30)), TODAY, ADVISED_LENGTH).reasons == (
        "lasts 88 days, a baseline at least 3 months",
    )
    moved = replace(QUARTER, first_day=date(2026, 3, 1), end_day=date(2026, 5, 29))
    assert not fitness(moved, TODAY, ADVISED_LENGTH).usable


def test_the_plant_may_ask_for_another_length() -> None:
    fortnight = replace(QUARTER, end_day=date(2026, 2, 15))
    assert fitness(fortnight, TODAY, Length(days=14)).usable
    assert fitness(QUARTER, TODAY, Length(months=12)).reasons == ("lasts 89 days, a baseline at least 12 months",)


@pytest.mark.parametrize(("coverage", "grade"), [(0.9499, "partial"), (0.5, "low")])
def test_a_baseline_needs_grade_good(coverage: float, grade: str) -> None:
    assert fitness(replace(QUARTER, coverage=coverage), TODAY).reasons == (f"grade is {grade}, a baseline needs good",)


def test_a_changed_definition_scope_or_calendar_starts_a_new_baseline() -> None:
    assert fitness(QUARTER, replace(TODAY, definition=3)).reasons == (
        "definition was 2, is 3; a changed definition starts a new baseline",
    )
    assert fitness(QUARTER, replace(TODAY, scope="press1")).reasons == (
        "scope was plant, is press1; a changed scope starts a new baseline",
    )
    assert fitness(QUARTER, replace(TODAY, calendar="three shifts")).reasons == (
        "calendar was two shifts, production days, is three shifts; a changed calendar starts a new baseline",
    )


def test_every_reason_is_given_and_every_remedy_once() -> None:
    past = PastPeriod(date(2026, 2, 1), date(2026, 2, 2), None, 0.0, TODAY)
    found = fitness(past, Basis(3, "press1", "none"))
    assert found.reasons[:3] == (
        "lasts 1 day, a baseline at least 28 days",
        "has no value",
        "grade is low, a baseline needs good",
    )
    assert len(found.reasons) == 6
    assert found.remedies == (
        "name a longer period",
        "name a period that is known better, or import what is missing of it",
        "agree on a new baseline, under definition 3",
        "agree on a new baseline, under scope press1",
        "agree on a new baseline, under calendar none",
    )
    assert not found.usable


def test_a_period_that_goes_on_is_no_baseline_yet() -> None:
    found = fitness(replace(QUARTER, value=None, coverage=0.0, ended=False), TODAY)
    assert found.reasons == ("has not ended",)
    assert found.remedies == ("wait until 2026-05-01, or name a period that is over",)


def test_a_number_needs_the_same_basis_and_nothing_else() -> None:
    assert fitness_of_value(TODAY, TODAY).usable
    assert fitness_of_value(replace(TODAY, definition=1), TODAY).reasons == (
        "definition was 1, is 2; a changed definition starts a new baseline",
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (Length(months=1), "1 month"),
        (Length(days=28), "28 days"),
        (Length(2, 1), "2 months and 1 day"),
        (Length(), "0 days"),
    ],
)
def test_a_length_reads_as_people_say_it(length: Length, text: str) -> None:
    assert str(length) == text


def test_a_month_without_the_day_ends_with_its_last() -> None:
    assert Length(months=1).end(date(2026, 1, 31)) == date(2026, 2, 28)
    assert Length(months=1).end(date(2028, 1, 31)) == date(2028, 2, 29)
    assert Length(months=1, days=2).end(date(2026, 12, 15)) == date(2027, 1, 17)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.dates(date(1950, 1, 1), date(2200, 1, 1)), st.integers(0, 40), st.integers(0, 400))
def test_a_longer_time_ends_later_and_is_still_long_enough(first: date, months: int, days: int) -> None:
    end = Length(months, days).end(first)
    assert end >= first
    assert Length(months + 1, days).end(first) > end
    assert Length(months, days + 1).end(first) > end
    usable = fitness(replace(QUARTER, first_day=first, end_day=end), TODAY).usable
    assert usable == (end >= LEAST_LENGTH.end(first))
