"""Bands, prices and cost of quarter hours, worked out by hand."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_of import SEOUL, blocks, tariff, version

from config.calendar import Holidays
from config.tariff import load_tariff
from kpi.demand import BLOCK_US, Blocks
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.outcome import Reason
from kpi.tariff import banded, cost_lines, energy_cost
from plant.instant import parse_instant
from plant.tariff import DayType, Tariff

FRIDAY, SATURDAY = "2024-03-01", "2024-03-02"  # 1 March is a public holiday in Korea


def use(found: Blocks, kwh: float | None = 1.0, coverage: float = 1.0, *flags: str) -> EnergyUse:
    return EnergyUse(Element(kwh, (coverage,), frozenset(flags)), blocks=found)


def bands(found: Blocks, of: Tariff, holidays: frozenset[date] = frozenset()) -> list[str]:
    prices = banded(found.start_us, of, SEOUL, holidays)
    return [prices.kinds[at].band if at >= 0 else "none" for at in prices.which.tolist()]


def test_a_band_begins_with_its_quarter_hour_of_the_plants_clock() -> None:
    morning = blocks(f"{FRIDAY}T07:30:00+09:00", 1, 1, 1, 1)
    assert bands(morning, tariff()) == ["light", "light", "peak", "peak"]


@pytest.mark.parametrize(
    ("day", "holidays", "not_holidays", "kind"),
    [
        ("2024-02-29", (), (), DayType.WORKING),
        ("2024-03-01", ("2024-03-01",), (), DayType.HOLIDAY),
        ("2024-03-01", ("2024-03-01",), ("2024-03-01",), DayType.WORKING),
        ("2024-03-02", (), (), DayType.SATURDAY),
        ("2024-03-02", ("2024-03-02",), (), DayType.HOLIDAY),
        ("2024-03-03", (), ("2024-03-03",), DayType.SUNDAY),
    ],
)
def test_a_holiday_is_one_whatever_its_weekday_unless_the_contract_says_otherwise(
    day: str, holidays: tuple[str, ...], not_holidays: tuple[str, ...], kind: DayType
) -> None:
    of = tariff(not_holidays=[date.fromisoformat(one) for one in not_holidays])
    public = frozenset(date.fromisoformat(one) for one in holidays)
    assert of.day_type(date.fromisoformat(day), public) is kind


def test_a_contract_may_have_holidays_of_its_own() -> None:
    of = replace(tariff(), holidays=frozenset({date(2024, 2, 29)}))
    assert of.day_type(date(2024, 2, 29)) is DayType.HOLIDAY


def test_cost_is_energy_times_the_price_of_its_band() -> None:
    # 2 kWh x 100 in the light hour before 08:00, then 3 + 4 kWh x 200
    morning = blocks("2024-02-29T07:45:00+09:00", 2, 3, 4)
    found = energy_cost(use(morning, 9.0), tariff(), SEOUL)
    assert (found.value, found.numerator, found.denominator) == (1600, 1600, None)
    assert (found.coverage, found.flags, found.reason, found.at_us) == (1.0, frozenset(), None, None)
    assert energy_cost(use(morning, 9.0), tariff(), SEOUL, {date(2024, 2, 29)}).value == 900


def test_each_line_says_what_was_used_at_which_price_from_which_table() -> None:
    light, peak = cost_lines(blocks("2024-07-01T07:30:00+09:00", 1, 2, 3), tariff(), SEOUL) or ()
    assert (light.season, light.band, light.quarter_hours, light.kwh, light.per_kwh, light.cost) == (
        *("summer", "light", 2, 3.0, 110.0, 330.0),
    )
    assert (peak.band, peak.kwh, peak.per_kwh, peak.cost) == ("peak", 3.0, 210.0, 630.0)
    assert (peak.valid_from, peak.source) == (date(2024, 1, 1), "table of 2024-01-01")


def test_a_new_price_holds_from_civil_midnight_on() -> None:
    of = tariff(version(date(2024, 1, 1)), version(date(2024, 3, 1), light=50.0))
    night = blocks("2024-02-29T23:30:00+09:00", 1, 1, 1, 1)
    assert energy_cost(use(night), of, SEOUL).value == 100 + 100 + 50 + 50
    lines = cost_lines(night, of, SEOUL) or ()
    assert [(line.valid_from, line.cost) for line in lines] == [(date(2024, 1, 1), 200), (date(2024, 3, 1), 100)]


def test_a_discount_is_taken_off_in_its_hours_alone() -> None:
    quarter_hours = tuple(0.5 if 44 <= at < 56 else 0.0 for at in range(96))  # 11:00 to 14:00
    half = replace(version(date(2024, 1, 1)), discounts={("rest", DayType.SATURDAY): quarter_hours})
    noon = blocks(f"{SATURDAY}T10:45:00+09:00", 10, 10)
    first, second = cost_lines(noon, tariff(half), SEOUL) or ()
    assert (first.per_kwh, first.cost, second.per_kwh, second.cost) == (50.0, 500.0, 100.0, 1000.0)


def test_nothing_is_priced_in_part() -> None:
    of = tariff(version(date(2024, 3, 1)))
    night = blocks("2024-02-29T23:45:00+09:00", 0, 1)
    assert bands(night, of) == ["none", "light"]
    assert cost_lines(night, of, SEOUL) is None
    found = energy_cost(use(night, 1.0, 0.9, "counter_reset"), of, SEOUL)
    assert (found.value, found.numerator, found.reason) == (None, None, Reason.NO_PRICE)
    assert (found.coverage, found.flags) == (0.9, {"counter_reset"})


def test_without_a_table_there_is_no_price_and_without_a_meter_no_source() -> None:
    morning = blocks("2024-02-29T08:00:00+09:00", 1)
    assert energy_cost(use(morning), None, SEOUL).reason is Reason.NO_PRICE
    assert energy_cost(EnergyUse(), tariff(), SEOUL).reason is Reason.NO_SOURCE
    assert energy_cost(EnergyUse(Element(1.0, (1.0,))), tariff(), SEOUL).reason is Reason.NO_SOURCE


def test_a_meter_without_readings_and_a_period_without_a_quarter_hour_have_no_cost() -> None:
    morning = blocks("2024-02-29T08:00:00+09:00", 0)
    assert energy_cost(use(morning, None, 0.0), tariff(), SEOUL).reason is Reason.LOW_COVERAGE
    found = energy_cost(use(blocks("2024-02-29T08:00:00+09:00"), 5.0), tariff(), SEOUL)
    assert (found.value, found.reason) == (None, Reason.LOW_COVERAGE)


def test_a_cost_of_which_too_little_is_known_is_a_lower_bound_as_the_energy_is() -> None:
    found = energy_cost(use(blocks("2024-02-29T08:00:00+09:00", 1), 1.0, 0.4), tariff(), SEOUL)
    assert (found.value, found.coverage, found.reason) == (200.0, 0.4, None)


def test_estimated_quarter_hours_are_priced_and_flagged() -> None:
    found = energy_cost(use(blocks("2024-02-29T08:00:00+09:00", 1, estimated=True)), tariff(), SEOUL)
    assert (found.value, found.flags) == (200.0, {"estimated"})


def test_a_cost_that_is_no_number_is_none() -> None:
    found = energy_cost(use(blocks("2024-02-29T08:00:00+09:00", 1e308)), tariff(), SEOUL)
    assert (found.value, found.reason) == (None, Reason.NO_PRICE)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.integers(0, 200), st.integers(0, 700))
def test_the_cost_of_a_period_is_the_sum_of_its_parts(kwh: list[float], cut: int, day: int) -> None:
    of = tariff(version(date(2024, 1, 1)), version(date(2024, 7, 15), light=80.0))
    start = blocks("2024-01-01T00:00:00+09:00", *kwh)
    moved = replace(start, start_us=start.start_us + day * 96 * BLOCK_US)
    parts = [
        Blocks(moved.start_us[part], moved.kwh[part], moved.estimated[part], moved.covered[part])
        for part in (slice(None, cut), slice(cut, None))
    ]
    whole = energy_cost(use(moved), of, SEOUL).value
    assert whole == pytest.approx(sum(energy_cost(use(part), of, SEOUL).value or 0.0 for part in parts))
    lines = cost_lines(moved, of, SEOUL) or ()
    assert sum(line.kwh for line in lines) == pytest.approx(sum(kwh))
    assert sum(line.quarter_hours for line in lines) == len(kwh)


@pytest.mark.parametrize(
    ("day", "cost"),
    [
        ("2026-03-29", 92 * 1.0),  # 02:00 to 03:00 is skipped
        ("2026-10-25", 100 * 1.0),  # 02:00 to 03:00 occurs twice
    ],
)
def test_a_day_of_23_or_25_hours_is_priced_as_long_as_it_is(day: str, cost: float) -> None:
    zone = ZoneInfo("Europe/Berlin")
    start = parse_instant(f"{day}T00:00:00+0{1 if day < '2026-06' else 2}:00")
    start_us = start + np.arange(int(cost), dtype=np.int64) * BLOCK_US
    ones = np.ones(int(cost))
    sunday = Blocks(start_us, ones, np.zeros(int(cost), dtype=bool), ones)
    assert energy_cost(use(sunday), tariff(version(date(2026, 1, 1), light=1.0)), zone).value == cost


def test_a_year_is_priced_in_50_ms() -> None:
    start_us = parse_instant("2025-01-01T00:00:00+09:00") + np.arange(35_040, dtype=np.int64) * BLOCK_US
    year = Blocks(start_us, np.ones(35_040), np.zeros(35_040, dtype=bool), np.ones(35_040))
    of = load_tariff("kepco-industrial-gap2-hv-a1", Path())
    holidays = Holidays("KR", frozenset())
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        assert energy_cost(use(year), of, SEOUL, holidays).value
        taken.append(time.perf_counter() - start)
    assert min(taken) <= 0.05
