"""How long can the plant go on collecting while nothing leaves it, before the disk is full? Pure, with its evidence."""

from dataclasses import dataclass
from enum import StrEnum

from collector.store.growth import DAY_US, Growth

LEAST_S = 900.0
"""Readings of less than a quarter of an hour say nothing about a day."""


class Outlook(StrEnum):
    """fills: the disk is full after `hours_left`. never: old readings go first. unknown: the store is too young."""

    FILLS = "fills"
    NEVER = "never"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Buffer:
    """Hours until the disk is full, and what they were worked out from.

    bytes_per_day: that of the fullest of `whole_days` days, so that a quiet Sunday promises nothing, or of what
    devices brought in the last `live_s` seconds, whichever is more; live: it is the latter.
    """

    outlook: Outlook
    hours_left: float | None
    free_bytes: int
    bytes_per_day: float | None
    whole_days: int
    live_s: float
    live: bool
    keep_days: int | None


def buffer(growth: Growth, free_bytes: int, keep_days: int | None, now_us: int) -> Buffer:
    """What free bytes last for at a store's growth; with `keep_days` it stops growing once it holds so many days."""
    fullest = float(max(growth.days, default=0))
    live = growth.live_bytes * (DAY_US / 1e6) / growth.live_s if growth.live_s >= LEAST_S else 0.0
    per_day = max(fullest, live)
    hours: float | None = None
    outlook = Outlook.UNKNOWN
    if per_day > 0:
        outlook, hours = Outlook.FILLS, 24 * free_bytes / per_day
        if keep_days is not None and growth.first_us is not None:
            to_come_days = max(0.0, keep_days + 1 - (now_us - growth.first_us) / DAY_US)
            if to_come_days * per_day < free_bytes:
                outlook, hours = Outlook.NEVER, None
    shown = per_day or None
    return Buffer(outlook, hours, free_bytes, shown, len(growth.days), growth.live_s, live >= fullest, keep_days)
