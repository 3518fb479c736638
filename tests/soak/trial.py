"""Do the tests notice a mutant? Each is tried in a process of its own, with the tests that reach it, fastest first."""

import ast
import importlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

import coverage
import pytest
from hypothesis import HealthCheck, Phase, settings

ROOT = Path.cwd()
OUTPUT = ROOT / ".mutation" / "output.txt"
MOST_MEMORY = 6 * 2**30
PLAIN = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile", "mutants"),
    *("-m", "not no_cover"),  # which look at the clock
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of plugins which were imported before pytest ran
)
# Imported once, before any mutant: the libraries, and nothing of ours.
for library in ("numpy", "pydantic", "sqlalchemy", "ruamel.yaml", "openpyxl", "typer", "cryptography.x509", "alembic"):
    with suppress(ImportError):
        importlib.import_module(library)


class Verdict(StrEnum):
    """What became of a mutant. Unreached: no test runs the code it is in."""

    NOTICED = "noticed"
    TIMED_OUT = "timed out"
    MISSED = "missed"
    UNREACHED = "unreached"


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tests reach which lines of our modules, and how long each takes [s]. Import reaches lines as test ''."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]

    @classmethod
    def measured(cls, tests: Sequence[str], packages: Sequence[str], file: Path) -> "Reach":
        """Runs all tests once; what they reach is kept in the file. Raises RuntimeError where one fails."""
        if not file.exists() and _in_child(lambda: _measure(tests, packages, file), limit_s=3600) != 0:
            raise RuntimeError(failed())
        found = json.loads(file.read_text(encoding="utf-8"))
        lines = {path: {int(line): names for line, names in at.items()} for path, at in found["lines"].items()}
        return cls(lines, found["seconds"])

    def tests_of(self, module: Path, line: int) -> list[str]:
        """Tests of the function that the line is in; of the whole module, where import runs the line."""
        reached = self.lines.get(module.as_posix(), {})
        body = _function_lines(module, line)
        found = {test for at in body for test in reached.get(at, ())}
        if not body or "" in found or not found:
            found = {test for tests in reached.values() for test in tests}
        own = _own(module)
        found |= {test for test in self.seconds if test.startswith(own)} if not body else set()
        return sorted(found - {""}, key=lambda test: (not test.startswith(own), self.seconds[test], test))


def _function_lines(module: Path, line: int) -> range:
    """Lines of the body of the innermost function around a line; empty outside of functions."""
    inner = range(0)
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            body = range(node.body[0].lineno, node.end_lineno + 1)
            if line in body and (not inner or len(body) < len(inner)):
                inner = body
    return inner


def failed() -> str:
    """What is to be said of tests that fail though nothing was changed."""
    last = OUTPUT.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    return "\n".join(["the tests fail without any mutant; .mutation/output.txt ends with", *last])


def trial(module: Path, source: bytes, reach: Reach, tests: Sequence[str]) -> Verdict:
    """Runs the tests with the source in place of the module's own: first those of its own file, which notice most."""
    own = [test for test in tests if test.startswith(_own(module))]
    verdict = Verdict.UNREACHED
    for part in (own, tests[len(own) :]):
        if not part:
            continue
        limit_s = 30 + 5 * sum(reach.seconds[test] for test in part)
        code = _in_child(lambda part=part: _run(module, source, part), limit_s)
        if code != 0:
            return Verdict.TIMED_OUT if code is None else Verdict.NOTICED
        verdict = Verdict.MISSED
    return verdict


def _own(module: Path) -> str:
    return f"tests/unit/test_{module.stem}.py::"


def _in_child(work: Callable[[], int], limit_s: float) -> int | None:
    """Exit code of work done in a child; None if it was not done in time."""
    child = os.fork()
    if child == 0:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit_s) + 60, int(limit_s) + 60))  # if we are killed
        output = os.open(OUTPUT, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os._exit(work())
    deadline = time.monotonic() + limit_s
    try:
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        return None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _pytest(arguments: Sequence[str], plugin: object) -> int:
    sys.path.insert(0, str(ROOT))
    settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    return int(pytest.main([*PLAIN, *arguments], plugins=[plugin]))


def _run(module: Path, source: bytes, tests: Collection[str]) -> int:
    sys.meta_path.insert(0, _Mutated(module, source))
    return _pytest(["-x", *sorted({test.split("::")[0] for test in tests})], _Only(tests))


class _Only:
    """Leaves only the wanted tests, in their order."""

    def __init__(self, tests: Collection[str]) -> None:
        self.order = {test: at for at, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=lambda i: self.order[i.nodeid])
        if len(items) != len(self.order):
            raise pytest.UsageError("the mutant changed which tests there are")


class _Mutated(importlib.abc.MetaPathFinder):
    """Finds one module with another source."""

    def __init__(self, path: Path, source: bytes) -> None:
        self.path, self.source = ROOT / path, source
        self.name = ".".join(path.with_suffix("").parts)

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname != self.name:
            return None
        loader = _OtherSource(self.name, str(self.path))
        loader.source = self.source
        return importlib.util.spec_from_file_location(self.name, self.path, loader=loader)


class _OtherSource(SourceFileLoader):
    source = b""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


def _measure(tests: Sequence[str], packages: Sequence[str], file: Path) -> int:
    found = coverage.Coverage(data_file=None, config_file=False, include=[str(ROOT / name / "*") for name in packages])
    seconds: defaultdict[str, float] = defaultdict(float)

    class Watch:
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> object:
            found.switch_context(item.nodeid)
            result = yield
            found.switch_context("")
            return result

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            seconds[report.nodeid] += report.duration

    found.start()
    code = _pytest([name for name in tests if Path(name).exists()], Watch())
    found.stop()
    data = found.get_data()
    lines = {Path(name).relative_to(ROOT).as_posix(): data.contexts_by_lineno(name) for name in data.measured_files()}
    if code == 0:
        for old in file.parent.glob("reach-*"):
            old.unlink()
        part = file.with_suffix(".part")
        part.write_text(json.dumps({"lines": lines, "seconds": seconds}), encoding="utf-8")
        part.replace(file)
    return code
