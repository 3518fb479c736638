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
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection

from collector.store import account, changes, events
from collector.store.account import Total
from collector.store.chunk import ChunkError, decode
from collector.store.chunk_rows import DAY_S, HOUR_S, tag_of
from collector.store.exchange import unsalvaged
from collector.store.journal import JournalEntry, unpack
from collector.store.latest import update_latest
from collector.store.merging import merge_into_chunks
from collector.store.renewal import mark_salvaged
from collector.store.replaced import keep_replaced
from plant.reading import Readings

log = logging.getLogger(__name__)

AT_ONCE = 100_000
_UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError)
MOST_SEARCHES = 5_000


class Found(NamedTuple):
    """Readings of a tag, ascending. span_s: of the chunks that they are for. replaced_us: when an import took them out;
    None: it did not."""

    tag_id: int
    readings: Readings
    span_s: int = HOUR_S
    replaced_us: int | None = None


class Salvage:
    """Takes the readings of a damaged file over, some at a time."""

    def __init__(self, aside: Path) -> None:
        self.aside = aside
        self.taken = 0
        self._store = aside.with_name(aside.name.rpartition(".damaged-")[0])
        self._found = _readings_in(aside)
        self._into: Connection | None = None
        self._first_us: int | None = None

    def step(self, connection: Connection) -> bool:
        """Take the next 100,000 readings or so over, in the caller's transaction; whether there may be more.

        Raises RuntimeError where the store is not the one of the step before: what that one took may not be in it.
        """
        if self._into not in (None, connection):
            raise RuntimeError("the store was replaced meanwhile; taking over begins again")
        self._into = connection
        rows = connection.exec_driver_sql("select id, name from tag")
        known = _same_tags(self.aside, {row.id: row.name for row in rows})
        held = 0
        for found in self._found:
            if found.tag_id in known and len(found.readings):
                self._take(connection, found)
            held += len(found.readings) + 100
            if held > AT_ONCE:
                return True
        self._finish(connection)
        return False

    def _take(self, connection: Connection, found: Found) -> None:
        tag_id, readings, span_s, replaced_us = found
        if replaced_us is not None:
            keep_replaced(connection, tag_id, readings, replaced_us)
            return
        first_us = int(readings.times_us[0])
        self._first_us = first_us if self._first_us is None else min(first_us, self._first_us)
        self.taken += merge_into_chunks(connection, tag_id, readings, span_s).new
        update_latest(connection, JournalEntry(np.full(len(readings), tag_id, dtype=np.uint32), readings))

    def _finish(self, connection: Connection) -> None:
        now_us = time.time_ns() // 1000
        what = f"{self.taken} readings of {self.aside.name} were taken over"
        if unsalvaged(self._store)[1:]:
            what += "; others follow from another file"
        else:
            lost = max(0, account.account(connection).missing)
            account.add(connection, Total.DAMAGED, lost)
            what += f"; {lost} are lost"
        if self._first_us is not None:  # records and reports were made without these readings
            changes.note(connection, self._first_us, now_us)
        events.save(connection, now_us, "store salvaged", what)
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
        chunks = f"select key, span_s, payload, {_stamp_column(old)} from chunk where key between ? and ? order by key"
        for key, span_s, payload, stamp in _rows(old, chunks, 0, 2**62):
            found = _decoded(old, payload, stamp)
            if found is not None:
                yield Found(tag_of(key), found, HOUR_S if span_s == HOUR_S else DAY_S)
        for _, payload in _rows(old, "select id, payload from journal where id between ? and ? order by id", 0, 2**62):
            yield from _of_journal(payload)
        replaced = "select id, tag_id, replaced_us, payload from replaced where id between ? and ? order by id"
        for _, tag_id, replaced_us, payload in _rows(old, replaced, 0, 2**62):
            found = _decoded(old, payload, None)
            if found is not None:
                yield Found(tag_id, found, replaced_us=replaced_us)


def _stamp_column(old: sqlite3.Connection) -> str:
    """What chunks have as stamps: a file that was damaged before it was brought up to date knows none."""
    try:
        old.execute("select stamp from chunk limit 0")
    except sqlite3.OperationalError:
        return "null"
    except sqlite3.Error:
        pass
    return "stamp"


def _decoded(old: sqlite3.Connection, payload: bytes, stamp: int | None) -> Readings | None:
    try:
        if stamp is None:
            return decode(payload)
        row = old.execute("select payload from stamp where id = ?", (stamp,)).fetchone()
        return None if row is None else decode(payload, row[0])
    except (sqlite3.Error, ChunkError):
        return None


def _of_journal(payload: bytes) -> Iterator[Found]:
    try:
        entry = unpack(payload)
    except ChunkError:
        return
    for tag_id in np.unique(entry.tag_ids).tolist():
        readings = entry.of(tag_id)
        yield Found(tag_id, readings[np.argsort(readings.times_us, kind="stable")])


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
