import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.disk import GIB, Level, level
from collector.store.room import lacking_bytes

SIZES = st.integers(0, 4000 * GIB)


@pytest.mark.parametrize(
    ("needed", "used", "free", "of_store", "lacking"),
    [
        (10 * GIB, 50 * GIB, 50 * GIB, True, 0),
        (39 * GIB, 50 * GIB, 50 * GIB, True, 0),
        (60 * GIB, 50 * GIB, 50 * GIB, True, 15 * GIB),  # less than 5 GiB would be left
        (5 * GIB, 50 * GIB, 5 * GIB, False, 0),  # a disk for backups may be filled
        (6 * GIB, 50 * GIB, 5 * GIB, False, GIB),
        (0, 0, 0, True, 0),
    ],
)
def test_what_lacks_is_what_must_be_set_free(needed: int, used: int, free: int, of_store: bool, lacking: int) -> None:
    assert lacking_bytes(needed, used, free, of_store) == lacking


@given(SIZES, SIZES, SIZES)
def test_with_what_lacks_set_free_the_disk_of_the_store_stays_below_90_percent(
    needed: int, used: int, free: int
) -> None:
    lacking = lacking_bytes(needed, used, free, of_store=True)
    if lacking < used + needed:
        after = free + lacking - needed
        assert after >= 0
        assert level(Level.OK, used - lacking + needed, after) < Level.SHORT
