"""What did the store know of a tag at an earlier time? Readings that came later left out, replaced ones put back."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from collector.store import readings
from collector.store.replaced import replaced_since
from collector.store.tags import StoredTag
from plant.reading import Readings, distinct, joined


def as_known(connection: Connection, tag_id: int, found: Readings, as_of_us: int | None) -> Readings:
    """Of the readings that a stretch of time has now, those that it had at an instant; None: now.

    What was replaced since had the same times as what replaced it, so the times now stored say where to look.
    """
    if as_of_us is None or not len(found):
        return found
    gone = replaced_since(connection, tag_id, as_of_us, int(found.times_us[0]), int(found.times_us[-1]))
    back = [one[np.isin(one.times_us, found.times_us)] for one in gone]
    known = distinct(joined([found, *back])) if back else found
    return known[known.received_us < as_of_us]


def tag_as_known(connection: Connection, stored: StoredTag, as_of_us: int | None) -> StoredTag:
    """A tag with the first and last reading that it had at an instant, and known no longer than until then.

    A tag whose device went on answering after its last reading was known until the instant.
    """
    if as_of_us is None or stored.first_us is None or stored.last_us is None or stored.known_until_us is None:
        return stored
    end_us = stored.last_us + 1
    first = _any(
        connection, stored.id, readings.series_by_day(connection, stored.id, stored.first_us, end_us), as_of_us
    )
    if first is None:
        return replace(stored, first_us=None, last_us=None, known_until_us=None)
    last = _any(connection, stored.id, readings.days_before(connection, stored.id, end_us), as_of_us) or first
    last_us = int(last.times_us[-1])
    live = stored.known_until_us > stored.last_us
    known_until_us = max(last_us, min(stored.known_until_us, as_of_us)) if live else last_us
    return replace(stored, first_us=int(first.times_us[0]), last_us=last_us, known_until_us=known_until_us)


def _any(connection: Connection, tag_id: int, days: Iterator[Readings], as_of_us: int) -> Readings | None:
    """The first day of some that had a reading at an instant."""
    return next((known for day in days if len(known := as_known(connection, tag_id, day, as_of_us))), None)
