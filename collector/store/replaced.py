"""Which readings did imports replace? They are kept for the views of before."""

from sqlalchemy import Connection

from collector.store.chunk import decode, encode
from plant.reading import Readings


def keep_replaced(connection: Connection, tag_id: int, gone: Readings, replaced_us: int) -> None:
    """Keep readings of a tag, ascending, that an import takes out of its chunks."""
    if len(gone):
        connection.exec_driver_sql(
            "insert into replaced (tag_id, replaced_us, min_us, max_us, payload) values (?, ?, ?, ?, ?)",
            (tag_id, replaced_us, int(gone.times_us[0]), int(gone.times_us[-1]), encode(gone)),
        )


def replaced_since(connection: Connection, tag_id: int, since_us: int, first_us: int, last_us: int) -> list[Readings]:
    """Readings of a tag that were replaced at or after an instant, in parts that reach into [first, last]."""
    rows = connection.exec_driver_sql(
        "select payload from replaced"
        " where tag_id = ? and replaced_us >= ? and min_us <= ? and max_us >= ? order by id",
        (tag_id, since_us, last_us, first_us),
    )
    return [decode(row.payload) for row in rows]
