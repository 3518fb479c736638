"""Does the tree keep the rules of the house? Sizes, names, what packages hold, and what must not be written down."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
REFUSED_NAMES = {"util", "utils", "helper", "helpers", "manager", "common", "base", "handler", "engine"}

# path::function -> why it may be longer than the rest
LONG_FUNCTIONS: dict[str, str] = {}

# Pieces, so that this file does not hold what it looks for.
HOSTS = ("pypi" + ".org", "files.python" + "hosted.org", "registry." + "npmjs.org", "proxy." + "golang.org")
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:" + "home|root|work|Users" + r")/[\w.-]+|(?<![\w.:/])/tmp/" + r"[\w.-]+")


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout: which files are ours is not known")
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def _python(outside_tests: bool = True) -> list[Path]:
    found = [path for path in _tracked() if path.suffix == ".py"]
    return [path for path in found if not (outside_tests and path.is_relative_to(ROOT / "tests"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _packages() -> list[str]:
    """Folders at the root that are packages."""
    names = {path.relative_to(ROOT).parts[0] for path in _python() if path.name == "__init__.py"}
    return sorted(name for name in names if (ROOT / name / "__init__.py").is_file())


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{_name(path)}::{node.name}", node.end_lineno - node.lineno + 1


def test_no_file_is_too_long() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in _python()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_function_is_too_long() -> None:
    lengths = [found for path in _python() for found in _functions(path)]
    too_long = {name: lines for name, lines in lengths if lines > MOST_LINES_OF_A_FUNCTION}
    assert {name: lines for name, lines in too_long.items() if name not in LONG_FUNCTIONS} == {}
    assert sorted(LONG_FUNCTIONS) == sorted(set(LONG_FUNCTIONS) & set(too_long)), "allowed, but no longer long"


def test_modules_are_named_by_what_they_hold() -> None:
    words = {_name(path): set(path.stem.split("_")) | {path.parent.name} for path in _python(outside_tests=False)}
    assert {name: refused for name, found in words.items() if (refused := found & REFUSED_NAMES)} == {}


def test_packages_say_which_question_they_answer_and_nothing_else() -> None:
    for path in _python():
        if path.name != "__init__.py":
            continue
        body = ast.parse(path.read_text(encoding="utf-8")).body
        assert len(body) == 1, f"{_name(path)} must hold a docstring only"
        assert isinstance(body[0], ast.Expr), _name(path)
        assert isinstance(body[0].value, ast.Constant), _name(path)
        assert isinstance(body[0].value.value, str), _name(path)


def test_modules_begin_with_a_docstring() -> None:
    without = [
        _name(path) for path in _python() if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert without == []


def test_all_packages_are_in_the_wheel_checked_and_under_import_contracts() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = _packages()
    assert sorted(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == packages
    assert sorted(settings["tool"]["mypy"]["packages"]) == packages
    assert sorted(settings["tool"]["importlinter"]["root_packages"]) == packages


def test_nothing_of_one_machine_is_written_down() -> None:
    found = {}
    for path in _tracked():
        text = path.read_bytes().decode("utf-8", errors="replace")
        hits = sorted(set(MACHINE_PATH.findall(text)) | {host for host in HOSTS if host in text})
        if hits:
            found[_name(path)] = hits
    assert found == {}


def test_no_statement_needs_a_newer_sqlite_than_long_supported_systems_have() -> None:
    arrow = "-" + ">>"  # of SQLite 3.38; Ubuntu 22.04 has 3.37
    assert [_name(path) for path in _python() if arrow in path.read_text(encoding="utf-8")] == []
