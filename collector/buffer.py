"""How long can the plant go on collecting while nothing leaves it, before the disk is full? Pure, with its evidence."""

from dataclasses import dataclass
from enum import StrEnum

from collector.store.growth import DAY_US, Growth

LEAST_US = 3600 * 1_000_000
"""A store younger than an hour says nothing about a day."""


class Outlook(StrEnum):
    """fills: the disk is full after `hours_left`. never: old readings go first. unknown: the store is too young."""

    FILLS = "fills"
    NEVER = "never"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Buffer:
    """Hours until the disk is full, and what they were worked out from.

    bytes_per_day: that of the fullest of `whole_days` days, so that a quiet Sunday promises nothing; without a whole
    day, that of the `measured_s` seconds so far (rough).
    """

    outlook: Outlook
    hours_left: float | None
    free_bytes: int
    bytes_per_day: float | None
    whole_days: int
    measured_s: float | None
    keep_days: int | None

    @property
    def rough(self) -> bool:
        """Whether less than a day is known."""
        return self.whole_days == 0


def buffer(growth: Growth, free_bytes: int, keep_days: int | None, now_us: int) -> Buffer:
    """What free bytes last for at a store's growth; with `keep_days` it stops growing once it holds so many days."""
    per_day: float | None = None
    whole_days, measured_s = len(growth.days), None
    if growth.days:
        per_day = float(max(growth.days))
    elif growth.first_us is not None and now_us - growth.first_us >= LEAST_US:
        measured_us = min(now_us - growth.first_us, now_us % DAY_US or DAY_US)
        measured_s = measured_us / 1e6
        per_day = growth.today * DAY_US / measured_us if measured_us >= LEAST_US else None
    if not per_day:
        return Buffer(Outlook.UNKNOWN, None, free_bytes, None, whole_days, measured_s, keep_days)
    if keep_days is not None and growth.first_us is not None:
        to_come_days = max(0.0, keep_days + 1 - (now_us - growth.first_us) / DAY_US)
        if to_come_days * per_day < free_bytes:
            return Buffer(Outlook.NEVER, None, free_bytes, per_day, whole_days, measured_s, keep_days)
    hours = 24 * free_bytes / per_day
    return Buffer(Outlook.FILLS, hours, free_bytes, per_day, whole_days, measured_s, keep_days)
