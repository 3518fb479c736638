"""Which changes of a module do the tests not notice? `make mutate MODULE=kpi/counter.py`; without it: the next module.

Verdicts are kept in .mutation/ as they are found, so a run that was killed goes on where it was. Missed mutants are
tried again when tests have changed. Those that no test can notice stand in equivalent_mutants.toml with a reason each.
"""

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mutants import Mutant, mutants
from trial import Reach, Verdict, failed, trial

PACKAGES = ("kpi", "plant")
TESTS = ("tests/unit", "tests/scenarios", "tests/test_documentation.py")
STATE = Path(".mutation")
EQUIVALENT = Path("tests/soak/equivalent_mutants.toml")
MISSED = (Verdict.MISSED, Verdict.UNREACHED)


class Module:
    """A module, its mutants, and the verdicts on them that hold for its present source and the present tests."""

    def __init__(self, path: Path, tests: str) -> None:
        self.path, self.tests = path, tests
        self.source = path.read_bytes()
        self.version = _digest([self.source])
        self.mutants = mutants(self.source)
        self.reasons = {(was, now): reason for module, was, now, reason in _equivalent() if module == path.as_posix()}
        self.state = STATE / f"{'.'.join(path.with_suffix('').parts)}.jsonl"
        self.verdicts: dict[int, Verdict] = {}
        for line in _lines(self.state):
            verdict = Verdict(line["verdict"])
            if line["source"] == self.version:
                stands = verdict not in MISSED or line["tests"] == tests or self.reason(self.mutants[line["at"]])
                self.verdicts.pop(line["at"], None)
                self.verdicts |= {line["at"]: verdict} if stands else {}

    def reason(self, mutant: Mutant) -> str | None:
        """Why no test can notice it; None unless that is written down."""
        return self.reasons.get((mutant.was, mutant.now))

    def open(self) -> list[int]:
        return [at for at in range(len(self.mutants)) if at not in self.verdicts]

    def keep(self, at: int, verdict: Verdict) -> None:
        self.verdicts[at] = verdict
        line = {"source": self.version, "tests": self.tests, "at": at, "verdict": verdict}
        with self.state.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(line))  # on a line of its own, whatever was written before a kill

    def left(self) -> list[str]:
        """What a person has to look at: missed mutants without a reason, and reasons that do not hold."""
        left = []
        for at, verdict in sorted(self.verdicts.items()):
            mutant = self.mutants[at]
            if (verdict in MISSED) == bool(self.reason(mutant)):
                continue
            said = f"{verdict}, though listed as equivalent" if self.reason(mutant) else verdict
            left.append(f"{self.path}:{mutant.line}: {said}\n    - {mutant.was}\n    + {mutant.now}")
        there = {(mutant.was, mutant.now) for mutant in self.mutants}
        return left + [
            f"{self.path}: listed as equivalent, but no mutant: {now}" for was, now in self.reasons.keys() - there
        ]

    def score(self) -> str:
        """Share of the mutants noticed, of those that can be."""
        judged = [verdict for at, verdict in self.verdicts.items() if not self.reason(self.mutants[at])]
        missed = sum(verdict in MISSED for verdict in judged)
        share = f"{1 - missed / len(judged):.1%}" if judged else "-"
        equivalent = len(self.verdicts) - len(judged)
        return (
            f"{self.path.as_posix():<28}{share:>7}  {len(judged) - missed} noticed, {missed} missed, "
            f"{equivalent} equivalent, {len(self.open())} open"
        )

    def judge(self, reach: Reach) -> None:
        """Tries every open mutant. Raises RuntimeError where the tests fail without one."""
        if trial(self.path, self.source, reach, reach.tests_of(self.path, 0)) not in MISSED:
            raise RuntimeError(failed())
        for at in self.open():
            tests = reach.tests_of(self.path, self.mutants[at].line)
            self.keep(at, trial(self.path, self.mutants[at].source, reach, tests))
            sys.stdout.write("M" if self.verdicts[at] in MISSED else ".")
            sys.stdout.flush()
        sys.stdout.write("\n")


def _equivalent() -> Iterator[tuple[str, str, str, str]]:
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")) if EQUIVALENT.exists() else {}
    for entry in listed.get("mutant", ()):
        yield entry["module"], entry["was"], entry["now"], entry["reason"]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            yield json.loads(line)
        except json.JSONDecodeError:  # empty, or the run was killed while it wrote this line
            continue


def _digest(contents: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


def _files(names: Iterable[str]) -> list[Path]:
    found = (path for name in names for path in (Path(name), *Path(name).rglob("*")))
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def main() -> int:
    """Judges one module; with none left to judge, gives the scores of all. 1 if a person has to look at something."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("module", nargs="?", type=Path, help="such as kpi/counter.py")
    named = wanted.parse_args().module
    STATE.mkdir(exist_ok=True)
    tests = _digest(path.read_bytes() for path in _files(TESTS))
    paths = [named] if named else [path for path in _files(PACKAGES) if path.suffix == ".py"]
    modules = [Module(path, tests) for path in paths]
    module = next((module for module in modules if module.open()), None)
    if module:
        sys.stdout.write(f"{module.path}: {len(module.open())} of {len(module.mutants)} mutants to try\n")
        ours = _digest(path.read_bytes() for path in _files((*TESTS, *PACKAGES)))
        try:
            module.judge(Reach.measured(TESTS, PACKAGES, STATE / f"reach-{ours}.json"))
        except RuntimeError as error:
            sys.stdout.write(f"{error}\n")
            return 2
        modules = [module]
    sys.stdout.writelines(f"{line}\n" for module in modules for line in (*module.left(), module.score()))
    return int(any(module.left() for module in modules))


if __name__ == "__main__":
    sys.exit(main())
