"""A collector that is killed while a damaged store is put aside or taken over: the next one comes to the same end."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from renewed import filled

REPEATS = 2
"""Readings of the collector that was killed, which came again: they count as damaged where nobody counted them yet."""


def renewals(folder: Path, every: int) -> list[dict[str, Any]]:
    """What stands after each renewal that was killed, that of one that was not first."""
    store = folder / "store" / "plant.db"
    store.parent.mkdir()
    filled(store)
    script = Path(__file__).with_name("killed_renewals.py")
    command = [sys.executable, str(script), str(store), str(every)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def require_one_end(found: list[dict[str, Any]], kills: int) -> None:
    """Raises AssertionError where a kill lost or doubled something, or left something half done."""
    undisturbed, *killed = found
    assert len(killed) >= kills
    for one in [undisturbed, *killed]:
        assert one["readings"] == undisturbed["readings"]
        assert 0 <= one["damaged"] - undisturbed["damaged"] <= REPEATS
        rest = {key: one[key] for key in ("missing", "faults", "left", "renewals", "asides")}
        assert rest == {"missing": 0, "faults": [], "left": 0, "renewals": 1, "asides": 1}


def test_a_renewal_that_is_killed_comes_to_the_same_end(tmp_path: Path) -> None:
    require_one_end(renewals(tmp_path, every=9), kills=5)
