"""The command `smartwings kpi` itself: usage, the table, what it says where there is nothing."""

import json
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner, Result

from commands.main import app
from plant.kpi_id import KpiId

SITE = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}
shifts:
  - {name: day, start: 08:00, end: 20:00, days: [mon, tue, wed, thu, fri]}
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: p.good, work_unit: press1, role: good_count, node: ns=2;s=good}
      - {name: p.kwh, work_unit: press1, role: energy_import, node: ns=2;s=kwh}
baselines:
  - {kpi: energy, scope: press1, value: 200000}
"""
READINGS = """time,tag,value
2026-11-20T08:00:00+09:00,p.good,0
2026-11-20T20:00:00+09:00,p.good,900
2026-11-20T08:00:00+09:00,p.kwh,0
2026-11-20T08:15:00+09:00,p.kwh,120000
2026-11-21T08:00:00+09:00,p.kwh,120010
"""
NOW = datetime.fromisoformat("2026-11-21T09:00:00+09:00")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    rows = tmp_path / "readings.csv"
    rows.write_text(READINGS, encoding="utf-8")
    assert CliRunner().invoke(app, ["import", "readings", str(path), str(rows)]).exit_code == 0
    return path


def kpi(site: Path, *arguments: str) -> Result:
    with time_machine.travel(NOW, tick=False):
        return CliRunner().invoke(app, ["kpi", str(site), *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--calendar", "lunar"], "--calendar: must be production or civil"),
        (["--scope", "press9"], "--scope: must be one of plant, press1, product:… or order:…; not 'press9'"),
        (["--to", "2026-11-21"], "--to needs --from"),
        (["--at", "2026-11-21", "--from", "2026-11-20"], "--at goes with neither"),
        (["--period", "range"], "--period range needs --from and --to"),
        (["--from", "2026-11-21", "--to", "2026-11-21"], "--to: must be after --from"),
        (["--at", "21.11.2026"], "--at: must be an ISO 8601 time"),
        (["--as-of", "21.11.2026"], "--as-of: must be an ISO 8601 time"),
        (["--as-of", "2026-11-21"], "--as-of: must not be in the future; a date alone means the end of that day"),
        (["--as-of", "2026-11-21T09:00:01+09:00"], "--as-of: must not be in the future"),
        (["--kpi", "oeee"], "oeee"),
        (["--period", "fortnight"], "fortnight"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_must_be_so(site: Path, arguments: list[str], said: str) -> None:
    done = kpi(site, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_person_gets_a_table_of_what_has_a_source(site: Path) -> None:
    done = kpi(site, "--at", "2026-11-20", "--scope", "press1")
    assert done.exit_code == 0
    lines = {line.split()[2]: line for line in done.stdout.splitlines() if line.startswith("2026-11-20")}
    assert lines["good_quantity"].split()[3:] == ["900", "1", "1.000", "good"]
    assert "120,010.00 kWh" in " ".join(lines["energy"].split())
    assert "+40.0% against baseline" in lines["energy"]
    assert "at 2026-11-20T08:00:00+09:00" in lines["peak_demand"]
    assert "estimated" in lines["peak_demand"]
    assert "produced_quantity" not in lines
    assert "without a value by the settings:" in done.stdout.splitlines()[-1]


def test_a_rate_is_compared_in_per_cent_points_and_misses(site: Path, tmp_path: Path) -> None:
    baselines = (
        "  - {kpi: on_time_delivery, value: 0.90}\n  - {kpi: in_full, value: 0}\n  - {kpi: mean_days_late, value: 0}\n"
    )
    site.write_text(SITE + baselines, encoding="utf-8")
    rows = tmp_path / "orders.csv"
    lines = [f"A,{line},10,2026-11-20,10,2026-11-{20 + (line == 25)},2026-11-02" for line in range(1, 26)]
    heading = "order_id,line_id,quantity,due_date,delivered_quantity,delivered_date,recorded_date"
    rows.write_text("\n".join([heading, *lines]), encoding="utf-8")
    assert CliRunner().invoke(app, ["import", "orders", str(site), str(rows)]).exit_code == 0
    kpis = [argument for name in ("on_time_delivery", "in_full", "mean_days_late") for argument in ("--kpi", name)]
    said = kpi(site, "--at", "2026-11-20", "--scope", "plant", *kpis).stdout
    assert "+6.7%, +6.0 points, -60.0% misses against baseline" in said  # 24 of 25
    assert "+100.0 points, -100.0% misses against baseline" in said
    assert said.count("against baseline") == 2


def test_a_person_sees_why_there_is_no_value(site: Path) -> None:
    done = kpi(site, "--at", "2026-11-18", "--scope", "press1", "--kpi", "good_quantity")
    assert done.exit_code == 0
    assert "low_coverage" in done.stdout
    assert "without a value" not in done.stdout


def test_a_day_without_shifts_has_no_shift_periods(site: Path) -> None:
    done = kpi(site, "--period", "shift", "--from", "2026-11-21", "--to", "2026-11-22")
    assert (done.exit_code, done.stdout) == (0, "no such period: the site file has no shift there\n")
    done = kpi(site, "--period", "shift", "--from", "2026-11-21", "--to", "2026-11-22", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"values": []})


BY_WORK_UNIT = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
shifts:
  - {name: early, start: 06:00, end: 14:00, days: [mon, tue, wed, thu, fri], work_units: [press2]}
  - {name: day, start: 08:00, end: 17:00, days: [mon, tue, wed, thu, fri], work_units: [press1]}
  - {name: late, start: 17:00, end: 22:00, days: [mon, tue, wed, thu, fri], work_units: [press1]}
  - {name: night, start: 22:00, end: 06:00, days: [thu], work_units: [press2]}
work_units: {press1: {}, press2: {}}
"""


