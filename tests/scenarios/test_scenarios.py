"""Do the KPIs of small plants come out as worked out by hand? Each YAML file in `cases` is one plant and its story.

A case has a `title`, `now`, `site` (a site file; what it leaves out is filled in by `plant_of`), `tags` (a tag list,
all on one device), files to import as CSV text (`readings`, `quantities`, `orders`, `deliveries`), and `checks`. A
check asks `smartwings kpi` with the arguments of `ask` and says what must come out: `expect` for one period, `each` by
label for several. A bare number stands for `{value: number}`. Only what is written is compared.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from ruamel.yaml import YAML
from typer.testing import CliRunner

from commands.main import app

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
FILES = ("readings", "quantities", "orders", "deliveries")
KEYS = {"title", "now", "site", "tags", "checks", *FILES}
ONE_VALUE = {"value", "numerator", "denominator", "coverage", "grade", "reason", "flags", "at", "unit", "baseline"}
ONE_VALUE |= {"target", "improvement", "attainment", "savings", "period", "because"}


@dataclass(frozen=True)
class Case:
    """One file: its name and content."""

    name: str
    content: dict[str, Any]


def load(path: Path) -> Case:
    return Case(path.stem, YAML(typ="safe").load(path.read_text(encoding="utf-8")))


def plant_of(case: Case) -> dict[str, Any]:
    """The site file of a case: Seoul, production day from 08:00, the tags on one device, unless it says otherwise."""
    site = dict(case.content.get("site") or {})
    plant = {"id": "kr-test-0001", "time_zone": "Asia/Seoul", "production_day_start": "08:00"}
    site["plant"] = plant | (site.get("plant") or {})
    tags = [{"node": f"ns=2;s={tag['name']}"} | tag for tag in case.content.get("tags") or ()]
    if tags:
        device = {"id": "machines", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840", "security": "none"}
        site["devices"] = [device | {"tags": tags}]
    return site


def run(*arguments: str) -> str:
    """Output of the command `smartwings`, which must succeed."""
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def values(case: Case, site_file: Path, ask: str) -> dict[str, dict[str, dict[str, Any]]]:
    """What the command answers: by label of the period, then by KPI; the question must be about one scope."""
    found = json.loads(run("kpi", str(site_file), "--json", *shlex.split(ask)))["values"]
    scopes = {value["scope"] for value in found}
    assert len(scopes) <= 1, f"{case.name}: ask for one scope, as in --scope plant; not {ask}"
    by_label: dict[str, dict[str, dict[str, Any]]] = {}
    for value in found:
        by_label.setdefault(value["period"]["label"], {})[value["kpi"]] = value
    return by_label


def differences(found: dict[str, Any], expected: Any, where: str) -> Iterator[str]:
    wanted = expected if isinstance(expected, dict) else {"value": expected}
    assert wanted.keys() <= ONE_VALUE, f"{where}: {wanted.keys() - ONE_VALUE} is nothing that a value has"
    for key, want in wanted.items():
        if key == "because":
            continue
        got = found[key]
        if isinstance(want, float | int) and isinstance(got, float | int):
            same = got == pytest.approx(want, rel=1e-9, abs=1e-12)
        elif key == "period":
            same = all(got[part] == want[part] for part in want)
        elif key == "flags":
            same = sorted(got) == sorted(want)
        else:
            same = got == want
        if not same:
            yield f"{where}.{key}: is {got!r}, must be {want!r} ({wanted.get('because', 'see the file')})"


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request: pytest.FixtureRequest) -> Case:
    return load(request.param)


def test_kpis_are_as_worked_out_by_hand(case: Case, tmp_path: Path) -> None:
    site_file = tmp_path / "site.yaml"
    site_file.write_text(json.dumps(plant_of(case), default=str), encoding="utf-8")
    wrong: list[str] = []
    with time_machine.travel(datetime.fromisoformat(case.content["now"]), tick=False):
        for kind in FILES:
            if kind in case.content:
                rows = tmp_path / f"{kind}.csv"
                rows.write_text(case.content[kind], encoding="utf-8")
                run("import", kind, str(site_file), str(rows))
        for check in case.content["checks"]:
            found = values(case, site_file, check["ask"])
            each = check.get("each")
            if each is None:
                assert len(found) == 1, f"{check['ask']}: answers for {list(found)}; `each` is for several periods"
                each = {next(iter(found)): check["expect"]}
            for label, expected in each.items():
                assert label in found, f"{check['ask']}: no period {label}, there are {list(found)}"
                for kpi, wanted in expected.items():
                    wrong += differences(found[label][kpi], wanted, f"{check['ask']}: {label}: {kpi}")
            if "labels" in check:
                assert list(found) == check["labels"]
    assert not wrong, "\n".join(wrong)


def test_every_case_is_complete(case: Case) -> None:
    assert set(case.content) <= KEYS
    assert case.content["title"]
    assert datetime.fromisoformat(case.content["now"]).tzinfo
    assert case.content["checks"]
    assert all(set(check) <= {"ask", "expect", "each", "labels", "because"} for check in case.content["checks"])
