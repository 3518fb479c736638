"""What can still be read of a damaged file? Row by row, around what is damaged, merged into the store in its place.

A reading that is there already changes nothing, so that it may be begun again at any time.
"""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from collector.store import account, events
from collector.store.account import Total
from collector.store.chunk import ChunkError, decode
from collector.store.chunk_rows import DAY_S, HOUR_S, tag_of
from collector.store.gathering import gather_all
from collector.store.journal import JournalEntry, unpack
from collector.store.latest import update_latest
from collector.store.merging import merge_into_chunks
from collector.store.renewal import mark_salvaged
from plant.reading import Readings

log = logging.getLogger(__name__)

AT_ONCE = 100_000
_UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError)
MOST_SEARCHES = 5_000
Found = tuple[int, Readings, int]


class Salvage:
    """Takes the readings of a damaged file over, some at a time."""

    def __init__(self, aside: Path) -> None:
        self.aside = aside
        self.taken = 0
        self._found = _readings_in(aside)

    def step(self, connection: Connection) -> bool:
        """Take the next 100,000 readings or so over, in the caller's transaction; whether there may be more."""
        rows = connection.exec_driver_sql("select id, name from tag")
        known = _same_tags(self.aside, {row.id: row.name for row in rows})
        gather_all(connection)
        held = 0
        for tag_id, readings, span_s in self._found:
            if tag_id in known and len(readings):
                self.taken += merge_into_chunks(connection, tag_id, readings, span_s).new
                update_latest(connection, JournalEntry(np.full(len(readings), tag_id, dtype=np.uint32), readings))
            held += len(readings) + 100
            if held > AT_ONCE:
                return True
        self._finish(connection)
        return False

    def _finish(self, connection: Connection) -> None:
        lost = max(0, account.account(connection).missing)
        account.add(connection, Total.DAMAGED, lost)
        what = f"{self.taken} readings of {self.aside.name} were taken over; {lost} are lost"
        events.save(connection, time.time_ns() // 1000, "store salvaged", what)
        log.warning("%s", what)

    def done(self) -> None:
        """Note that all was taken over, once that is durable."""
        mark_salvaged(self.aside)


def _same_tags(aside: Path, names: dict[int, str]) -> set[int]:
    """Ids that both files have for the same name: readings must never become those of another tag."""
    with closing(_opened(aside)) as old:
        rows = _rows(old, "select id, name from tag where id between ? and ? order by id", 0, 2**32)
        return {row[0] for row in rows if names.get(row[0]) == row[1]}


def _readings_in(aside: Path) -> Iterator[Found]:
    with closing(_opened(aside)) as old:
        chunks = "select key, span_s, payload, stamp from chunk where key between ? and ? order by key"
        for key, span_s, payload, stamp in _rows(old, chunks, 0, 2**62):
            found = _decoded(old, payload, stamp)
            if found is not None:
                yield tag_of(key), found, HOUR_S if span_s == HOUR_S else DAY_S
        for _, payload in _rows(old, "select id, payload from journal where id between ? and ? order by id", 0, 2**62):
            yield from _of_journal(payload)


def _decoded(old: sqlite3.Connection, payload: bytes, stamp: int | None) -> Readings | None:
    try:
        if stamp is None:
            return decode(payload)
        row = old.execute("select payload from stamp where id = ?", (stamp,)).fetchone()
        return None if row is None else decode(payload, row[0])
    except (sqlite3.Error, ChunkError, TypeError):
        return None


def _of_journal(payload: bytes) -> Iterator[Found]:
    try:
        entry = unpack(payload)
    except (ChunkError, TypeError):
        return
    for tag_id in np.unique(entry.tag_ids).tolist():
        readings = entry.of(tag_id)
        yield tag_id, readings[np.argsort(readings.times_us, kind="stable")], HOUR_S


def _rows(connection: sqlite3.Connection, query: str, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """Rows of a query with an ascending key in its first column and bounds of it. Around a damaged page they are
    sought from both ends, then from the middle of what is left, so often as is worth it."""
    left = deque([(first, last)])
    for _ in range(MOST_SEARCHES):
        if not left:
            return
        low, high = left.popleft()
        try:
            for row in connection.execute(query, (low, high)):
                yield row
                low = row[0] + 1
        except _UNREADABLE as error:
            log.debug("a part of a damaged file cannot be read: %s", error)
        else:
            continue
        try:
            for row in connection.execute(query + " desc", (low, high)):
                yield row
                high = row[0] - 1
        except _UNREADABLE:
            middle = (low + high) // 2
            if low < high:
                left += [(low, middle), (middle + 1, high)]
    log.error("more of a damaged file cannot be read than is worth looking for")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
