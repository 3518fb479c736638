"""What did the KPIs say before later readings came, and before some were replaced?"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from typer.testing import CliRunner

from commands.main import app

SITE = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}
shifts:
  - {name: day, start: 08:00, end: 18:00}
work_units:
  press1: {planned_run_time_s: 30}
  bench: {}
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: m.kwh, work_unit: plant, role: energy_import, node: s=1}
      - {name: p.good, work_unit: press1, role: good_count, node: s=2}
      - {name: p.scrap, work_unit: press1, role: scrap_count, node: s=3}
      - {name: p.state, work_unit: press1, role: state, node: s=4}
      - {name: p.product, work_unit: press1, role: product_id, node: s=5}
"""
FIRST = """time,tag,value
2026-11-20T08:00:00+09:00,m.kwh,0
2026-11-20T20:00:00+09:00,m.kwh,100
2026-11-20T08:00:00+09:00,p.good,0
2026-11-20T18:00:00+09:00,p.good,1000
2026-11-20T08:00:00+09:00,p.scrap,0
2026-11-20T18:00:00+09:00,p.scrap,200
2026-11-20T08:00:00+09:00,p.state,Executing
2026-11-20T18:00:00+09:00,p.state,NotExecuting
2026-11-20T19:00:00+09:00,p.state,NotExecuting
2026-11-20T08:00:00+09:00,p.product,A
"""
LATER = """time,tag,value
2026-11-20T20:00:00+09:00,m.kwh,90
2026-11-21T08:00:00+09:00,m.kwh,120
2026-11-20T12:00:00+09:00,p.good,600
2026-11-20T18:00:00+09:00,p.scrap,20
2026-11-20T16:00:00+09:00,p.state,OutOfService
2026-11-20T12:00:00+09:00,p.product,B
"""
COUNTED = "time,work_unit,produced,good,scrap\n2026-11-20T18:00:00+09:00,bench,50,48,2\n"
COUNTED_AGAIN = "time,work_unit,produced,good,scrap\n2026-11-20T18:00:00+09:00,bench,50,40,10\n"


def run(at: str, *arguments: str) -> str:
    with time_machine.travel(datetime.fromisoformat(at), tick=False):
        done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A plant that imported on the 22nd, and again, with --replace, on the 24th."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE, encoding="utf-8")
    for day, kind, text in (
        (22, "readings", FIRST),
        (22, "quantities", COUNTED),
        (24, "readings", LATER),
        (24, "quantities", COUNTED_AGAIN),
    ):
        file = tmp_path / "file.csv"
        file.write_text(text, encoding="utf-8")
        run(f"2026-11-{day}T09:00:00+09:00", "import", kind, str(path), str(file), "--replace")
    return path


def values(site: Path, scope: str, as_of: str | None) -> dict[str, dict[str, Any]]:
    asked = ["kpi", str(site), "--json", "--at", "2026-11-20", "--scope", scope]
    asked += ["--as-of", as_of] if as_of else []
    return {one["kpi"]: one for one in json.loads(run("2026-11-25T09:00:00+09:00", *asked))["values"]}


def test_energy_is_what_was_read_until_then(site: Path) -> None:
    then, now = values(site, "plant", "2026-11-23"), values(site, "plant", None)
    assert (then["energy"]["value"], then["energy"]["coverage"]) == (100, 0.5)  # known until 20:00 of 08:00-08:00
    assert (now["energy"]["value"], now["energy"]["coverage"]) == (120, 1)  # 90 in place of 100, and 30 more


def test_pieces_and_states_are_what_they_were_before_they_were_replaced(site: Path) -> None:
    then, now = values(site, "press1", "2026-11-23"), values(site, "press1", None)
    assert [then[kpi]["value"] for kpi in ("produced_quantity", "scrap_ratio")] == [1200, 200 / 1200]
    assert [now[kpi]["value"] for kpi in ("produced_quantity", "scrap_ratio")] == [1020, 20 / 1020]
    assert [then[kpi]["value"] for kpi in ("availability", "mtbf")] == [1, None]
    assert [now[kpi]["value"] for kpi in ("availability", "mtbf", "mttr")] == [0.8, 28800, 7200]
    assert (then["oee"]["value"], now["oee"]["value"]) == (pytest.approx(30 / 36), pytest.approx(30 / 36))


def test_the_product_of_the_pieces_is_the_one_known_then(site: Path) -> None:
    assert values(site, "product:A", "2026-11-23")["good_quantity"]["value"] == 1000
    assert [values(site, f"product:{name}", None)["good_quantity"]["value"] for name in "AB"] == [600, 400]


def test_hand_counts_are_those_of_then(site: Path) -> None:
    assert values(site, "bench", "2026-11-23")["quality_ratio"]["value"] == 0.96
    assert values(site, "bench", None)["quality_ratio"]["value"] == 0.8


def test_before_the_first_import_nothing_was_known(site: Path) -> None:
    found = values(site, "press1", "2026-11-21")
    assert (found["good_quantity"]["value"], found["good_quantity"]["reason"]) == (None, "low_coverage")
    assert (found["availability"]["reason"], found["availability"]["coverage"]) == ("low_coverage", 0)
    assert values(site, "bench", "2026-11-21")["good_quantity"]["reason"] == "no_source"


def test_as_of_the_instant_of_an_import_is_before_it_and_a_moment_later_after_it(site: Path) -> None:
    assert values(site, "plant", "2026-11-24T09:00:00+09:00")["energy"]["value"] == 100
    assert values(site, "plant", "2026-11-24T09:00:01+09:00")["energy"]["value"] == 120
