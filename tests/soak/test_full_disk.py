"""Fifty fills of a disk: what is acknowledged is stored."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from full_disk import filled_again_and_again, small_disk

pytestmark = pytest.mark.timeout(1800)


def test_a_disk_that_is_filled_fifty_times_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path) as disk:
        kept, stored = filled_again_and_again(tmp_path, disk, 50, monkeypatch)
        assert kept == stored
