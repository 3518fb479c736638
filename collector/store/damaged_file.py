"""What can still be read of a damaged file? Row by row, around what is damaged; and of which times something is lost."""

import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from collector.store.chunk import ChunkError, decode
from collector.store.chunk_rows import DAY_S, HOUR_S, begin_s, tag_of
from collector.store.journal import unpack
from collector.store.lost_times import LostTime, ReadRows, lost_of_chunks, lost_of_journal
from plant.instant import US_PER_S
from plant.reading import Readings

log = logging.getLogger(__name__)

MOST_SEARCHES = 5_000
_UNREADABLE = (sqlite3.Error, UnicodeError, OverflowError)
_FIRST, _LAST = 0, 2**62
_JOURNAL = "select id, payload from journal where id between ? and ? order by id"
_REPLACED = "select id, tag_id, replaced_us, payload from replaced where id between ? and ? order by id"
_TAGS = "select id, name from tag where id between ? and ? order by id"


class Found(NamedTuple):
    """Readings of a tag, ascending. span_s: of the chunks that they are for. replaced_us: when an import took them out;
    None: it did not."""

    tag_id: int
    readings: Readings
    span_s: int = HOUR_S
    replaced_us: int | None = None


class DamagedFile:
    """The file of a store that was put aside. written_us: until when it was written to. lost: times of
    which readings may be lost, once all of it was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written_us = int(path.name.rpartition("-")[2])
        self.lost: list[LostTime] = []

    def tags(self) -> dict[int, str]:
        """Names of its tags by id, those whose rows can be read."""
        with closing(_opened(self.path)) as connection:
            return {row[0]: row[1] for row in _rows(connection, _TAGS, (_FIRST, _LAST))}

    def readings(self, since_us: int) -> Iterator[Found]:
        """All readings that can be read: of chunks, of the journal, and those that imports replaced. since: when the
        plant began, as far as is known; `lost` begins there where no row tells it better."""
        with closing(_opened(self.path)) as connection:
            chunks, journal = ReadRows(), ReadRows()
            yield from self._of_chunks(connection, chunks)
            yield from self._of_journal(connection, journal)
            sealed_us = max(chunks.end_us, default=since_us)
            self.lost += lost_of_chunks(chunks, since_us, self.written_us)
            self.lost += lost_of_journal(journal, min(sealed_us, self.written_us), self.written_us)
            for _, tag_id, replaced_us, payload in _rows(connection, _REPLACED, (_FIRST, _LAST)):
                with suppress(ChunkError):
                    yield Found(tag_id, decode(payload), replaced_us=replaced_us)

    def _of_chunks(self, connection: sqlite3.Connection, read: ReadRows) -> Iterator[Found]:
        query = f"select key, span_s, payload, {_stamps(connection)} from chunk where key between ? and ? order by key"
        for key, span_s, payload, stamp in _rows(connection, query, (_FIRST, _LAST), read.unread):
            span_s = HOUR_S if span_s == HOUR_S else DAY_S
            start_us, end_us = begin_s(key) * US_PER_S, (begin_s(key) + span_s) * US_PER_S
            read.add(key, start_us, end_us)
            try:
                found = _decoded(connection, payload, stamp)
                if not start_us <= found.times_us[0] <= found.times_us[-1] < end_us:
                    raise ChunkError("its times are not those of its key")
            except (sqlite3.Error, ChunkError, IndexError):
                self.lost.append(LostTime(tag_of(key), tag_of(key), start_us, end_us))
            else:
                yield Found(tag_of(key), found, span_s)

    def _of_journal(self, connection: sqlite3.Connection, read: ReadRows) -> Iterator[Found]:
        for key, payload in _rows(connection, _JOURNAL, (_FIRST, _LAST), read.unread):
            try:
                entry = unpack(payload)
            except ChunkError:
                read.unread.append((key, key))
                continue
            read.add(key, int(entry.readings.times_us.min()), int(entry.readings.times_us.max()))
            for tag_id in np.unique(entry.tag_ids).tolist():
                found = entry.of(tag_id)
                yield Found(tag_id, found[np.argsort(found.times_us, kind="stable")])


def _stamps(connection: sqlite3.Connection) -> str:
    """What chunks have as stamps: a file that was damaged before it was brought up to date knows none."""
    try:
        connection.execute("select stamp from chunk limit 0")
    except sqlite3.OperationalError:
        return "null"
    except sqlite3.Error:
        pass
    return "stamp"


def _decoded(connection: sqlite3.Connection, payload: bytes, stamp: int | None) -> Readings:
    if stamp is None:
        return decode(payload)
    row = connection.execute("select payload from stamp where id = ?", (stamp,)).fetchone()
    if row is None:
        raise ChunkError("its stamps are not there")
    return decode(payload, row[0])


def _rows(
    connection: sqlite3.Connection, query: str, bounds: tuple[int, int], unread: list[tuple[int, int]] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Rows of a query with an ascending key in its first column and bounds of it. Around a damaged page they are
    sought from both ends, then from the middle of what is left, so often as is worth it. unread: is given the bounds
    between which rows may be that were not read."""
    left, unread = deque([bounds]), [] if unread is None else unread
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
            elif low == high:
                unread.append((low, high))
    unread += left
    log.error("more of a damaged file cannot be read than is worth looking for")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
