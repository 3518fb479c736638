"""A year of a real steel plant's quarter hours priced: bands of the 2018 clock, cost, billing demand, power factor.

The file's bands follow the plant's own working days (SOURCE.md beside the data), so that days off are given as holidays
and no weekday is treated apart. Prices are those of the data set's check, of another year and contract.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from config.tariff import load_tariff
from kpi.billing import base_charge, billed_peak, billing_demand, judged_power_factor
from kpi.demand import Blocks, peak
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.tariff import banded, cost_lines, energy_cost
from plant.instant import instant
from plant.reading import F64
from plant.tariff import BillingRule, Tariff, TariffVersion

SEOUL = ZoneInfo("Asia/Seoul")
SOURCE = "compute_expected.py of the data set"
RATES = {
    "summer": (95.7, 121.5, 155.0),
    "spring_autumn": (95.7, 100.5, 119.7),
    "winter": (103.1, 120.0, 149.4),
}
BANDS = {"light": "Light_Load", "mid": "Medium_Load", "peak": "Maximum_Load"}
ROWS = """\
valid_from,item,season,days,band,when,value,unit,least,most,source
2018-01-01,season,summer,,,6;7;8,,,,,s
2018-01-01,season,spring_autumn,,,3;4;5;9;10,,,,,s
2018-01-01,season,winter,,,11;12;1;2,,,,,s
2018-01-01,band,,working;saturday;sunday,light,23:00-09:00,,,,,s
2018-01-01,band,summer;spring_autumn,working;saturday;sunday,peak,10:00-12:00;13:00-17:00,,,,,s
2018-01-01,band,summer;spring_autumn,working;saturday;sunday,mid,09:00-10:00;12:00-13:00;17:00-23:00,,,,,s
2018-01-01,band,winter,working;saturday;sunday,peak,10:00-12:00;17:00-20:00;22:00-23:00,,,,,s
2018-01-01,band,winter,working;saturday;sunday,mid,09:00-10:00;12:00-17:00;20:00-22:00,,,,,s
2018-01-01,band,,holiday,light,00:00-24:00,,,,,s
2018-01-01,base_charge,,,,,6490,KRW/kW,,,s
2018-01-01,billing_demand,,,,12;1;2;7;8;9,12,month,,,s
2018-01-01,lagging_power_factor,,,,09:00-23:00,0.90,ratio,0.60,0.95,s
2018-01-01,leading_power_factor,,,,23:00-09:00,0.95,ratio,0.60,1.00,s
"""


@dataclass(frozen=True)
class Year:
    """The file's quarter hours: energy, reactive energy imported and exported, and the band that it gives each."""

    active: Blocks
    lagging: Blocks
    leading: Blocks
    load: list[str]
    months: list[str]
    days_off: frozenset[date]

    def of(self, month: str, blocks: Blocks) -> Blocks:
        use = np.array([label == month for label in self.months])
        return Blocks(blocks.start_us[use], blocks.kwh[use], blocks.estimated[use], blocks.covered[use])


def _blocks(starts: list[datetime], energy: list[str]) -> Blocks:
    values: F64 = np.array([float(text) for text in energy])
    start_us = np.array([instant(start) for start in starts], dtype=np.int64)
    return Blocks(start_us, values, np.zeros(len(values), dtype=bool), np.ones(len(values)))


@pytest.fixture(scope="module")
def year(real_data: Path) -> Year:
    path = real_data / "steel_gwangyang" / "Steel_industry_data.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    stamps = [datetime.strptime(row["date"], "%d/%m/%Y %H:%M").replace(tzinfo=SEOUL) for row in rows]
    ends = [stamp + timedelta(days=(stamp.hour, stamp.minute) == (0, 0)) for stamp in stamps]
    starts = [end - timedelta(minutes=15) for end in ends]
    load = [row["Load_Type"] for row in rows]
    busy = {start.date() for start, band in zip(starts, load, strict=True) if band != "Light_Load"}
    return Year(
        active=_blocks(starts, [row["Usage_kWh"] for row in rows]),
        lagging=_blocks(starts, [row["Lagging_Current_Reactive_Power_kVarh"] for row in rows]),
        leading=_blocks(starts, [row["Leading_Current_Reactive_Power_kVarh"] for row in rows]),
        load=load,
        months=[f"{start:%Y-%m}" for start in starts],
        days_off=frozenset({start.date() for start in starts} - busy),
    )


@pytest.fixture(scope="module")
def expected(real_data: Path) -> dict[str, Any]:
    answers = json.loads((real_data / "steel_gwangyang" / "expected.json").read_text(encoding="utf-8"))["answers"]
    assert isinstance(answers, dict)
    return answers


@pytest.fixture(scope="module")
def tariff(tmp_path_factory: pytest.TempPathFactory) -> Tariff:
    folder = tmp_path_factory.mktemp("tariff")
    prices = [
        f"2018-01-01,price,{season},,{band},,{rate},KRW/kWh,,,s\n"
        for season, rates in RATES.items()
        for band, rate in zip(BANDS, rates, strict=True)
    ]
    (folder / "check.csv").write_text((ROWS + "".join(prices)).replace(",s\n", f",{SOURCE}\n"), encoding="utf-8")
    return load_tariff("check.csv", folder)


