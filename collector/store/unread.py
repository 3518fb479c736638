"""What did a reader find damaged? It goes on without it, and says what it could not read: as a gap."""

import logging
from functools import lru_cache

from sqlalchemy import Connection

from plant.gap import Gap

log = logging.getLogger(__name__)

CAUSE = "damaged in the store"
_UNREAD = "unread"


def note_unread(connection: Connection, tags: tuple[int, int], start_us: int, end_us: int, why: str) -> None:
    """Note a time of which readings could not be read, of the tags with ids within bounds."""
    _say(tags, start_us, why)
    connection.info.setdefault(_UNREAD, set()).add((*tags, start_us, end_us))


def unread_gaps(connection: Connection, start_us: int, end_us: int) -> list[Gap]:
    """Gaps of what this connection could not read in [start, end), by start."""
    found = set()
    for first_tag, last_tag, begin_us, until_us in connection.info.get(_UNREAD, ()):
        if begin_us < end_us and until_us > start_us:
            found |= {Gap(*owner, begin_us, until_us, CAUSE) for owner in owners(connection, first_tag, last_tag)}
    return sorted(found, key=lambda gap: (gap.start_us, gap.device, gap.tag or ""))


def owners(connection: Connection, first_tag: int, last_tag: int) -> list[tuple[str, str]]:
    """Device and name of the tags with ids within bounds."""
    rows = connection.exec_driver_sql(
        "select device, name from tag where id between ? and ? order by id", (first_tag, last_tag)
    )
    return [(row.device, row.name) for row in rows]


@lru_cache(maxsize=1000)  # once a process: rows are looked at again and again
def _say(tags: tuple[int, int], start_us: int, why: str) -> None:
    log.error("readings of tags %d to %d from %d on cannot be read: %s", *tags, start_us, why)
