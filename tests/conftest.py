"""What do all tests share? The one place that knows where real data lie."""

import gc
import os
from functools import cache
from pathlib import Path

import pytest
import typer.testing
from function_codes import pytest_configure, pytest_sessionfinish, pytest_terminal_summary
from hypothesis import is_hypothesis_test
from scheduling import pytest_xdist_make_scheduler
from typer.main import get_command

__all__ = ["pytest_configure", "pytest_sessionfinish", "pytest_terminal_summary", "pytest_xdist_make_scheduler"]

REPOSITORY = Path(__file__).parent.parent

typer.testing._get_command = cache(get_command)  # tests call thousands of commands; to build them takes 17 ms each time


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder with the real data sets: `SMARTWINGS_REAL_DATA`, by default `../shared/data` beside the repository."""
    folder = Path(os.environ.get("SMARTWINGS_REAL_DATA") or REPOSITORY / ".." / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no real data: {folder} does not exist; SMARTWINGS_REAL_DATA says where they are")
    return folder


def pytest_collection_finish() -> None:
    """All modules and tests stay until the end: garbage is looked for among what comes after, and less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`counted` tests must reach every branch of kpi/ and plant/: those with the same examples each time.

    Tracing doubles what a test takes, so those whose branches others reach as well say that they are `uncounted`.
    """
    for item in items:
        own = item.path.parent.name in ("unit", "scenarios")
        random = isinstance(item, pytest.Function) and is_hypothesis_test(item.obj)
        if own and not random and not any(map(item.get_closest_marker, ("no_cover", "uncounted"))):
            item.add_marker("counted")
