"""Each guard of the store is taken out: some test notices."""

import pytest
from guards import GUARDS, noticed


@pytest.mark.parametrize("name", GUARDS)
def test_a_guard_that_is_taken_out_is_noticed(name: str) -> None:
    found, said = noticed(name)
    assert found, said
