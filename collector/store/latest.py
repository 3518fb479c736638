"""What did each tag read last, and when first? One row a tag, as of the last gathering, and what was committed since.

A row a tag and commit would cost more than all else of a commit.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection

from collector.store.journal import JournalEntry
from collector.store.journal_rows import fresh_readings, joined_entries
from plant.reading import I64

_NEWER = "case when excluded.time_us >= latest.time_us"
_UPDATE = (
    "insert into latest (tag_id, first_us, time_us, value, status, received_us) values (?, ?, ?, ?, ?, ?)"
    " on conflict (tag_id) do update set first_us = min(latest.first_us, excluded.first_us), "
    + ", ".join(
        f"{column} = {_NEWER} then excluded.{column} else latest.{column} end"
        for column in ("time_us", "value", "status", "received_us")
    )
)


class LatestReading(NamedTuple):
    """The newest reading of a tag; value None exactly when its status is Bad."""

    time_us: int
    value: float | None
    status: int
    received_us: int
    tag_id: int


def latest(connection: Connection) -> dict[int, LatestReading]:
    """The newest reading of every tag that has one, by the tag's id."""
    rows = connection.exec_driver_sql("select time_us, value, status, received_us, tag_id from latest").all()
    found = {row[4]: LatestReading._make(row) for row in rows}
    for tag_id, _, time_us, value, status, received_us in _ends(fresh_readings(connection)).rows():
        before = found.get(tag_id)
        if before is None or time_us >= before.time_us:
            found[tag_id] = LatestReading(time_us, value, status, received_us, tag_id)
    return found


def first_and_last(connection: Connection) -> Mapping[int, tuple[int, int]]:
    """Times of the first and the newest reading [us] of every tag that has one, by the tag's id."""
    rows = connection.exec_driver_sql("select tag_id, first_us, time_us from latest")
    found = {row.tag_id: (row.first_us, row.time_us) for row in rows}
    for tag_id, first_us, last_us, *_ in _ends(fresh_readings(connection)).rows():
        before = found.get(tag_id, (first_us, last_us))
        found[tag_id] = (min(first_us, before[0]), max(last_us, before[1]))
    return found


def update_latest(connection: Connection, entry: JournalEntry) -> None:
    """Note the newest reading of each tag, of equal times the last to arrive, and the earliest time.

    What arrived before must be gathered: the clock, which may have been set back, does not say what arrived last.
    """
    found = _ends([entry]).rows()
    if found:
        connection.exec_driver_sql(_UPDATE, found)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Of each tag, ascending by id: the newest reading, of equal times the last to arrive, and when the first was."""

    newest: JournalEntry
    first_us: I64

    def rows(self) -> list[tuple[int, int, int, float | None, int, int]]:
        """Of each tag: id, time of the first reading, and time, value, status and time of receipt of the newest."""
        newest = self.newest.readings
        values = [None if value != value else value for value in newest.values.tolist()]
        columns = (self.newest.tag_ids, self.first_us, newest.times_us, newest.status, newest.received_us)
        tags, firsts, times, status, received = (column.tolist() for column in columns)
        return list(zip(tags, firsts, times, values, status, received, strict=True))


def _ends(entries: Iterable[JournalEntry]) -> _Ends:
    """Of entries in order of arrival, one after another: no more is held than one of them and a reading a tag."""
    found = _Ends(joined_entries([]), np.empty(0, dtype=np.int64))
    for entry in entries:
        whole = joined_entries([found.newest, entry])
        first_us = np.concatenate([found.first_us, entry.readings.times_us])
        order = np.lexsort((whole.readings.times_us, whole.tag_ids))
        ids = whole.tag_ids[order]
        starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])[: len(ids)])
        if len(starts):
            newest = whole[order[np.append(starts[1:], len(ids)) - 1]]
            found = _Ends(newest, np.minimum.reduceat(first_us[order], starts))
    return found
