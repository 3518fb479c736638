"""A test without a part that it needs is left out and listed; on a machine that must have all parts it fails."""

import os
from typing import NoReturn

import pytest


def left_out(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
