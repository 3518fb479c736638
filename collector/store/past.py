"""What did the store know of a tag at an earlier time? Readings that came later left out, replaced ones put back."""

import numpy as np
from sqlalchemy import Connection

from collector.store.chunk import decode, encode
from plant.reading import Readings, distinct, joined


def keep_replaced(connection: Connection, tag_id: int, gone: Readings, replaced_us: int) -> None:
    """Keep readings of a tag, ascending, that an import takes out of its chunks."""
    if len(gone):
        connection.exec_driver_sql(
            "insert into replaced (tag_id, replaced_us, min_us, max_us, payload) values (?, ?, ?, ?, ?)",
            (tag_id, replaced_us, int(gone.times_us[0]), int(gone.times_us[-1]), encode(gone)),
        )


def as_known(connection: Connection, tag_id: int, found: Readings, as_of_us: int | None) -> Readings:
    """Of the readings that a stretch of time has now, those that it had at an instant; None: now.

    What was replaced since had the same times as what replaced it, so the times now stored say where to look.
    """
    if as_of_us is None or not len(found):
        return found
    rows = connection.exec_driver_sql(
        "select payload from replaced"
        " where tag_id = ? and replaced_us >= ? and min_us <= ? and max_us >= ? order by id",
        (tag_id, as_of_us, int(found.times_us[-1]), int(found.times_us[0])),
    )
    gone = [decode(row.payload) for row in rows]
    back = [one[np.isin(one.times_us, found.times_us)] for one in gone]
    known = distinct(joined([found, *back])) if back else found
    return known[known.received_us < as_of_us]
