"""A thousand kills at all moments of collecting and housekeeping."""

import os
from pathlib import Path

from killed_plant import MOMENTS, kills

KILLS = int(os.environ.get("SMARTWINGS_SOAK_STORE_KILLS", "1000"))
SEED = int(os.environ.get("SMARTWINGS_SOAK_STORE_SEED", "1"))


def test_a_thousand_kills_lose_nothing_acknowledged_and_double_nothing(tmp_path: Path) -> None:
    met = kills(tmp_path / "store", KILLS, SEED)
    assert sum(met.values()) >= KILLS
    assert min(met[moment] for moment in MOMENTS) > KILLS / 50
