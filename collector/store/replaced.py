"""Which readings did imports replace? They are kept for the views of before."""

import logging

from sqlalchemy import Connection

from collector.store.chunk import ChunkError, decode, encode
from plant.reading import Readings

log = logging.getLogger(__name__)


def keep_replaced(connection: Connection, tag_id: int, gone: Readings, replaced_us: int) -> None:
    """Keep readings of a tag, ascending, that an import takes out of its chunks; those that are kept already, once."""
    if len(gone):
        row = tag_id, replaced_us, int(gone.times_us[0]), int(gone.times_us[-1]), encode(gone)
        connection.exec_driver_sql(
            "insert into replaced (tag_id, replaced_us, min_us, max_us, payload) select ?, ?, ?, ?, ?"
            " where not exists (select 1 from replaced"
            " where tag_id = ? and replaced_us = ? and min_us = ? and max_us = ? and payload = ?)",
            row + row,
        )


def replaced_since(connection: Connection, tag_id: int, since_us: int, first_us: int, last_us: int) -> list[Readings]:
    """Readings of a tag that were replaced at or after an instant, in parts that reach into [first, last]."""
    rows = connection.exec_driver_sql(
        "select id, payload from replaced"
        " where tag_id = ? and replaced_us >= ? and min_us <= ? and max_us >= ? order by id",
        (tag_id, since_us, last_us, first_us),
    )
    return [found for row in rows if (found := _readable(row.id, row.payload)) is not None]


def _readable(row_id: int, payload: bytes) -> Readings | None:
    """What a row holds; None for a damaged one: it only ever stood for what was known before."""
    try:
        return decode(payload)
    except ChunkError as error:
        log.error("row %d of what was replaced cannot be read: %s", row_id, error)
        return None
