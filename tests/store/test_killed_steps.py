"""Renewal, salvage and the merging of an import, killed before some of their steps: all goes on as if nobody had."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CAME_TWICE = 1
"""Readings of a commit that was killed and came again: as the file had not counted them as repeated, they may be among
those that are counted as lost."""
SAME = ("readings", "replaced", "kept", "gaps")


def killed(what: str, folder: Path, first: int = 0, every: int = 1) -> list[dict[str, Any]]:
    """What there is after each kill; the last is what there is without one."""
    script = Path(__file__).with_name("killed_steps.py")
    command = [sys.executable, str(script), what, str(folder), str(first), str(every)]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def require_the_same_end(found: list[dict[str, Any]]) -> None:
    """No reading is lost beyond what the damage took, none is there twice, and nothing is left to be done."""
    *cut_off, whole = found
    assert not whole["killed"]
    for one in [*cut_off, whole]:
        assert one["acknowledged"], one
        assert (one["missing"], one["faults"], one["left"]) == (0, [], []), one
    for one in cut_off:
        assert one["killed"]
        assert [one[name] for name in SAME] == [whole[name] for name in SAME], one["step"]
        assert 0 <= one["damaged"] - whole["damaged"] <= CAME_TWICE, one["step"]


def require_all_or_none(found: list[dict[str, Any]]) -> None:
    """An import that was killed is in the store whole, or, before it counted, not at all."""
    *cut_off, whole = found
    none = [one for one in cut_off if one["readings"] != whole["readings"]]
    require_the_same_end([*(one for one in cut_off if one not in none), whole])
    assert 0 < len(none) < len(cut_off)
    assert all(one["readings"] == none[0]["readings"] and one["step"] < 4 for one in none)
    for one in none:
        assert (one["missing"], one["faults"], one["left"], one["acknowledged"]) == (0, [], [], True), one


@pytest.mark.timeout(60)
def test_a_renewal_or_a_salvage_killed_at_any_step_is_finished(tmp_path: Path) -> None:
    require_the_same_end(killed("salvage", tmp_path, first=3, every=9))


@pytest.mark.timeout(60)
def test_an_import_killed_at_any_step_is_merged_to_its_end_or_not_begun(tmp_path: Path) -> None:
    require_all_or_none(killed("import", tmp_path, first=1, every=5))
