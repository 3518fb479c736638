"""What can still be read of a damaged file? Row by row, around what is damaged; and of what times is something lost?"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from collector.store.chunk import ChunkError, decode
from collector.store.chunk_rows import DAY_S, HOUR_S, begin_s, chunk_key, tag_of
from collector.store.damage import ALL_TAGS
from collector.store.journal import unpack
from collector.store.lost_times import (
    LostTime,
    ReadRows,
    hidden_chunks,
    hidden_journal,
    lost_of_chunks,
    lost_of_journal,
)
from collector.store.row_search import UNREADABLE, rows_around_damage
from collector.store.tags import is_definition
from plant.credible_time import RELEASED_US
from plant.instant import US_PER_S
from plant.reading import Readings

_TAG_IDS = 0, 2**62
_ROW_IDS = 0, 2**40
_MOST_TAGS = 2**20
_CHUNKS = "select key, span_s from chunk where key between ? and ? order by key"
_JOURNAL = "select id from journal where id between ? and ? order by id"
_REPLACED = "select id from replaced where id between ? and ? order by id"
"""Without what lies in pages of its own: a row is sought by pages of the tree alone, then what it holds is read."""
_SUMMARIES = "select key from summary where key between ? and ? order by key"
_JOURNAL_BY_TAG = (
    "select id, coalesce(first_tag, ?), coalesce(last_tag, ?), min_us, max_us from journal indexed by journal_by_tag"
)
"""Where the rows of chunks and of the journal are named once more: from the index alone, not a page of the table."""
_TAGS = "select id, name, definition from tag where id between ? and ? order by id"


class Found(NamedTuple):
    """Readings of a tag, ascending. span_s: of the chunks that they are for. replaced_us: when an import took them out;
    None: it did not."""

    tag_id: int
    readings: Readings
    span_s: int = HOUR_S
    replaced_us: int | None = None


class DamagedFile:
    """The file of a store that was put aside. written_us: until when it was written to. lost: times of which readings
    may be lost, once all of it was read. lacks_tags: rows of tags cannot be read, once they were asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written_us = int(path.name.rpartition("-")[2])
        self.lost: list[LostTime] = []
        self.lacks_tags = False

    @cached_property
    def tags(self) -> dict[int, str]:
        """Names of its tags by id, those whose rows can be read."""
        unread: list[tuple[int, int]] = []
        with closing(opened_as_it_is(self.path)) as connection:
            rows = list(rows_around_damage(connection, _TAGS, _TAG_IDS, unread))
        found = {key: name for key, name, definition in rows if is_definition(definition)}
        self.lacks_tags = not found or bool(unread) or len(found) < len({row[0] for row in rows})
        return found

    def readings(self) -> Iterator[Found]:
        """All readings that can be read: of chunks, of the journal, and those that imports replaced. Where no row tells
        when those began that are lost, `lost` begins before any plant did."""
        with closing(opened_as_it_is(self.path)) as connection:
            chunks, journal = ReadRows(), ReadRows()
            yield from self._of_chunks(connection, chunks)
            yield from self._of_journal(connection, journal)
            sealed_us = max(chunks.end_us, default=RELEASED_US)
            self.lost += lost_of_chunks(chunks, RELEASED_US, self.written_us)
            self.lost += hidden_chunks(chunks, self._chunks_with_summary(connection))
            self.lost += hidden_journal(journal, self._rows_by_tag(connection))
            self.lost += lost_of_journal(journal, min(sealed_us, self.written_us), self.written_us)
            yield from self._of_replaced(connection)

    def _of_chunks(self, connection: sqlite3.Connection, read: ReadRows) -> Iterator[Found]:
        query = f"select payload, {_stamps(connection)} from chunk where key = ?"
        for key, span_s in rows_around_damage(connection, _CHUNKS, self._chunk_keys(), read.unread):
            span_s = HOUR_S if span_s == HOUR_S else DAY_S
            start_us, end_us = begin_s(key) * US_PER_S, (begin_s(key) + span_s) * US_PER_S
            read.add(key, start_us, end_us)
            try:
                found = _decoded(connection, *_row(connection, query, key))
                if not start_us <= found.times_us[0] <= found.times_us[-1] < end_us:
                    raise ChunkError("its times are not those of its key")
            except (*UNREADABLE, ChunkError, IndexError):
                self.lost.append(LostTime(tag_of(key), tag_of(key), start_us, end_us))
            else:
                yield Found(tag_of(key), found, span_s)

    def _chunk_keys(self) -> tuple[int, int]:
        return 0, chunk_key(max(self.tags, default=_MOST_TAGS) + 1)

    def _chunks_with_summary(self, connection: sqlite3.Connection) -> Iterator[int]:
        for (key,) in rows_around_damage(connection, _SUMMARIES, self._chunk_keys()):
            if 0 <= begin_s(key) * US_PER_S <= self.written_us:
                yield key

    def _rows_by_tag(self, connection: sqlite3.Connection) -> dict[int, LostTime]:
        found = {}
        with suppress(*UNREADABLE):
            for key, first_tag, last_tag, min_us, max_us in connection.execute(_JOURNAL_BY_TAG, ALL_TAGS):
                whole = all(isinstance(one, int) for one in (key, first_tag, last_tag, min_us, max_us))
                if whole and 0 <= min_us <= max_us <= self.written_us:
                    found[key] = LostTime(first_tag, last_tag, min_us, max_us + 1)
        return found

    def _of_journal(self, connection: sqlite3.Connection, read: ReadRows) -> Iterator[Found]:
        for (key,) in rows_around_damage(connection, _JOURNAL, _ROW_IDS, read.unread):
            try:
                entry = unpack(*_row(connection, "select payload from journal where id = ?", key))
            except (*UNREADABLE, ChunkError):
                read.unread.append((key, key))
                continue
            read.add(key, int(entry.readings.times_us.min()), int(entry.readings.times_us.max()) + 1)
            for tag_id in np.unique(entry.tag_ids).tolist():
                found = entry.of(tag_id)
                yield Found(tag_id, found[np.argsort(found.times_us, kind="stable")])

    def _of_replaced(self, connection: sqlite3.Connection) -> Iterator[Found]:
        query = "select tag_id, replaced_us, payload from replaced where id = ?"
        for (key,) in rows_around_damage(connection, _REPLACED, _ROW_IDS):
            with suppress(*UNREADABLE, ChunkError):
                tag_id, replaced_us, payload = _row(connection, query, key)
                yield Found(tag_id, decode(payload), replaced_us=replaced_us)


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
    return decode(payload, *_row(connection, "select payload from stamp where id = ?", stamp))


def _row(connection: sqlite3.Connection, query: str, key: int) -> tuple[Any, ...]:
    """The row of a key. Raises ChunkError where it is not there."""
    row = connection.execute(query, (key,)).fetchone()
    if row is None:
        raise ChunkError("a row is not there any more")
    return tuple(row)


def opened_as_it_is(path: Path) -> sqlite3.Connection:
    """A damaged file, to be read only. Raises sqlite3.Error, now or whenever it is asked."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False)
