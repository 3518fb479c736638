"""In which order are the tests run, and which of them one after the other in one process?

Those of a file stay together, for the sake of what they share, in the order of their names: the slow ones, of
processes, first, so that no worker is left alone with them at the end. (pytest-xdist would begin with files of most
tests, and its own groups are lost on pytest 9.1, which gives no test another id.)
"""

import pytest
from xdist.scheduler import LoadFileScheduling

ALONE = frozenset(
    f"tests/{name}.py"
    for name in (
        "acceptance/test_collecting",
        "acceptance/test_demo",
        "acceptance/test_page_process",
        "acceptance/test_reporting",
        "peers/test_modbus_lines",
    )
)
"""Files of few long tests that share nothing: each may run beside the others."""


class Spread(LoadFileScheduling):
    """Tests of a file together; those of `ALONE` one by one; those of one scenario together."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        if file in ALONE:
            return nodeid
        if file == "tests/scenarios/test_explanations.py":
            return test.partition("[")[2]
        return file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Spread | None:
    """For `--dist loadfile`."""
    return Spread(config, log) if config.getoption("dist") == "loadfile" else None
