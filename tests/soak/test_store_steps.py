"""Renewal, salvage and the merging of an import, killed before each of their commits, syncs, renames and unlinks."""

import sys
from pathlib import Path

import pytest
from test_killed_steps import killed, require_all_or_none, require_the_same_end

pytestmark = pytest.mark.timeout(1200)


def test_a_renewal_and_a_salvage_killed_before_every_step_are_finished(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = killed("salvage", tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(found) - 1} kills of renewal and salvage\n")
    require_the_same_end(found)


def test_an_import_killed_before_every_step_is_whole_or_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = killed("import", tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(found) - 1} kills of an import\n")
    require_all_or_none(found)