def shifts_asked(folder: Path, *arguments: str) -> list[tuple[str, str]]:
    """Label and scope of what `smartwings kpi --period shift` says of a plant with shifts by work unit."""
    path = folder / "site.yaml"
    path.write_text(BY_WORK_UNIT, encoding="utf-8")
    found = json.loads(kpi(path, "--period", "shift", "--kpi", "energy", "--json", *arguments).stdout)["values"]
    return [(value["period"]["label"], value["scope"]) for value in found]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--at", "2026-11-19"], [("2026-11-19/early", "plant"), ("2026-11-19/early", "press2")]),
        (["--at", "2026-11-19", "--scope", "press1"], [("2026-11-19/day", "press1")]),
        (["--at", "2026-11-20"], [("2026-11-19/night", "plant"), ("2026-11-19/night", "press2")]),
        (["--at", "2026-11-20", "--scope", "press1"], [("2026-11-20/day", "press1")]),
        (
            ["--at", "2026-11-19", "--scope", "press1", "--scope", "press2"],
            [("2026-11-19/early", "press2"), ("2026-11-19/day", "press1")],
        ),
        (["--at", "2026-11-21"], []),
        (["--at", "2026-11-19T07:00:00+09:00", "--scope", "press1"], []),
        (["--at", "2026-11-20T00:00:00+09:00", "--scope", "press1"], []),
        (["--scope", "press2"], [("2026-11-20/early", "press2")]),
        ([], [("2026-11-20/late", "plant"), ("2026-11-20/late", "press1")]),
        (
            ["--from", "2026-11-20", "--to", "2026-11-21", "--scope", "press2"],
            [("2026-11-19/night", "press2"), ("2026-11-20/early", "press2")],
        ),
    ],
)
def test_a_shift_at_a_date_covers_its_start_or_is_its_first(
    tmp_path: Path, arguments: list[str], found: list[tuple[str, str]]
) -> None:
    assert shifts_asked(tmp_path, *arguments) == found


def test_delivery_of_an_order_is_asked_of_the_shifts_of_the_plant(tmp_path: Path) -> None:
    asked = shifts_asked(tmp_path, "--at", "2026-11-19", "--scope", "order:4711")
    assert asked == [("2026-11-19/early", "order:4711")]


def test_a_list_without_an_end_goes_until_now(site: Path) -> None:
    found = json.loads(kpi(site, "--from", "2026-11-20", "--json", "--kpi", "energy", "--scope", "plant").stdout)
    assert [value["period"]["label"] for value in found["values"]] == ["2026-11-20", "2026-11-21"]


def test_by_default_every_kpi_of_the_plant_and_its_work_units_is_given(site: Path) -> None:
    found = json.loads(kpi(site, "--json").stdout)["values"]
    assert [value["kpi"] for value in found] == 2 * list(KpiId)
    assert {value["scope"] for value in found} == {"plant", "press1"}
    assert {value["period"]["label"] for value in found} == {"2026-11-20"}


@pytest.mark.parametrize(
    ("arguments", "as_of", "label"),
    [
        (["--as-of", "2026-11-20"], "2026-11-21T08:00:00+09:00", "2026-11-20"),
        (["--as-of", "2026-11-20", "--calendar", "civil"], "2026-11-21T00:00:00+09:00", "2026-11-20"),
        (["--as-of", "2026-11-20T23:00:00Z"], "2026-11-21T08:00:00+09:00", "2026-11-20"),
        (["--as-of", "2026-11-21T07:59:58+09:00"], "2026-11-21T07:59:58+09:00", "2026-11-19"),
        (["--as-of", "2026-11-21T07:59:59+09:00"], "2026-11-21T08:00:00+09:00", "2026-11-20"),
        (["--as-of", "2026-11-20", "--period", "week"], "2026-11-21T08:00:00+09:00", "2026-W46"),
        (["--as-of", "2026-11-20", "--period", "shift"], "2026-11-21T08:00:00+09:00", "2026-11-20/day"),
        (["--as-of", "2026-11-19", "--from", "2026-11-19"], "2026-11-20T08:00:00+09:00", "2026-11-19"),
        (["--as-of", "2026-11-21T09:00:00+09:00"], "2026-11-21T09:00:00+09:00", "2026-11-20"),
    ],
)
def test_as_of_is_the_now_of_the_question(site: Path, arguments: list[str], as_of: str, label: str) -> None:
    (value,) = json.loads(kpi(site, "--json", "--kpi", "energy", "--scope", "plant", *arguments).stdout)["values"]
    assert (value["as_of"], value["period"]["label"]) == (as_of, label)


def test_a_period_after_the_as_of_is_open(site: Path) -> None:
    done = kpi(site, "--json", "--kpi", "energy", "--scope", "plant", "--at", "2026-11-20", "--as-of", "2026-11-19")
    assert json.loads(done.stdout)["values"][0]["reason"] == "open_period"


def test_a_site_without_a_store_has_periods_without_values(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    done = kpi(path, "--json", "--kpi", "energy", "--scope", "plant")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["values"][0]["reason"] == "low_coverage"
    assert not (tmp_path / "plant.db").exists()
