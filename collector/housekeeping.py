"""What is done to the store in the background? Sealing hours, merging days, forgetting what need not be kept."""

from sqlalchemy import Connection

from collector.store import readings
from plant.instant import US_PER_S

HOUR_US = 3600 * US_PER_S
DAY_US = 24 * HOUR_US
HOUR_GRACE_US = 600 * US_PER_S
DAY_GRACE_US = 2 * HOUR_US


def seal_hours(connection: Connection, now_us: int) -> int:
    """Seal the journal's readings of hours that ended at least 10 min ago; returns how many were new."""
    return readings.seal(connection, (now_us - HOUR_GRACE_US) // HOUR_US * HOUR_US).new


def merge_days(connection: Connection, now_us: int) -> int:
    """Merge the hours of UTC days that ended at least 2 h ago; returns how many tag days."""
    return readings.merge_days(connection, now_us - DAY_GRACE_US)


def forget(connection: Connection, now_us: int, keep_days: int | None) -> int:
    """Delete the readings of UTC days that ended more than `keep_days` ago; None keeps all. Returns tag days."""
    return 0 if keep_days is None else readings.delete_before(connection, now_us - keep_days * DAY_US)