def _version(tariff: Tariff) -> TariffVersion:
    (version,) = tariff.versions
    return version


def _peaks(year: Year) -> dict[str, float | None]:
    found = {month: peak(year.of(month, year.active)) for month in dict.fromkeys(year.months)}
    return {month: one[0] if one else None for month, one in found.items()}


def test_every_quarter_hour_of_the_year_has_the_band_that_the_file_has(
    year: Year, tariff: Tariff, expected: dict[str, Any]
) -> None:
    found = banded(year.active.start_us, tariff, SEOUL, year.days_off)
    bands = [BANDS[found.kinds[at].band] for at in found.which.tolist()]
    differ = sum(ours != theirs for ours, theirs in zip(bands, year.load, strict=True))
    assert differ == expected["tou_clock_check"]["mismatching_intervals"] == 0
    assert len(year.days_off) == expected["tou_clock_check"]["off_days"] == 62


def test_energy_by_band_is_the_files(year: Year, tariff: Tariff, expected: dict[str, Any]) -> None:
    lines = cost_lines(year.active, tariff, SEOUL, year.days_off)
    assert lines is not None
    kwh: dict[str, float] = dict.fromkeys(BANDS.values(), 0.0)
    quarter_hours = dict.fromkeys(BANDS.values(), 0)
    for line in lines:
        kwh[BANDS[line.band]] += line.kwh
        quarter_hours[BANDS[line.band]] += line.quarter_hours
    assert {band: round(value, 2) for band, value in kwh.items()} == expected["load_band_kwh"]
    assert quarter_hours == expected["load_band_intervals"]
    assert len(lines) == 9
    assert {line.source for line in lines} == {SOURCE}


def test_the_cost_of_the_year_and_of_every_month_is_the_expected_sum(
    year: Year, tariff: Tariff, expected: dict[str, Any]
) -> None:
    want = expected["energy_cost_krw"]
    assert round(_cost(year.active, tariff, year.days_off), 2) == want["total"] == 116912283.97
    found = {month: _cost(year.of(month, year.active), tariff, year.days_off) for month in want["monthly"]}
    assert found == pytest.approx(want["monthly"], rel=0, abs=0.00501)  # two of them end in half a hundredth


def _cost(blocks: Blocks, tariff: Tariff, days_off: frozenset[date]) -> float:
    found = energy_cost(EnergyUse(Element(float(blocks.kwh.sum()), (1.0,)), blocks=blocks), tariff, SEOUL, days_off)
    assert (found.denominator, found.reason, found.coverage, found.flags) == (None, None, 1.0, frozenset())
    assert found.value is not None
    assert found.value == found.numerator
    return found.value


def test_billing_demand_of_every_month_is_the_expected_one(
    year: Year, tariff: Tariff, expected: dict[str, Any]
) -> None:
    rule = _version(tariff).billing
    assert rule is not None
    peaks = _peaks(year)
    found = {month: billing_demand(month, peaks, rule) for month in peaks}
    assert {month: round(one.kw or 0, 2) for month, one in found.items()} == expected["billing_demand_kw"]
    assert found["2018-11"].month == "2018-11"
    assert found["2018-10"].month == "2018-01"
    assert found["2018-10"].unknown == ("2017-12",)
    assert found["2018-12"].unknown == ()
    assert _year_of_base_charge(found, tariff) == expected["energy_cost_krw"]["base_charge_year_krw_at_6490_per_kw"]


def _year_of_base_charge(demands: Mapping[str, Any], tariff: Tariff) -> float:
    charges = [base_charge(demand.kw, month, tariff) for month, demand in demands.items()]
    return round(sum(charge.cost for charge in charges if charge), 2)


def test_only_peaks_in_the_bands_that_count_set_a_billing_demand(year: Year, tariff: Tariff) -> None:
    bands = banded(year.active.start_us, tariff, SEOUL, year.days_off)
    for band, load in BANDS.items():
        found = billed_peak(year.active, bands, BillingRule(frozenset({7}), frozenset({band})))
        assert found is not None
        kwh = [energy for energy, theirs in zip(year.active.kwh.tolist(), year.load, strict=True) if theirs == load]
        assert found[0] == 4 * max(kwh)


def test_power_factors_of_day_and_night_are_of_sums(year: Year, tariff: Tariff, expected: dict[str, Any]) -> None:
    lagging, leading = _version(tariff).lagging, _version(tariff).leading
    assert lagging is not None
    assert leading is not None
    want = expected["power_factor"]
    found = judged_power_factor(lagging, year.active, year.lagging, SEOUL)
    assert round(found or 0, 8) == want["lag_day_09_23"]
    found = judged_power_factor(leading, year.active, year.leading, SEOUL)
    assert round(found or 0, 8) == want["lead_night_23_09"]
    for month, factor in expected["monthly_lag_day_pf"].items():
        found = judged_power_factor(lagging, year.of(month, year.active), year.of(month, year.lagging), SEOUL)
        assert round(found or 0, 8) == factor


def test_before_the_first_price_of_a_shipped_tariff_there_is_none(year: Year) -> None:
    shipped = load_tariff("kepco-industrial-gap2-hv-a1", Path())
    assert cost_lines(year.active, shipped, SEOUL, year.days_off) is None
