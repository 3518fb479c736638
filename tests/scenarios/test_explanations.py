"""Does the explanation of every value of every scenario add up to it, and is it fit to be read?"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import prod
from typing import Any

import pytest
import time_machine

from kpi.plain_text import text_width
from plant.kpi_id import KpiId
from tests.scenarios.test_scenarios import CASES, FILES, load, plant_of, run

MOST_COLUMNS = 105

pytestmark = pytest.mark.uncounted


@dataclass
class Asked:
    """The questions of a case as arguments of `smartwings kpi`."""

    questions: list[list[str]]
    _explained: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def explained(self, at: int) -> list[dict[str, Any]]:
        """The answer to a question with explanations; it takes long, so each is asked once."""
        if at not in self._explained:
            self._explained[at] = json.loads(run(*self.questions[at], "--json", "--explain", *_every_kpi()))["values"]
        return self._explained[at]


@pytest.fixture(scope="module", params=CASES, ids=lambda path: path.stem)
def asked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The questions of a case, its files imported, at its time."""
    case = load(request.param)
    tmp_path = tmp_path_factory.mktemp(case.name)
    site_file = tmp_path / "site.yaml"
    site_file.write_text(json.dumps(plant_of(case), default=str), encoding="utf-8")
    with time_machine.travel(datetime.fromisoformat(case.content["now"]), tick=False):
        for kind in FILES:
            if kind in case.content:
                rows = tmp_path / f"{kind}.csv"
                rows.write_text(case.content[kind], encoding="utf-8")
                run("import", kind, str(site_file), str(rows))
        questions = dict.fromkeys(check["ask"] for check in case.content["checks"])
        yield Asked([["kpi", str(site_file), *shlex.split(ask)] for ask in questions])


def entering(elements: list[dict[str, Any]], side: str) -> list[float]:
    return [one[side] * one["value"] for one in elements if one[side] and one["value"] is not None]


def misfits(value: dict[str, Any]) -> Iterator[str]:
    where = f"{value['scope']} {value['period']['label']} {value['kpi']}"
    explained = value["explanation"]
    for side in ("numerator", "denominator"):
        terms = entering(explained["elements"], side)
        is_product = value["kpi"] == "rolled_throughput_yield" and side == "numerator"
        made = None if not terms else prod(terms) if is_product else sum(terms)
        same = made is value[side] is None or (None not in (made, value[side]) and made == pytest.approx(value[side]))
        if not same:
            yield f"{where}: {side} is {value[side]}, its elements make {made}: {explained['elements']}"
    counted = {one["tag"]: one["adds"] for one in explained["tags"] if one["adds"] is not None}
    for one in explained["elements"]:
        from_tags = one["origin"] in ("tag", "plant_tag") and one["tags"] and not one["rule"] and not one["flags"]
        whole = one["value"] is not None and all(tag in counted for tag in one["tags"])
        plain = whole and one["name"] in ("produced", "good", "scrap", "rework", "energy") and ":" not in value["scope"]
        if from_tags and plain and one["value"] != pytest.approx(sum(counted[tag] for tag in one["tags"])):
            yield f"{where}: {one['name']} is {one['value']}, its readings make {counted}"
    for flag in value["flags"]:
        if flag not in [one["name"] for one in explained["flags"]]:
            yield f"{where}: flag {flag} is not explained"


def test_the_elements_of_every_value_make_its_numerator_and_denominator(asked: Asked) -> None:
    wrong = []
    for at in range(len(asked.questions)):
        wrong += [misfit for value in asked.explained(at) for misfit in misfits(value)]
    assert not wrong, "\n".join(wrong)


def _every_kpi() -> list[str]:
    return [argument for kpi in KpiId for argument in ("--kpi", kpi.value)]


def test_an_explanation_changes_no_value_and_is_text_that_fits_a_screen(asked: Asked) -> None:
    question = asked.questions[0]
    plain = json.loads(run(*question, "--json"))["values"]
    assert [{**value, "explanation": None} for value in asked.explained(0)] == [
        {**one, "explanation": None} for one in plain
    ]
    lines = run(*question, "--explain").splitlines()
    assert [line for line in lines if text_width(line) > MOST_COLUMNS] == []
    assert not any("None" in line or "nan" in line.split() for line in lines)
