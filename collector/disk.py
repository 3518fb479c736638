"""How full is the disk of the store, and what follows from it? Pure: the numbers come from whoever asks."""

from enum import IntEnum

GIB = 1 << 30
_HYSTERESIS = 0.02
_MOST_BALLAST = 64 << 20
_BALLAST_SHARE = 0.02


class Level(IntEnum):
    """low: it is told. short: readings that need not be kept go at once, and nothing is written that can wait. full:
    no readings are taken or acknowledged."""

    OK = 0
    LOW = 1
    SHORT = 2
    FULL = 3


_FROM = {Level.FULL: (0.95, 2 * GIB), Level.SHORT: (0.90, 5 * GIB), Level.LOW: (0.80, 20 * GIB)}
"""The share in use from which on a disk is at a level, and how much may be free at most: 5 % of some disks is much."""


def level(before: Level, used_bytes: int, free_bytes: int) -> Level:
    """The level of a disk, of which so much is used and free. It goes down only 2 % (of the disk, and of what is free)
    beyond where it went up, so that it does not waver. 0 of both is full."""
    share = used_bytes / (used_bytes + free_bytes) if used_bytes + free_bytes else 1.0
    for reached, (from_share, most_free) in _FROM.items():
        slack = _HYSTERESIS if reached <= before else 0.0
        if share >= from_share - slack and free_bytes < most_free * (1 + slack):
            return reached
    return Level.OK


def ballast_bytes(total_bytes: int) -> int:
    """How large the ballast is on a disk of a size: 64 MiB, or 2 % of a small one."""
    return min(_MOST_BALLAST, int(total_bytes * _BALLAST_SHARE))
