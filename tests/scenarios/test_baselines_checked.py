"""Does `smartwings check` say which baselines are not used, why, and what to do?"""

import json
from datetime import datetime
from pathlib import Path

import pytest
import time_machine
from typer.testing import CliRunner

from commands.main import app

SITE = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: p.good, work_unit: press1, role: good_count, max_rate: 4000, node: ns=2;s=good}
      - {name: p.scrap, work_unit: press1, role: scrap_count, max_rate: 4000, node: ns=2;s=scrap}
baselines:
"""
READINGS = """time,tag,value
2026-08-01T08:00:00+09:00,p.good,0
2026-08-15T08:00:00+09:00,p.good,400
2026-10-02T08:00:00+09:00,p.good,600
2026-11-22T08:00:00+09:00,p.good,900
2026-08-01T08:00:00+09:00,p.scrap,0
2026-11-22T08:00:00+09:00,p.scrap,100
"""
NOW = datetime.fromisoformat("2026-11-22T09:00:00+09:00")


def remarks(folder: Path, *baselines: str) -> list[str]:
    """What the check of a plant with these baselines says of them."""
    path, rows = folder / "site.yaml", folder / "readings.csv"
    path.write_text(SITE + "".join(f"  - {{{baseline}}}\n" for baseline in baselines), encoding="utf-8")
    rows.write_text(READINGS, encoding="utf-8")
    with time_machine.travel(NOW, tick=False):
        assert CliRunner().invoke(app, ["import", "readings", str(path), str(rows)]).exit_code == 0
        done = CliRunner().invoke(app, ["check", str(path), "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    found: list[str] = json.loads(done.stdout)["warnings"]
    return found


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ("kpi: defect_rate, from: 2026-08-01, to: 2026-11-01", ""),
        ("kpi: defect_rate, value: 0.031, definition: 1", ""),
        (
            "kpi: defect_rate, from: 2026-08-02, to: 2026-11-01",
            "lasts 91 days; 3 months or more are better",
        ),
        (
            "kpi: defect_rate, from: 2026-10-01, to: 2026-10-03",
            "is not used: lasts 2 days, a baseline at least 28 days. What to do: name a longer period",
        ),
        (
            "kpi: defect_rate, from: 2026-07-01, to: 2026-10-01, definition: 2",
            "is not used: has no value; grade is low, a baseline needs good; definition was 2, is 1; a changed "
            "definition starts a new baseline. What to do: name a period that is known better, or import what is "
            "missing of it; agree on a new baseline, under definition 1",
        ),
        (
            "kpi: defect_rate, from: 2026-11-01, to: 2026-12-01",
            "is not used: has not ended. What to do: wait until 2026-12-01, or name a period that is over",
        ),
        (
            "kpi: defect_rate, value: 0.031, definition: 2",
            "is not used: definition was 2, is 1; a changed definition starts a new baseline. What to do: agree on a "
            "new baseline, under definition 1",
        ),
    ],
)
def test_a_baseline_that_is_not_used_is_named_with_its_reasons_and_what_to_do(
    tmp_path: Path, baseline: str, said: str
) -> None:
    assert remarks(tmp_path, baseline) == ([f"baselines[0], defect_rate of plant, {said}"] if said else [])


def test_of_several_that_are_fit_only_the_first_is_used(tmp_path: Path) -> None:
    found = remarks(
        tmp_path,
        "kpi: oee, scope: press1, value: 0.5",
        "kpi: defect_rate, value: 0.5, definition: 2",
        "kpi: defect_rate, value: 0.031",
        "kpi: defect_rate, value: 0.04",
    )
    assert len(found) == 2
    assert found[0].startswith("baselines[1], defect_rate of plant, is not used: definition")
    assert found[1] == (
        "baselines[3], defect_rate of plant, is not used: baselines[2] stands before it. "
        "What to do: take one of them out"
    )
