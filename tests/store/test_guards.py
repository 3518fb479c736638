import ast

import pytest
from guards import GUARDS, ROOT, noticed


@pytest.mark.parametrize("name", GUARDS)
def test_each_guard_is_where_the_table_says_and_without_it_the_module_is_still_python(name: str) -> None:
    ast.parse(GUARDS[name].source())
    assert all((ROOT / test.split("::")[0]).exists() for test in GUARDS[name].tests)


@pytest.mark.parametrize("name", ["stamps that another tag has stay", "a migration is one transaction"])
def test_a_store_without_a_guard_is_noticed(name: str) -> None:
    assert noticed(name)[0]
