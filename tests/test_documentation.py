"""Is what the pages say what the code does? Generated pages are up to date."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from kpi.counter import Restarting, StepKind, counter_steps
from kpi.element import FLAGS
from kpi.outcome import Reason
from kpi.series import TagSeries
from plant.reading import Readings
from plant.tag import CounterRules, Restarts, Role, Tag

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["settings", "kpis"])
def test_generated_page_is_up_to_date(generate: ModuleType, page: str) -> None:
    written = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert written == getattr(generate, f"{page}_page")(), "run: python docs/generate.py"


def _rows_after(page: str, heading: str) -> list[list[str]]:
    """Cells of the Markdown table whose heading row is this."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(heading) + 2
    end = next((at for at in range(start, len(lines)) if not lines[at].startswith("|")), len(lines))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start:end]]


def test_worked_counter_steps_are_what_the_code_makes_of_them() -> None:
    none = np.empty(0, dtype=np.int64)
    rules = CounterRules(Restarts.ANY, modulus=65536, max_rate_per_h=4000, swap_tolerance=5)
    rows = _rows_after("kpis-rules.md", "| earlier | later | class | adds |")
    assert len(rows) == len(StepKind)
    for earlier, later, kind, adds in rows:
        times = np.array([0, 60_000_000], dtype=np.int64)
        values = np.array([float(earlier), float(later)])
        readings = Readings(times, values, np.zeros(2, dtype=np.uint32), times, np.zeros(2, dtype=np.int64))
        tag = Tag("press1.good", "press1", Role.GOOD_COUNT, "1", counter=rules)
        steps = counter_steps(TagSeries(tag, readings, 0, 60_000_000), Restarting(none, none))
        assert StepKind(int(steps.kind[0])).name.replace("_", " ").lower() == kind
        assert steps.amount[0] == float(adds)


def test_kpi_page_names_every_reason_flag_and_counter_class() -> None:
    text = (DOCS / "kpis.md").read_text(encoding="utf-8")
    assert [word for word in (*Reason, *FLAGS) if f"`{word}`" not in text] == []
