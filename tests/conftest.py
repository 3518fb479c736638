"""What do all tests share? The one place that knows where real data lie."""

import os
from pathlib import Path

import pytest
from function_codes import pytest_configure, pytest_sessionfinish, pytest_terminal_summary
from hypothesis import is_hypothesis_test

__all__ = ["pytest_configure", "pytest_sessionfinish", "pytest_terminal_summary"]

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real data sets: `SMARTWINGS_REAL_DATA`, by default `../shared/data` beside the repository."""
    folder = Path(os.environ.get("SMARTWINGS_REAL_DATA") or REPOSITORY / ".." / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist; SMARTWINGS_REAL_DATA says where they are")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`counted` tests must reach every branch of kpi/ and plant/: those with the same examples each time."""
    for item in items:
        own = item.path.parent.name in ("unit", "scenarios")
        random = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
        if own and not random and not item.get_closest_marker("no_cover"):
            item.add_marker("counted")
