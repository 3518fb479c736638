"""Is every text of the page there in Korean, and nothing in Korean that no page says?"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.page import words
from collector.page.rendering import FOLDER, environment
from kpi.catalogue import CATALOGUE


def _in_templates() -> Iterator[str]:
    for path in sorted((FOLDER / "templates").glob("*.html")):
        for _, _, text in environment().extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            yield from (text,) if isinstance(text, str) else (part for part in text or () if part)


def _in_code() -> Iterator[str]:
    """Texts that templates are handed: those in `_("…")`, and the names of the menu."""
    from collector.page.rendering import MENU

    yield from (name for _, name in MENU)
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}: not a text"
                yield node.args[0].value


def _in_formulas() -> Iterator[str]:
    yield from (kpi.formula for kpi in CATALOGUE)


def test_everything_the_page_says_is_there_in_korean_and_nothing_else() -> None:
    said, known = {*_in_templates(), *_in_code(), *_in_formulas()}, words.korean()
    assert sorted(said - known.keys()) == []
    assert sorted(known.keys() - said) == []


def test_a_text_that_stands_in_two_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, korean in (("a", "표"), ("b", "테이블")):
        (tmp_path / f"{name}.toml").write_text(f'"Table" = "{korean}"', encoding="utf-8")
    monkeypatch.setattr(words, "KOREAN", tmp_path)
    with pytest.raises(ValueError, match=r"'Table' stands in a\.toml and in b\.toml"):
        words.korean.__wrapped__()


def test_korean_texts_keep_the_places_for_names_and_numbers() -> None:
    places = re.compile(r"%\(\w+\)s|\{\w*\}")
    for english, korean in words.korean().items():
        assert sorted(places.findall(english)) == sorted(places.findall(korean)), english


def test_every_text_can_be_filled_in() -> None:
    """A per cent sign that is meant as one stands twice: templates fill in names by the % operator."""
    filled = defaultdict(lambda: "x")
    for text in {*_in_templates(), *_in_code(), *words.korean().values()}:
        assert text % filled
