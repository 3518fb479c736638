"""What is done to the store in the background? Sealing hours, merging days, forgetting what need not be kept."""

from sqlalchemy import Connection

from collector.store import merging, readings, sealing
from collector.store.forgetting import forget_beside
from plant.instant import US_PER_S

HOUR_US = 3600 * US_PER_S
DAY_US = 24 * HOUR_US
HOUR_GRACE_US = 600 * US_PER_S
DAY_GRACE_US = 2 * HOUR_US


def seal_hours(connection: Connection, now_us: int) -> int:
    """Seal the journal's readings of hours that ended at least 10 min ago; returns how many were new."""
    return sealing.seal(connection, _hour_us(now_us)).new


def seal_next(connection: Connection, now_us: int, first_tag: int) -> int | None:
    """The same of the next tags, the first from an id on; the id to go on with, None at the end."""
    return sealing.seal_next(connection, _hour_us(now_us), first_tag).next_tag


def merge_next_days(connection: Connection, now_us: int, after_key: int) -> int | None:
    """Merge the next hours of UTC days that ended at least 2 h ago; the key to go on after, None at the end."""
    return merging.merge_next_days(connection, now_us - DAY_GRACE_US, after_key)[1]


def forget_next(connection: Connection, now_us: int, keep_days: int | None, first_tag: int) -> int | None:
    """Delete the readings of UTC days that ended more than `keep_days` ago, of the next tags, and before the first tag
    some of what stands beside them; None keeps all.

    The tag id to go on with, None at the end.
    """
    if keep_days is None:
        return None
    before_us = now_us - keep_days * DAY_US
    if first_tag == 0:
        forget_beside(connection, before_us // DAY_US * DAY_US)
    return readings.delete_before(connection, before_us, first_tag)


def _hour_us(now_us: int) -> int:
    return (now_us - HOUR_GRACE_US) // HOUR_US * HOUR_US
