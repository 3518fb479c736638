"""A hundred damages of a file: a new reading is always stored, and nearly all of before is still there."""

import random
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from renewed import A_DAY, DAYS, PAGE, TAGS, filled, left_after, spoil_pages

pytestmark = pytest.mark.timeout(3600)

ALL = TAGS * DAYS * A_DAY
FIRST_OF_ROWS = 60


def test_a_hundred_damages_lose_little_and_never_stop_collecting(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    filled(whole)
    chance, left = random.Random(7), []
    for at in range(100):
        path = tmp_path / str(at) / "plant.db"
        path.parent.mkdir()
        shutil.copy(whole, path)
        path.with_name("plant.db.lock").touch()
        _damage(path, chance)
        left.append(left_after(path))
        shutil.rmtree(path.parent)
    assert sum(left) >= 0.97 * 100 * ALL  # a page is up to 1 % of so small a store, a journal of one day 17 %


def _damage(path: Path, chance: random.Random) -> None:
    pages = path.stat().st_size // PAGE
    page = chance.randrange(FIRST_OF_ROWS, pages)
    if chance.random() < 0.5:
        spoil_pages(path, [page])
    else:
        with path.open("r+b") as file:
            file.seek(page * PAGE + chance.randrange(PAGE))
            file.write(bytes([chance.randrange(256)]))
