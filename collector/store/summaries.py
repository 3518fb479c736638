"""Which chunks have a summary, and what does it hold? Chunks from before there were summaries get theirs bit by bit."""

from dataclasses import dataclass

from sqlalchemy import Connection

from collector.store.chunk_rows import DAY_S, begin_s, chunk_key, readings_of, save_summary, stored_chunks, tag_of
from collector.store.damage import without_damaged

MOST_READINGS_AT_ONCE = 200_000
MOST_CHUNKS = 1_000


@dataclass(frozen=True, slots=True)
class StoredSummary:
    """What is known of a chunk without reading it: its time [s], number of readings and summary (None: it has none)."""

    start_s: int
    span_s: int
    readings: int
    payload: bytes | None


def stored_summaries(connection: Connection, tag_id: int, start_s: int, end_s: int) -> list[StoredSummary]:
    """The summaries of all chunks of a tag that reach into [start_s, end_s), in time order."""
    rows = connection.exec_driver_sql(
        "select chunk.key, span_s, readings, summary.payload from chunk left join summary on summary.key = chunk.key"
        " where chunk.key >= ? and chunk.key < ? order by chunk.key",
        (chunk_key(tag_id, start_s // DAY_S * DAY_S), chunk_key(tag_id, end_s)),
    )
    found = (StoredSummary(begin_s(row.key), row.span_s, row.readings, row.payload or None) for row in rows)
    return [part for part in found if part.start_s + part.span_s > start_s]


def fill_summaries(connection: Connection, after_key: int = 0) -> int | None:
    """Store summaries of chunks that have none, in order of their keys after one; the key to go on after.

    At most 1,000 chunks and about 200,000 readings at once, so that a transaction stays short. None: there are no more.
    """
    last_key = connection.exec_driver_sql(
        "select max(key) from (select key from chunk where key > ? order by key limit ?)", (after_key, MOST_CHUNKS)
    ).scalar()
    if last_key is None:
        return None
    rows = connection.exec_driver_sql(
        "select key, readings from chunk where key > ? and key <= ?"
        " and not exists (select 1 from summary where summary.key = chunk.key) order by key",
        (after_key, last_key),
    ).all()
    done = 0
    for row in rows:
        start_s = begin_s(row.key)
        chunks = stored_chunks(connection, tag_of(row.key), start_s, start_s + 1)[-1:]
        for chunk in without_damaged(connection, tag_of(row.key), chunks):
            save_summary(connection, row.key, readings_of([chunk]), chunk.size)
        done += row.readings
        if done >= MOST_READINGS_AT_ONCE:
            return int(row.key)
    return int(last_key)
