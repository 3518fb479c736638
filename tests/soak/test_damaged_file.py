"""Hundreds of damages of a store's files: what was not hit is there, what is lost is told, nothing is wrong."""

import os
import random
import shutil
import sys
from collections import defaultdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from damaged_store import Outcome, outcome_of, whole_store
from damages import KINDS

pytestmark = pytest.mark.timeout(7200)

DAMAGES = int(os.environ.get("SMARTWINGS_SOAK_DAMAGES", "270"))
SEED = int(os.environ.get("SMARTWINGS_SOAK_SEED", "7"))


def test_what_is_damaged_is_told_and_all_else_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "whole").mkdir()
    whole = whole_store(tmp_path / "whole" / "plant.db")
    chance, found = random.Random(SEED), defaultdict[str, list[Outcome]](list)
    bad = []
    for at in range(DAMAGES):
        kind, seed = list(KINDS)[at % len(KINDS)], chance.randrange(2**32)
        folder = tmp_path / str(at)
        outcome = outcome_of(whole, folder, KINDS[kind], random.Random(seed))
        found[kind].append(outcome)
        if outcome.undeclared or outcome.wrong or outcome.faults:
            bad.append((kind, seed, outcome.undeclared[:2], outcome.wrong[:2], outcome.faults[:2]))
        shutil.rmtree(folder)
    with capsys.disabled():
        for kind, outcomes in found.items():
            kept, of = sum(one.kept for one in outcomes), sum(one.undamaged for one in outcomes)
            lost = sum(one.lost for one in outcomes) / len(outcomes)
            sys.stdout.write(f"\n{kind}: {len(outcomes)} times; kept {kept} of {of} undamaged; lost {lost:.0f} each")
    assert bad == []
    undamaged = sum(one.undamaged for outcomes in found.values() for one in outcomes)
    assert sum(one.kept for outcomes in found.values() for one in outcomes) >= 0.97 * undamaged
