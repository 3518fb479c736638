"""Examples in docstrings are right."""

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

PACKAGES = ("plant", "kpi", "config", "connectors")


def modules() -> Iterator[str]:
    for package in PACKAGES:
        found = importlib.import_module(package)
        yield package
        yield from (module.name for module in pkgutil.walk_packages(found.__path__, f"{package}."))


@pytest.mark.parametrize("name", list(modules()))
def test_examples_in_docstrings_are_right(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    found = [doctest.DocTestFinder().find(importlib.import_module(name)) for name in modules()]
    assert sum(bool(test.examples) for tests in found for test in tests) >= 8
