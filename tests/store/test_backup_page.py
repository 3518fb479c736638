"""Do the commands of docs/backup.md do what the page says?"""

import re
import shlex
from pathlib import Path

import pytest
from stored import make_store
from typer.testing import CliRunner

from collector.store.store import writing
from commands.main import app
from tests.acceptance.plant_files import SITE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "backup.md"


def blocks() -> list[list[list[str]]]:
    """The arguments of each command of each console block."""
    found = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [[shlex.split(line.removeprefix("$ smartwings ")) for line in block.splitlines()] for block in found]


def ran(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments)
    return done.exit_code, done.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    make_store(tmp_path / "plant.db")
    return tmp_path


def test_the_commands_of_the_page_are_done_without_a_fault(folder: Path) -> None:
    before, after = blocks()
    for command in before:
        code, output = ran(*command)
        assert (code, "no fault" in output) == (0, True), output
    with writing(folder / "plant.db"):
        code, output = ran(*after[0])
        assert (code, "stop it first" in output) == (2, True), output
    said = [ran(*command) for command in after]
    assert [code for code, _ in said] == [0, 0], said
    assert "is the store now; reports go on in epoch" in said[0][1]
    assert "plant.db.before-" in said[0][1]


def test_exit_codes_are_those_of_the_page(folder: Path) -> None:
    assert ran("verify", "site.yaml", "--file", "none.db") == (2, "none.db: is not there\n")
    assert ran("backup", "site.yaml", "site.yaml")[0] == 2
    assert ran("backup", "site.yaml", "no/such.db") == (2, "no: is no folder\n")
    with writing(folder / "plant.db") as connection, connection.begin():
        connection.exec_driver_sql("update journal set readings = 7")
    code, output = ran("backup", "site.yaml", "spoilt.db")
    assert (code, "journal 1: has other readings" in output) == (3, True), output
    assert (folder / "spoilt.db").exists() is False
    assert ran("verify", "site.yaml")[0] == 3
    code, output = ran("verify", "site.yaml", "--json")
    assert (code, '"ok": false' in output) == (3, True)
    code, output = ran("restore", "site.yaml", "spoilt.db.part")
    assert (code, "was not restored; the store is as it was" in output) == (2, True)
