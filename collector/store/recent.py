"""Which readings are still in the journal, not yet in chunks?"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, RootTransaction, Row

from collector.store.chunk import ChunkError
from collector.store.damage import ALL_TAGS
from collector.store.journal import JournalEntry, unpack
from collector.store.journal_rows import ARRIVAL, joined_entries, narrow
from collector.store.unread import note_unread
from plant.reading import Readings

MOST_UNPACKED = 2_000_000
_ALL_TAGS = 2**32 - 1
_SNAPSHOT = "journal"
_COLUMNS = "min_us, max_us, first_tag, last_tag, payload"


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """The journal of some tags in memory, as long as a transaction lasts. first, last: ids of these tags. rows: those
    of the first tag in order of arrival, then those of the next, and so on; where the rows of each tag are in them."""

    transaction: RootTransaction | None
    first: int
    last: int
    readings: Readings
    rows: NDArray[np.int64]
    where: dict[int, slice]

    @classmethod
    def around(cls, connection: Connection, tag_id: int) -> "_Unpacked":
        """The whole journal where it is small, else the tags of the gathered rows that hold a tag."""
        first, last = 0, _ALL_TAGS
        if connection.exec_driver_sql("select sum(readings) from journal").scalar_one() > MOST_UNPACKED:
            first, last = connection.exec_driver_sql(
                "select coalesce(max(first_tag), ?), coalesce(min(last_tag), ?) from journal"
                " where first_tag <= ? and last_tag >= ?",
                (tag_id, tag_id, tag_id, tag_id),
            ).one()
        rows = connection.exec_driver_sql(
            f"select {_COLUMNS} from journal where first_tag is null or (first_tag <= ? and last_tag >= ?)"
            f" order by {ARRIVAL}",
            (last, first),
        )
        entry = joined_entries(_entry(connection, row).between(first, last) for row in rows)
        ids = narrow(entry.tag_ids)
        order = np.argsort(ids, kind="stable")
        tags, starts = np.unique(ids[order], return_index=True)
        bounds = pairwise([*starts.tolist(), len(order)])
        where = {tag: slice(start, end) for tag, (start, end) in zip(tags.tolist(), bounds, strict=True)}
        return cls(connection.get_transaction(), first, last, entry.readings, order, where)

    def has(self, connection: Connection, tag_id: int) -> bool:
        """Whether it is of the transaction that lasts, and of the tag."""
        return self.transaction is connection.get_transaction() and self.first <= tag_id <= self.last

    def of(self, tag_id: int) -> list[Readings]:
        return [self.readings[self.rows[self.where[tag_id]]]] if tag_id in self.where else []


def freeze(connection: Connection) -> None:
    """Let a reader unpack the journal once for all tags: a transaction of its own sees the same rows to its end."""
    connection.info[_SNAPSHOT] = None


def thaw(connection: Connection) -> None:
    """Let a reader look only at the rows of the journal that it needs, whenever it needs them: for one whose
    transactions are short, so that it does not keep the file growing while whoever it reads for takes their time."""
    connection.info.pop(_SNAPSHOT, None)


def _entry(connection: Connection, row: Row[Any]) -> JournalEntry:
    """What a row holds; of one that is damaged nothing, which is noted."""
    try:
        return unpack(row.payload)
    except ChunkError as error:
        tags = ALL_TAGS if row.first_tag is None else (row.first_tag, row.last_tag)
        note_unread(connection, tags, row.min_us, row.max_us + 1, str(error))
        return joined_entries([])


def in_journal(connection: Connection, tag_id: int, start_us: int, end_us: int) -> list[Readings]:
    """Readings of a tag in rows of the journal that reach into [start_us, end_us), in order of arrival."""
    if _SNAPSHOT not in connection.info:
        rows = connection.exec_driver_sql(
            f"select {_COLUMNS} from journal where max_us >= ? and min_us < ?"
            f" and (first_tag is null or (first_tag <= ? and last_tag >= ?)) order by {ARRIVAL}",
            (start_us, end_us, tag_id, tag_id),
        )
        return [_entry(connection, row).of(tag_id) for row in rows]
    bounds = connection.exec_driver_sql("select min(min_us), max(max_us) from journal").one()
    if bounds[0] is None or bounds[0] >= end_us or bounds[1] < start_us:
        return []
    unpacked: _Unpacked | None = connection.info[_SNAPSHOT]
    if unpacked is None or not unpacked.has(connection, tag_id):
        unpacked = connection.info[_SNAPSHOT] = _Unpacked.around(connection, tag_id)
    return unpacked.of(tag_id)
