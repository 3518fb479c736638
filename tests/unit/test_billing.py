"""Billing demand, base charge, charges on every kWh and the power factor item, worked out by hand."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariff_of import SEOUL, blocks, tariff, version

from kpi.billing import (
    base_charge,
    billed_peak,
    billing_demand,
    charges_per_kwh,
    judged_power_factor,
    months_that_count,
    power_factor_item,
)
from kpi.tariff import banded
from plant.tariff import BillingRule, PowerFactorRule, Rate

RULE = BillingRule(frozenset({12, 1, 2, 7, 8, 9}), floor_ratio=0.3)
ALL = frozenset(range(96))


def test_the_months_that_count_are_those_of_twelve_and_the_billing_month() -> None:
    assert months_that_count("2018-02", RULE) == ("2017-07", "2017-08", "2017-09", "2017-12", "2018-01", "2018-02")
    assert months_that_count("2018-07", replace(RULE, window_months=1)) == ("2018-07",)


def test_one_peak_in_january_bills_until_the_next() -> None:
    peaks: dict[str, float | None] = {f"2018-{month:02d}": 100.0 for month in range(1, 13)}
    peaks |= {f"2017-{month:02d}": 90.0 for month in range(1, 13)} | {"2018-01": 500.0, "2018-05": 900.0}
    found = {month: billing_demand(f"2018-{month:02d}", peaks, RULE) for month in (4, 5, 6, 12)}
    assert [(one.kw, one.month) for one in found.values()] == [
        *((500.0, "2018-01"), (900.0, "2018-05"), (500.0, "2018-01"), (500.0, "2018-01")),
    ]
    assert {one.flags for one in found.values()} == {frozenset()}
    peaks |= {f"2019-{month:02d}": 80.0 for month in range(1, 4)}
    january, february = (billing_demand(month, peaks, RULE) for month in ("2018-12", "2019-01"))
    assert (january.kw, february.kw, february.month) == (500.0, 100.0, "2018-02")


def test_months_that_are_not_known_are_listed_and_make_it_a_lower_bound() -> None:
    found = billing_demand("2018-03", {"2018-01": 50.0, "2018-02": None, "2018-03": 60.0}, RULE)
    assert (found.kw, found.month, found.flags) == (60.0, "2018-03", {"estimated"})
    assert found.unknown == ("2017-07", "2017-08", "2017-09", "2017-12", "2018-02")
    nothing = billing_demand("2018-03", {"2018-04": 50.0}, RULE, 1000.0)
    assert (nothing.kw, nothing.month, len(nothing.unknown)) == (None, None, 7)


def test_a_share_of_the_contract_power_is_billed_at_least() -> None:
    peaks: dict[str, float | None] = dict.fromkeys(months_that_count("2018-03", RULE), 80.0)
    assert billing_demand("2018-03", peaks, RULE, 300.0).kw == pytest.approx(90.0)
    assert billing_demand("2018-03", peaks, RULE, 300.0).month is None
    assert billing_demand("2018-03", peaks, RULE, 200.0).kw == 80.0
    assert billing_demand("2018-03", peaks, replace(RULE, floor_ratio=None), 900.0).kw == 80.0
    assert billing_demand("2018-03", peaks, RULE).kw == 80.0


@given(st.dictionaries(st.integers(0, 23), st.floats(0, 1e6) | st.none()))
def test_a_billing_demand_is_never_below_the_months_own_peak(found: dict[int, float | None]) -> None:
    peaks = {f"{2017 + at // 12}-{at % 12 + 1:02d}": kw for at, kw in found.items()}
    demand = billing_demand("2018-12", peaks, RULE)
    own = peaks.get("2018-12")
    assert own is None or (demand.kw or 0) >= own
    assert (demand.kw is None) == all(peaks.get(month) is None for month in months_that_count("2018-12", RULE))


def test_only_quarter_hours_in_bands_that_count_set_the_billed_peak() -> None:
    morning = blocks("2024-02-29T07:30:00+09:00", 50, 40, 10, 20)
    bands = banded(morning.start_us, tariff(), SEOUL)
    rule = tariff().versions[0].billing
    assert rule is not None
    assert billed_peak(morning, bands, rule) == (80.0, morning.start_us[3])
    assert billed_peak(morning, bands, RULE) == (200.0, morning.start_us[0])
    unknown = banded(morning.start_us, tariff(version(date(2025, 1, 1))), SEOUL)
    assert billed_peak(morning, unknown, rule) == (200.0, morning.start_us[0])
    nothing = blocks("2024-02-29T07:30:00+09:00")
    assert billed_peak(nothing, banded(nothing.start_us, tariff(), SEOUL), rule) is None


def test_a_base_charge_that_changes_within_a_month_counts_by_days() -> None:
    of = tariff(version(date(2024, 1, 1), base=6000.0), version(date(2024, 2, 20), base=8900.0))
    january, february = (base_charge(10.0, month, of) for month in ("2024-01", "2024-02"))
    assert january is not None
    assert february is not None
    assert (january.cost, january.amount, len(january.rates)) == (60_000.0, 10.0, 1)
    # 19 days at 6000 and 10 at 8900 of 29: (114000 + 89000) / 29 = 7000
    assert february.cost == pytest.approx(70_000.0)
    assert [rate.value for rate in february.rates] == [6000.0, 8900.0]


def test_a_month_with_a_day_without_a_base_charge_has_none() -> None:
    assert base_charge(10.0, "2024-02", tariff(version(date(2024, 2, 2)))) is None
    assert base_charge(10.0, "2024-02", tariff(version(date(2024, 1, 1), base=None))) is None


def test_charges_on_every_kwh_are_by_the_day_and_never_of_a_part() -> None:
    first, second = version(date(2024, 1, 1)), version(date(2024, 3, 1))
    climate, fuel = Rate(9.0, date(2023, 1, 1), "c"), Rate(-3.0, date(2024, 1, 1), "f")
    dearer = Rate(10.0, date(2024, 3, 1), "c2")
    of = tariff(
        replace(first, per_kwh={"climate": climate, "fuel": fuel}), replace(second, per_kwh={"climate": dearer})
    )
    night = blocks("2024-02-29T23:45:00+09:00", 2, 3)
    found = charges_per_kwh(night, of, SEOUL)
    assert {name: (charge.cost, charge.amount) for name, charge in found.items()} == {"climate": (48.0, 5.0)}
    assert found["climate"].rates == (climate, dearer)
    before = charges_per_kwh(blocks("2024-02-29T23:45:00+09:00", 2), of, SEOUL)
    assert {name: charge.cost for name, charge in before.items()} == {"climate": 18.0, "fuel": -6.0}
    assert charges_per_kwh(blocks("2023-02-28T23:45:00+09:00", 2), of, SEOUL) == {}


DAY = PowerFactorRule(frozenset(range(36, 92)), 0.90, 0.60, 0.95, surcharge=0.002, rebate=0.002)
NIGHT = PowerFactorRule(ALL - DAY.quarters, 0.95, 0.60, 1.0, surcharge=0.002)


def test_a_power_factor_is_of_the_sums_in_the_hours_judged() -> None:
    # 08:45 is night; then 10 + 20 kWh and 10 + 30 kvarh: 30 / 50
    active, reactive = (blocks("2024-02-29T08:45:00+09:00", *row) for row in ((500, 10, 20), (500, 10, 30)))
    assert judged_power_factor(DAY, active, reactive, SEOUL) == pytest.approx(0.6)
    assert judged_power_factor(NIGHT, active, reactive, SEOUL) == pytest.approx(0.5**0.5)


def test_a_power_factor_of_intervals_is_their_mean_each_within_its_limits() -> None:
    # half hours from 09:00 on: 30 kWh and 40 kvarh, 0.6; 3 and 0, 1.0, which counts as 0.95; nothing, left out
    half = replace(DAY, interval_min=30)
    active = blocks("2024-02-29T09:00:00+09:00", 10, 20, 3, 0, 0, 0)
    reactive = blocks("2024-02-29T09:00:00+09:00", 25, 15, 0, 0, 0, 0)
    assert judged_power_factor(half, active, reactive, SEOUL) == pytest.approx((0.6 + 0.95) / 2)
    assert judged_power_factor(DAY, active, reactive, SEOUL) == pytest.approx(33 / (33**2 + 40**2) ** 0.5)


def test_where_nothing_was_used_no_power_factor_is_judged() -> None:
    nothing = blocks("2024-02-29T09:00:00+09:00", 0, 0)
    assert judged_power_factor(DAY, nothing, nothing, SEOUL) is None
    assert judged_power_factor(replace(DAY, interval_min=30), nothing, nothing, SEOUL) is None
    assert judged_power_factor(NIGHT, nothing, nothing, SEOUL) is None
    found = power_factor_item(1000.0, nothing, (DAY, nothing), None, SEOUL)
    assert (found.cost, found.lagging, found.leading) == (0.0, None, None)


def test_active_and_reactive_energy_must_be_of_the_same_quarter_hours() -> None:
    with pytest.raises(ValueError, match="same quarter hours"):
        judged_power_factor(DAY, blocks("2024-02-29T09:00:00+09:00", 1), blocks("2024-02-29T09:15:00+09:00", 1), SEOUL)


@pytest.mark.parametrize(
    ("kvarh", "cost"),
    [
        (40.0, 1_000_000 * 30 * 0.002),  # 30 / 50: 0.60, 30 points below 0.90
        (400.0, 1_000_000 * 30 * 0.002),  # below 0.60 counts as 0.60
        (0.0, -1_000_000 * 5 * 0.002),  # above 0.95 counts as 0.95
        (22.5, 1_000_000 * 10 * 0.002),  # 30 / 37.5: 0.80
    ],
)
def test_each_point_away_from_the_standard_is_a_share_of_the_base_charge(kvarh: float, cost: float) -> None:
    active, lagging = (blocks("2024-02-29T09:00:00+09:00", energy) for energy in (30.0, kvarh))
    found = power_factor_item(1_000_000.0, active, (DAY, lagging), None, SEOUL)
    assert found.cost == pytest.approx(cost)


def test_lagging_by_day_and_leading_by_night_add_up_and_a_good_night_gives_nothing_back() -> None:
    # 22:45, day: 30 kWh, 22.5 kvarh lagging, 0.80. 23:00, night: 40 kWh, 30 kvarh leading, 0.80: 15 points below
    active = blocks("2024-02-29T22:45:00+09:00", 30, 40)
    lagging, leading = (blocks("2024-02-29T22:45:00+09:00", *row) for row in ((22.5, 0), (0, 30)))
    found = power_factor_item(1_000_000.0, active, (DAY, lagging), (NIGHT, leading), SEOUL)
    assert (found.lagging, found.leading) == (pytest.approx(0.8), pytest.approx(0.8))
    assert found.cost == pytest.approx(1_000_000 * (10 + 15) * 0.002)
    none = power_factor_item(1_000_000.0, active, None, (NIGHT, lagging), SEOUL)
    assert (none.cost, none.leading) == (0.0, 1.0)
