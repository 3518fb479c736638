"""When is a disk low, short, full, and when not any more?"""

import pytest

from collector.disk import GIB, Level, ballast_bytes, level

MIB = 1 << 20


@pytest.mark.parametrize(
    ("before", "used", "reached"),
    [
        (Level.OK, 0.799, Level.OK),
        (Level.OK, 0.801, Level.LOW),
        (Level.OK, 0.901, Level.SHORT),
        (Level.OK, 0.951, Level.FULL),
        (Level.FULL, 0.935, Level.FULL),
        (Level.FULL, 0.92, Level.SHORT),
        (Level.SHORT, 0.885, Level.SHORT),
        (Level.SHORT, 0.87, Level.LOW),
        (Level.LOW, 0.785, Level.LOW),
        (Level.LOW, 0.77, Level.OK),
    ],
)
def test_a_level_is_left_two_percent_below_where_it_is_reached(before: Level, used: float, reached: Level) -> None:
    assert level(before, int(1000 * MIB * used), int(1000 * MIB * (1 - used))) is reached


def test_a_large_disk_is_full_only_when_little_is_free() -> None:
    assert level(Level.OK, 3900 * GIB, 100 * GIB) is Level.OK
    assert level(Level.OK, 3990 * GIB, 10 * GIB) is Level.LOW
    assert level(Level.OK, 3996 * GIB, 4 * GIB) is Level.SHORT
    assert level(Level.OK, 3999 * GIB, 1 * GIB) is Level.FULL


def test_a_level_of_a_large_disk_is_left_once_two_percent_more_is_free() -> None:
    def large(before: Level, free_mib: int) -> Level:
        return level(before, 9000 * GIB, free_mib * MIB)

    assert (large(Level.OK, 2047), large(Level.FULL, 2087), large(Level.FULL, 2090)) == (
        Level.FULL,
        Level.FULL,
        Level.SHORT,
    )


def test_a_disk_without_any_room_is_full() -> None:
    assert level(Level.OK, 0, 0) is Level.FULL


def test_the_ballast_is_small_on_a_small_disk() -> None:
    assert (ballast_bytes(100 * GIB), ballast_bytes(3 * MIB)) == (64 * MIB, int(3 * MIB * 0.02))
