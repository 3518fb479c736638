"""Renewal, salvage and the merging of an import, killed before each of their commits, syncs, renames and unlinks."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_killed_steps import killed, require_all_or_none, require_the_same_end

pytestmark = pytest.mark.timeout(1200)


@pytest.mark.parametrize(("what", "required"), [("salvage", require_the_same_end), ("import", require_all_or_none)])
def test_what_is_killed_before_every_step_comes_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, required: Callable[[list[dict[str, Any]]], None]
) -> None:
    found = killed(what, tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\n{what}: {len(found) - 1} kills\n")
    required(found)
