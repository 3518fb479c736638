"""Are the programme's figures those that a person gets with paper and pencil?"""

from datetime import date

import pytest

from config.enrolment import EnrolledPlant
from plant.instant import parse_instant
from programme.lateness import is_late, next_end_us
from programme.standing import MonthlyValue, NewestPeriod, PlantStanding
from programme.summary import Summary, quartiles

JOINED = date(2026, 1, 1)
PLANTS = (
    EnrolledPlant("kr-a-1", stage="run", lead_company="Hanbit", grant=60_000_000, joined=JOINED),
    EnrolledPlant("kr-b-1", stage="run", lead_company="Daum", grant=40_000_000, joined=JOINED),
    EnrolledPlant("kr-c-1", stage="start", lead_company="Hanbit", grant=20_000_000, joined=JOINED),
    EnrolledPlant("kr-d-1", stage="start", lead_company="Daum", grant=99_000_000),
)
NOW_US = parse_instant("2026-11-22T12:00:00+09:00")


def standing(plant: str, kind: str, end: str) -> PlantStanding:
    period = NewestPeriod(kind, parse_instant(end), 540)
    return PlantStanding(plant, 10, (), end, (period,))


STANDINGS = {
    "kr-a-1": standing("kr-a-1", "day", "2026-11-22T08:00:00+09:00"),
    "kr-b-1": standing("kr-b-1", "day", "2026-11-20T08:00:00+09:00"),
}
VALUES = [
    MonthlyValue("kr-a-1", "2026-09", "final", "defect_rate", 0.9, 500_000.0),
    MonthlyValue("kr-a-1", "2026-10", "restated", "defect_rate", 0.6, 1_000_000.0),
    MonthlyValue("kr-a-1", "2026-10", "restated", "on_time_delivery", 0.2, 2_000_000.0),
    MonthlyValue("kr-a-1", "2026-10", "restated", "scrap_ratio", None, 7.0),  # the cause of defect_rate, not again
    MonthlyValue("kr-a-1", "2026-11", "provisional", "defect_rate", 0.99, None),
    MonthlyValue("kr-b-1", "2026-10", "final", "defect_rate", -0.2, -400_000.0),
    MonthlyValue("kr-b-1", "2026-10", "final", "energy_per_good_unit", 0.0, 400_000.0),
    MonthlyValue("kr-x-9", "2026-10", "final", "defect_rate", 1.0, 9_000_000.0),  # not of this programme
]


def test_the_headline_of_one_month() -> None:
    found = Summary(PLANTS, STANDINGS, VALUES, ("2026-10", "2026-10"), NOW_US).as_json()
    assert found["headline"] == {
        "invited": 4,
        "joined": 3,
        "reporting": 2,
        "late": 2,  # b: two days behind; c: never reported
        "mean_improvement": pytest.approx(((0.6 + 0.2) / 2 + (-0.2 + 0.0) / 2) / 2),
        "savings": 3_000_000.0,
        "savings_per_plant": 1_500_000.0,
        "grant": 120_000_000.0,
        "payback_months": pytest.approx(120_000_000 * 12 / 36_000_000),
    }
    assert [row["kpi"] for row in found["kpis"]] == ["defect_rate", "energy_per_good_unit", "on_time_delivery"]
    rates = found["kpis"][0]
    assert (rates["n"], rates["mean"], rates["median"]) == (2, pytest.approx(0.2), pytest.approx(0.2))
    assert (rates["q1"], rates["q3"]) == (pytest.approx(0.0), pytest.approx(0.4))


def test_the_months_of_a_year_are_added_and_payback_is_by_the_months_there_are() -> None:
    headline = Summary(PLANTS, STANDINGS, VALUES, ("2026-01", "2026-12"), NOW_US).as_json()["headline"]
    assert headline["savings"] == 3_500_000.0
    assert headline["payback_months"] == pytest.approx(120_000_000 * 12 / (3_500_000 * 12 / 2))


def test_groups_have_the_figures_of_their_plants() -> None:
    found = Summary(PLANTS, STANDINGS, VALUES, ("2026-10", "2026-10"), NOW_US).as_json()
    assert [(row["stage"], row["invited"], row["joined"], row["savings"]) for row in found["stages"]] == [
        ("run", 2, 2, 3_000_000.0),
        ("start", 2, 1, None),
    ]
    by_company = {row["lead_company"]: row["mean_improvement"] for row in found["lead_companies"]}
    assert by_company == {"Daum": pytest.approx(-0.1), "Hanbit": pytest.approx(0.4)}


def test_without_any_report_nothing_is_claimed() -> None:
    headline = Summary(PLANTS[3:], {}, [], ("2026-01", "2026-12"), NOW_US).as_json()["headline"]
    assert headline == {
        "invited": 1, "joined": 0, "reporting": 0, "late": 0, "mean_improvement": None, "savings": None,
        "savings_per_plant": None, "grant": 0, "payback_months": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rates", "expected"),
    [([0.5], (0.5, 0.5)), ([1.0, 2.0], (1.25, 1.75)), ([1.0, 2.0, 3.0, 4.0, 5.0], (2.0, 4.0))],
)
def test_quartiles(rates: list[float], expected: tuple[float, float]) -> None:
    assert quartiles(rates) == expected


@pytest.mark.parametrize(
    ("kind", "end", "following"),
    [
        ("hour", "2026-11-22T08:00:00+09:00", "2026-11-22T09:00:00+09:00"),
        ("day", "2026-11-22T08:00:00+09:00", "2026-11-23T08:00:00+09:00"),
        ("week", "2026-11-23T08:00:00+09:00", "2026-11-30T08:00:00+09:00"),
        ("month", "2026-12-01T08:00:00+09:00", "2027-01-01T08:00:00+09:00"),
        ("month", "2027-02-01T08:00:00+09:00", "2027-03-01T08:00:00+09:00"),
        ("year", "2027-01-01T08:00:00+09:00", "2028-01-01T08:00:00+09:00"),
        ("shift", "2026-11-20T20:00:00+09:00", "2026-11-27T20:00:00+09:00"),
    ],
)
def test_the_end_of_the_period_that_follows(kind: str, end: str, following: str) -> None:
    assert next_end_us(NewestPeriod(kind, parse_instant(end), 540)) == parse_instant(following)


def test_late_begins_24_hours_after_the_end_of_a_period_not_received() -> None:
    plant, seen = PLANTS[0], standing("kr-a-1", "day", "2026-11-20T08:00:00+09:00")
    limit = parse_instant("2026-11-22T08:00:00+09:00")
    assert not is_late(plant, seen, limit)
    assert is_late(plant, seen, limit + 1)
    assert not is_late(PLANTS[3], None, limit)
