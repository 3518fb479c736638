"""Thousands of power cuts of many plants: nothing acknowledged lost, nothing doubled."""

import os
from pathlib import Path

import pytest
from left_out import left_out
from model import models_of
from power import build, record
from power_cut import survives

RECORDS = int(os.environ.get("SMARTWINGS_SOAK_RECORDS", "20"))
CUTS = int(os.environ.get("SMARTWINGS_SOAK_CUTS", "250"))
STEPS = 250


@pytest.mark.parametrize("seed", range(RECORDS))
def test_power_cuts_lose_and_double_nothing(tmp_path: Path, seed: int) -> None:
    library, missing = build(tmp_path)
    if missing is not None:
        left_out(missing)
    recorded, models = record(library, tmp_path / "plant", seed, STEPS), models_of(seed, STEPS)
    for chance in (0.1, 0.5, 0.9, 1.0):
        for acknowledged, files in recorded.cuts(CUTS // 4, seed, chance):
            survives(tmp_path / "cut", acknowledged, files, models)
