"""Does `make mutate` find what the tests of a small project miss, and go on where a run was killed?"""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("mutate.py")
MODULE = '''"""A module."""

LEAST = 5


def grade(share):
    return "good" if share >= LEAST else "low"
'''
TESTS = '''"""Its tests."""

from kpi.toy import grade


def test_grade():
    assert [grade(share) for share in (4, 6)] == ["low", "good"]
'''
MISSED = '    - return "good" if share >= LEAST else "low"\n    + return "good" if share > LEAST else "low"\n'
REASON = """[[mutant]]
module = "kpi/toy.py"
was = 'return "good" if share >= LEAST else "low"'
now = 'return "good" if share > LEAST else "low"'
reason = "for this test"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for file, content in (("kpi/toy.py", MODULE), ("tests/unit/test_toy.py", TESTS)):
        path = tmp_path / file
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8")
    (tmp_path / "kpi/__init__.py").touch()
    (tmp_path / "tests/soak").mkdir()
    return tmp_path


def mutate(project: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], cwd=project, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_missed_mutants_are_named_until_a_test_or_a_reason_covers_them(project: Path) -> None:
    code, said = mutate(project)
    assert code == 1
    assert "kpi/toy.py: 9 of 9 mutants to try" in said
    assert f"kpi/toy.py:7: missed\n{MISSED}" in said
    assert "7 noticed, 2 missed, 0 equivalent, 0 open" in said  # 4 and 5, the second is LEAST = 6
    (project / "tests/soak/equivalent_mutants.toml").write_text(REASON, encoding="utf-8")
    code, said = mutate(project, "kpi/toy.py")
    assert "7 noticed, 1 missed, 1 equivalent, 0 open" in said
    better = TESTS.replace("(4, 6)", "(4, 5, 6)").replace('["low", "good"]', '["low", "good", "good"]')
    (project / "tests/unit/test_toy.py").write_text(better, encoding="utf-8")
    code, said = mutate(project, "kpi/toy.py")
    assert "kpi/toy.py: 1 of 9 mutants to try" in said
    assert "100.0%  8 noticed, 0 missed, 1 equivalent, 0 open" in said
    assert code == 0


def test_a_killed_run_is_continued(project: Path) -> None:
    mutate(project)
    state = project / ".mutation/kpi.toy.jsonl"
    kept = state.read_text(encoding="utf-8").splitlines()
    state.write_text("\n".join(kept[:5]) + "\n" + kept[5][:20], encoding="utf-8")
    assert "kpi/toy.py: 5 of 9 mutants to try" in mutate(project)[1]
    assert sorted(set(kept) - set(state.read_text(encoding="utf-8").splitlines())) == []


def test_tests_that_fail_judge_nothing(project: Path) -> None:
    (project / "tests/unit/test_toy.py").write_text(TESTS.replace("low", "bad"), encoding="utf-8")
    code, said = mutate(project)
    assert code == 2
    assert said.startswith(
        "kpi/toy.py: 9 of 9 mutants to try\nthe tests fail without any mutant; .mutation/output.txt ends"
    )
    assert "FAILED tests/unit/test_toy.py::test_grade" in said
