"""Is the example of the page about explanations what the command says?"""

import re
from pathlib import Path

from tests.acceptance.explained_plant import ExplainedPlant

PAGE = Path(__file__).parents[2] / "docs" / "explain-text.md"


def blocks(language: str) -> list[str]:
    """The code blocks of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_is_what_the_command_says(tmp_path: Path) -> None:
    (site,), (rows,), (said,) = blocks("yaml"), blocks("csv"), blocks("text")
    plant = ExplainedPlant(tmp_path)
    Path(plant.plant.site).write_text(site, encoding="utf-8")
    plant.imported("readings", *rows.splitlines())
    found = plant.text("scrap_ratio", "--scope", "press1", "--at", "2026-11-21")
    assert found.strip() == said.strip()
