"""Which readings are still in the journal, not yet in chunks?"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store.journal import JournalEntry, pack, unpack
from plant.reading import Readings, joined

GATHERED_READINGS = 20_000
_MOST_ROWS = 2_000
_SNAPSHOT = "journal"


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """The whole journal in memory. rows: those of the first tag in order of arrival, then those of the next, and so on;
    where the rows of each tag are among them."""

    readings: Readings
    rows: NDArray[np.int64]
    where: dict[int, slice]

    @classmethod
    def all_of(cls, connection: Connection) -> "_Unpacked":
        payloads = connection.exec_driver_sql("select payload from journal order by id").scalars()
        entries = [unpack(payload) for payload in payloads]
        ids = np.concatenate([np.empty(0, dtype=np.uint32), *(entry.tag_ids for entry in entries)])
        if ids.max(initial=0) < 2**16:
            ids = ids.astype(np.uint16)  # sorted ten times as fast
        rows = np.argsort(ids, kind="stable")
        tags, starts = np.unique(ids[rows], return_index=True)
        bounds = pairwise([*starts.tolist(), len(rows)])
        where = {tag: slice(start, end) for tag, (start, end) in zip(tags.tolist(), bounds, strict=True)}
        return cls(joined([entry.readings for entry in entries]), rows, where)

    def of(self, tag_id: int) -> list[Readings]:
        return [self.readings[self.rows[self.where[tag_id]]]] if tag_id in self.where else []


def freeze(connection: Connection) -> None:
    """Let a reader unpack the journal once for all tags: a transaction of its own sees the same rows to its end."""
    connection.info[_SNAPSHOT] = None


def thaw(connection: Connection) -> None:
    """Let a reader look only at the rows of the journal that it needs, whenever it needs them: for one whose
    transactions are short, so that it does not keep the file growing while whoever it reads for takes their time."""
    connection.info.pop(_SNAPSHOT, None)


def in_journal(connection: Connection, tag_id: int, start_us: int, end_us: int) -> list[Readings]:
    """Readings of a tag in rows of the journal that reach into [start_us, end_us), in order of arrival."""
    if _SNAPSHOT not in connection.info:
        rows = connection.exec_driver_sql(
            "select payload from journal where max_us >= ? and min_us < ? order by id", (start_us, end_us)
        )
        return [unpack(row.payload).of(tag_id) for row in rows]
    bounds = connection.exec_driver_sql("select min(min_us), max(max_us) from journal").one()
    if bounds[0] is None or bounds[0] >= end_us or bounds[1] < start_us:
        return []
    snapshot = connection.info[_SNAPSHOT]
    if snapshot is None or snapshot[0] is not connection.get_transaction():
        snapshot = connection.info[_SNAPSHOT] = (connection.get_transaction(), _Unpacked.all_of(connection))
    unpacked: _Unpacked = snapshot[1]
    return unpacked.of(tag_id)


def gather(connection: Connection) -> int:
    """Put neighbouring small rows of the journal together, in order of arrival; returns how many rows went.

    A plant commits ten times a second: 42,000 rows in the 70 minutes until they are sealed, and each takes its time to
    unpack, however few readings are in it.
    """
    rows = connection.exec_driver_sql("select id, readings from journal order by id").all()
    group: list[int] = []
    held = gone = 0
    for row in rows:
        if group and held + row.readings > GATHERED_READINGS:
            gone += _as_one_row(connection, group)
            group, held = [], 0
            if gone >= _MOST_ROWS:
                return gone
        group.append(row.id)
        held += row.readings
    return gone + _as_one_row(connection, group)


def _as_one_row(connection: Connection, ids: list[int]) -> int:
    if len(ids) < 2:
        return 0
    payloads = connection.exec_driver_sql(
        "select payload from journal where id between ? and ? order by id", (ids[0], ids[-1])
    ).scalars()
    entries = [unpack(payload) for payload in payloads]
    whole = JournalEntry(
        np.concatenate([entry.tag_ids for entry in entries]), joined([entry.readings for entry in entries])
    )
    connection.exec_driver_sql("delete from journal where id between ? and ?", (ids[0], ids[-1]))
    times = whole.readings.times_us
    connection.exec_driver_sql(
        "insert into journal (id, min_us, max_us, readings, payload) values (?, ?, ?, ?, ?)",
        (ids[0], int(times.min()), int(times.max()), len(whole), pack(whole)),
    )
    return len(ids) - 1
