"""Which rows does the journal have? First the gathered ones, of neighbouring tags each; then those as committed.

A fresh row holds one commit and has no bounds of tags; its readings are not in `latest` yet. Gathering puts fresh rows
together and parts them by tag, so that nobody unpacks the readings of all tags for those of one. Rows that hold
readings of one tag are in order of arrival: gathered ones by id, then fresh ones by id.
"""

import logging
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store.chunk import ChunkError, DamagedRowError
from collector.store.damage import set_journal_row_aside
from collector.store.journal import JournalEntry, pack, unpack
from plant.reading import U32, joined

log = logging.getLogger(__name__)

AT_ONCE = 50_000
"""A reader holds so many readings of fresh rows in memory together."""
ARRIVAL = "first_tag is null, id"
"""In which order the readings of a tag arrived: what SQL sorts rows by."""


def add_row(connection: Connection, entry: JournalEntry, tags: tuple[int, int] | None = None) -> None:
    """Put readings into a row: as committed, or gathered, of tags whose ids lie within bounds (both included)."""
    times = entry.readings.times_us
    connection.exec_driver_sql(
        "insert into journal (min_us, max_us, readings, first_tag, last_tag, payload) values (?, ?, ?, ?, ?, ?)",
        (int(times.min()), int(times.max()), len(entry), *(tags or (None, None)), pack(entry)),
    )


def keep_rest(connection: Connection, row_id: int, rest: JournalEntry) -> None:
    """Let a row hold no more than the rest of its readings; without any it goes."""
    if not len(rest):
        connection.exec_driver_sql("delete from journal where id = ?", (row_id,))
        return
    times = rest.readings.times_us
    connection.exec_driver_sql(
        "update journal set min_us = ?, max_us = ?, readings = ?, payload = ? where id = ?",
        (int(times.min()), int(times.max()), len(rest), pack(rest), row_id),
    )


def entry_of_row(connection: Connection, row_id: int) -> JournalEntry | None:
    """The readings of a row; None for a damaged one, which is set aside: all others must go on. For the writer.

    Raises DamagedRowError where it is not there although an index named it: pages of the table are lost.
    """
    payload = connection.exec_driver_sql("select payload from journal where id = ?", (row_id,)).scalar()
    if payload is None:
        raise DamagedRowError(f"row {row_id} of the journal, which an index names, is not there")
    try:
        return unpack(payload)
    except ChunkError as error:
        set_journal_row_aside(connection, row_id, str(error))
        return None


def fresh_readings(connection: Connection) -> Iterator[JournalEntry]:
    """What was committed since the journal was gathered, in order of arrival, some 50,000 readings at once, so that
    memory stays bounded; damaged rows are logged and left out."""
    held: list[JournalEntry] = []
    count = 0
    rows = connection.exec_driver_sql("select id, payload from journal where first_tag is null order by id")
    for row in rows:
        entry = _sound(row.id, row.payload)
        if entry is not None:
            held.append(entry)
            count += len(entry)
        if count >= AT_ONCE:
            yield joined_entries(held)
            held, count = [], 0
    yield joined_entries(held)


def _sound(row_id: int, payload: bytes) -> JournalEntry | None:
    try:
        return unpack(payload)
    except ChunkError as error:
        _say_damaged(row_id, str(error))
        return None


@lru_cache(maxsize=1000)  # once a process: rows are looked at again and again
def _say_damaged(row_id: int, why: str) -> None:
    log.error("row %d of the journal cannot be read: %s", row_id, why)


def joined_entries(entries: Iterable[JournalEntry]) -> JournalEntry:
    """All entries behind one another."""
    parts = list(entries)
    ids = [np.empty(0, dtype=np.uint32), *(part.tag_ids for part in parts)]
    return JournalEntry(np.concatenate(ids), joined([part.readings for part in parts]))


def narrow(tag_ids: U32) -> NDArray[np.uint16] | U32:
    """The same ids in fewer bytes where they fit: sorted ten times as fast."""
    return tag_ids.astype(np.uint16) if tag_ids.max(initial=0) < 2**16 else tag_ids
