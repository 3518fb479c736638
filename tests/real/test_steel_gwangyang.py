"""A year of a real steel plant's meter: energy, demand, load factor, power factor, emissions.

The raw file holds energy of quarter hours. It becomes readings of counters that start at 0 with the year: sums in
decimal, so that the file holds what a meter would have shown. Stamps mark the END of an interval, and the row stamped
00:00 carries the date of the day that it ends (SOURCE.md beside the data).
"""

import csv
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from command_line import ask, command

SITE = """
plant: {id: kr-gwangyang-0001, time_zone: Asia/Seoul}
energy: {emission_factor_t_per_mwh: 0.4541}
devices:
  - id: main-meter
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: main.kwh, work_unit: plant, role: energy_import, unit: kWh, node: ns=2;s=kwh}
      - {name: main.kvarh, work_unit: plant, role: reactive_import, unit: kvarh, node: ns=2;s=kvarh}
"""
COLUMNS = {"main.kwh": "Usage_kWh", "main.kvarh": "Lagging_Current_Reactive_Power_kVarh"}


def counter_readings(raw: Path) -> Iterator[tuple[str, str, Decimal]]:
    """Time, tag and reading of the counters, in order of time."""
    with raw.open(encoding="utf-8-sig", newline="") as file:
        rows = [(interval_end(row["date"]), row) for row in csv.DictReader(file)]
    for tag, column in COLUMNS.items():
        shown = Decimal(0)
        yield "2018-01-01T00:00:00+09:00", tag, shown
        for end, row in sorted(rows, key=lambda item: item[0]):
            shown += Decimal(row[column])
            yield f"{end.isoformat()}+09:00", tag, shown


def interval_end(stamp: str) -> datetime:
    end = datetime.strptime(stamp, "%d/%m/%Y %H:%M")  # noqa: DTZ007 (the offset is put on when it is written)
    return end + timedelta(days=1) if (end.hour, end.minute) == (0, 0) else end


@pytest.fixture(scope="module")
def plant(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steel")
    site = folder / "site.yaml"
    site.write_text(SITE, encoding="utf-8")
    with (folder / "readings.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(("time", "tag", "value"))
        out.writerows(counter_readings(real_data / "steel_gwangyang" / "Steel_industry_data.csv"))
    command("import", "readings", str(site), str(folder / "readings.csv"))
    return site


@pytest.fixture(scope="module")
def expected(real_data: Path) -> dict[str, Any]:
    answers = json.loads((real_data / "steel_gwangyang" / "expected.json").read_text(encoding="utf-8"))["answers"]
    assert isinstance(answers, dict)
    return answers


@pytest.fixture(scope="module")
def year(plant: Path) -> dict[str, dict[str, Any]]:
    found = ask(plant, "--period", "year", "--at", "2018-06-01", "--scope", "plant")
    return {value["kpi"]: value for value in found}


@pytest.fixture(scope="module")
def months(plant: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = ask(plant, "--period", "month", "--from", "2018-01-01", "--to", "2019-01-01", "--scope", "plant")
    return {(value["period"]["label"], value["kpi"]): value for value in found}


def test_energy_of_the_year_is_the_files_sum(year: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    assert round(year["energy"]["value"], 2) == expected["total_kwh"] == 959636.71
    assert year["energy"]["coverage"] == 1
    assert year["energy"]["flags"] == []


def test_energy_of_every_month_is_the_files_sum(
    months: dict[tuple[str, str], dict[str, Any]], expected: dict[str, Any]
) -> None:
    found = {month: round(months[month, "energy"]["value"], 2) for month in expected["monthly_kwh"]}
    assert found == expected["monthly_kwh"]


def test_the_years_peak_is_the_quarter_hour_that_the_file_has(
    year: dict[str, dict[str, Any]], expected: dict[str, Any]
) -> None:
    assert round(year["peak_demand"]["value"], 2) == expected["peak"]["kw"] == 628.72
    assert year["peak_demand"]["at"] == "2018-11-22T09:30:00+09:00"


def test_the_peak_of_every_month_is_the_quarter_hour_that_the_file_has(
    months: dict[tuple[str, str], dict[str, Any]], expected: dict[str, Any]
) -> None:
    for month, want in expected["monthly_peak"].items():
        found = months[month, "peak_demand"]
        assert round(found["value"], 2) == want["peak_kw"]
        assert found["at"] == f"{want['interval_start'].replace(' ', 'T')}+09:00"
        assert round(months[month, "load_factor"]["value"], 8) == want["load_factor"]
        assert round(months[month, "load_factor"]["numerator"], 6) == want["mean_kw"]


def test_load_factor_is_mean_over_peak(year: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    assert round(year["load_factor"]["value"], 8) == expected["load_factor"]
    assert round(year["load_factor"]["value"], 5) == 0.17424


def test_power_factor_is_from_sums_and_not_a_mean(year: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    assert round(year["power_factor"]["value"], 8) == expected["power_factor"]["lag_all_energy"]
    assert round(year["power_factor"]["value"], 5) == 0.90294


def test_emissions_are_energy_times_factor(year: dict[str, dict[str, Any]], expected: dict[str, Any]) -> None:
    assert round(year["emissions"]["value"], 3) == expected["co2"]["with_0.4541_t"] == 435.771


def test_energy_of_days_and_of_hours_adds_up(plant: Path, expected: dict[str, Any]) -> None:
    days = ask(plant, "--from", "2018-01-01", "--to", "2019-01-01", "--kpi", "energy", "--scope", "plant")
    by_day = {value["period"]["label"]: value["value"] for value in days}
    assert len(by_day) == 365
    assert round(sum(by_day.values()), 2) == expected["total_kwh"]
    most, least = expected["daily_kwh"]["max"], expected["daily_kwh"]["min"]
    assert (max(by_day, key=by_day.__getitem__), round(max(by_day.values()), 2)) == tuple(most)
    assert (min(by_day, key=by_day.__getitem__), round(min(by_day.values()), 2)) == tuple(least)
    first_day = expected["wrong_answers_to_recognise"]["first_day_kwh_correct"]
    assert round(by_day["2018-01-01"], 2) == first_day
    hours = ask(
        plant, "--period", "hour", "--from", "2018-01-01", "--to", "2018-01-02", "--kpi", "energy", "--scope", "plant"
    )
    assert len(hours) == 24
    assert round(sum(value["value"] for value in hours), 2) == first_day


def test_the_peak_of_a_day_is_the_same_asked_for_alone(plant: Path) -> None:
    alone = ask(plant, "--period", "hour", "--at", "2018-11-22T09:30:00+09:00", "--kpi", "peak_demand")
    assert round(alone[0]["value"], 2) == 628.72
    assert alone[0]["at"] == "2018-11-22T09:30:00+09:00"


def test_importing_the_year_twice_changes_nothing(plant: Path) -> None:
    said = command("import", "readings", str(plant), str(plant.with_name("readings.csv")), "--json")
    file = json.loads(said)["files"][0]
    assert (file["rows"], file["new"], file["unchanged"]) == (70082, 0, 70082)
