"""Does the list in docs/security.md name tests that there are, for every line and every chapter?"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_MET = "**not met**"
CHAPTERS = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 16}
ITEMS = {
    *(
        "bind",
        "host header",
        "passwords",
        "guessing",
        "unknown names",
        "session",
        "end of a session",
        "CSRF",
        "headers",
    ),
    *("body", "slow clients", "connections", "ingest", "queries", "output", "errors", "roles"),
}


def rows() -> list[list[str]]:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    return [row for row in found if len(row) == 3 and row[0] not in ("item", "section", "---")]


def test_every_line_of_the_security_list_has_a_test_that_exists() -> None:
    known: dict[str, set[str]] = {}
    assert len(rows()) > 40
    for name, holds, tests in rows():
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
        assert bool(named) is not holds.startswith(NOT_MET), name
        assert len(named) == tests.count("::"), name
        for file, test in named:
            if file not in known:
                tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
                known[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert test in known[file], f"{name}: {file}::{test}"


def test_the_list_has_every_item_and_chapter() -> None:
    names = {row[0] for row in rows()}
    assert sorted(ITEMS - names) == []
    assert {int(found[1]) for name in names if (found := re.match(r"(\d+)\.", name))} == CHAPTERS
