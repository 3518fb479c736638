from pathlib import Path

import pytest

from tests.acceptance.plant_files import Plant


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant.made(tmp_path / "plant")
