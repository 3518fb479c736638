"""Plants over time: a tag taken out of the site file, lists longer than what is loaded at once."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine
from typer.testing import CliRunner

from commands.main import app

NOW = datetime.fromisoformat("2026-11-22T09:00:00+09:00")
TAGS = ("old.kwh", "new.kwh")


def site(folder: Path, *tags: str) -> Path:
    nodes = [{"name": tag, "work_unit": "press1", "role": "energy_import", "node": f"ns=2;s={tag}"} for tag in tags]
    device = {"id": "machines", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840", "security": "none"}
    plant = {"id": "kr-test-0001", "time_zone": "Asia/Seoul"}
    path = folder / f"site{len(tags)}.yaml"
    path.write_text(json.dumps({"plant": plant, "devices": [device | {"tags": nodes}]}), encoding="utf-8")
    return path


def run(*arguments: str) -> str:
    with time_machine.travel(NOW, tick=False):
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def energy(site_file: Path, *arguments: str) -> list[dict[str, Any]]:
    asked = ["kpi", str(site_file), "--json", "--scope", "plant", "--kpi", "energy", *arguments]
    found = json.loads(run(*asked))["values"]
    assert isinstance(found, list)
    return found


def imported(site_file: Path, rows: list[tuple[str, str, float]]) -> Path:
    file = site_file.with_name("readings.csv")
    lines = [f"{time},{tag},{value}" for time, tag, value in rows]
    file.write_text("\n".join(["time,tag,value", *lines]), encoding="utf-8")
    run("import", "readings", str(site_file), str(file))
    return site_file


def test_a_tag_taken_out_of_the_file_ends_at_its_last_reading_and_past_periods_keep_it(tmp_path: Path) -> None:
    rows = [
        ("2026-11-18T00:00:00+09:00", "old.kwh", 0.0),
        ("2026-11-19T12:00:00+09:00", "old.kwh", 90.0),
        ("2026-11-19T12:00:00+09:00", "new.kwh", 0.0),
        ("2026-11-21T00:00:00+09:00", "new.kwh", 30.0),
    ]
    imported(site(tmp_path, *TAGS), rows)
    found = energy(site(tmp_path, "new.kwh"), "--from", "2026-11-18", "--to", "2026-11-21")
    # 18th: the old meter alone is known, the new one is in the file and has no readings yet: (1 + 0) / 2
    # 19th: the old one until 12:00, of which all is known; the new one from 12:00 of the whole day: (1 + 0.5) / 2
    assert [(value["value"], value["coverage"]) for value in found] == [(0, 0.5), (90, 0.75), (30, 1.0)]


def test_a_long_list_adds_up_to_its_range(tmp_path: Path) -> None:
    start = datetime.fromisoformat("2026-08-01T00:00:00+09:00")
    rows = [((start + timedelta(hours=7 * step)).isoformat(), "old.kwh", float(step * step)) for step in range(380)]
    site_file = imported(site(tmp_path, "old.kwh"), rows)
    bounds = ("--from", "2026-08-01", "--to", "2026-11-19")
    days = energy(site_file, *bounds)
    assert len(days) == 110
    alone = [energy(site_file, "--at", day["period"]["label"])[0] for day in days[30:36]]
    assert [day["value"] for day in alone] == [day["value"] for day in days[30:36]]
    whole = energy(site_file, "--period", "range", *bounds)[0]
    assert sum(day["value"] for day in days) == whole["value"] == 377.0**2
