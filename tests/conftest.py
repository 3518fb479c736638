"""What do all tests share? The one place that knows where real data lie."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real data sets: `SMARTWINGS_REAL_DATA`, by default `../shared/data` beside the repository."""
    folder = Path(os.environ.get("SMARTWINGS_REAL_DATA") or REPOSITORY / ".." / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist; SMARTWINGS_REAL_DATA says where they are")
    return folder
