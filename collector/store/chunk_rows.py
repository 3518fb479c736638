"""Which rows of the store hold the readings of a tag over a time? Chunks of an hour or a day, each with its summary."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from collector.store.chunk import decode_all, encode, encode_numbers
from collector.store.stamp_rows import SharedStamps, delete_unused_stamps, used_stamps
from collector.store.summary import summary
from plant.reading import I64, U32, Readings
from plant.tag import Kind, Role, kind_of

NEEDLESS = b""
"""What stands for the summary of a chunk that is no larger than its summary would be: the chunk is read instead."""

HOUR_S, DAY_S = 3600, 86400
_TAG_SHIFT = 40
_BEFORE_1970 = 1 << 39  # half of what is left beside the tag's id, so that keys ascend with time on both sides of 1970


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """So many readings of a tag over a time; stamps: a blob that tags share, None: payload has them."""

    start_s: int
    span_s: int
    count: int
    payload: bytes
    stamps: bytes | None

    @property
    def size(self) -> int:
        """Bytes that hold the readings."""
        return len(self.payload) + len(self.stamps or b"")


def readings_of(chunks: Sequence[StoredChunk]) -> Readings:
    """What chunks hold, one behind another. Raises ChunkError."""
    return decode_all([(one.payload, one.stamps, one.count) for one in chunks])


def chunk_key(tag_id: int, start_s: int = -_BEFORE_1970) -> int:
    """Key of the chunk of a tag that begins at a second; by default the first that there can be."""
    return (tag_id << _TAG_SHIFT) + min(max(start_s + _BEFORE_1970, 0), 2 * _BEFORE_1970)


def chunk_keys(tag_ids: U32, starts_s: I64) -> I64:
    """Keys of the chunks of tags that begin at seconds, column by column."""
    return (tag_ids.astype(np.int64) << _TAG_SHIFT) + starts_s + _BEFORE_1970


def begin_s(key: int) -> int:
    """Second at which the chunk of a key begins."""
    return (key & ((1 << _TAG_SHIFT) - 1)) - _BEFORE_1970


def tag_of(key: int) -> int:
    """Id of the tag of a key."""
    return key >> _TAG_SHIFT


def stored_chunks(connection: Connection, tag_id: int, start_s: int, end_s: int) -> list[StoredChunk]:
    """The chunks of a tag that reach into [start_s, end_s), in time order."""
    rows = connection.exec_driver_sql(
        "select key, span_s, readings, chunk.payload, stamp.payload as stamps"
        " from chunk left join stamp on stamp.id = chunk.stamp where key >= ? and key < ? order by key",
        (chunk_key(tag_id, start_s // DAY_S * DAY_S), chunk_key(tag_id, end_s)),
    )
    found = (StoredChunk(begin_s(row.key), row.span_s, row.readings, row.payload, row.stamps) for row in rows)
    return [part for part in found if part.start_s + part.span_s > start_s]


def replace_chunks(
    connection: Connection, tag_id: int, old_s: Sequence[int], start_s: int, span_s: int, readings: Readings
) -> None:
    """Put one chunk and its summary in place of those that begin at some seconds."""
    if old_s:
        _delete(connection, [(chunk_key(tag_id, old), chunk_key(tag_id, old) + 1) for old in old_s])
    kind = kinds(connection, tag_id, tag_id)[tag_id]
    add_chunks(connection, span_s, [(chunk_key(tag_id, start_s), readings, kind)])


def add_chunks(connection: Connection, span_s: int, chunks: Sequence[tuple[int, Readings, Kind]]) -> None:
    """Store chunks of one span and their summaries: key, readings, and kind of the tag."""
    if not chunks:
        return
    shared = SharedStamps(connection)
    rows, summaries = [], []
    for key, readings, kind in chunks:
        stamp = shared.kept(begin_s(key), readings)
        payload = encode(readings) if stamp is None else encode_numbers(readings)
        rows.append((key, span_s, len(readings), payload, None if stamp is None else stamp.id))
        size = len(payload) + (0 if stamp is None else stamp.size)
        summaries.append((key, summary(readings, kind), size))
    connection.exec_driver_sql("insert into chunk (key, span_s, readings, payload, stamp) values (?, ?, ?, ?, ?)", rows)
    _save_summaries(connection, summaries)


def save_summary(connection: Connection, key: int, readings: Readings, size: int) -> None:
    """Store the summary of the chunk of a key, which has these readings in so many bytes."""
    kind = kinds(connection, tag_of(key), tag_of(key))[tag_of(key)]
    _save_summaries(connection, [(key, summary(readings, kind), size)])


def _save_summaries(connection: Connection, found: Sequence[tuple[int, bytes, int]]) -> None:
    connection.exec_driver_sql(
        "insert or replace into summary (key, payload) values (?, ?)",
        [(key, blob if len(blob) < size else NEEDLESS) for key, blob, size in found],
    )


def delete_chunks(connection: Connection, keys: Sequence[tuple[int, int]]) -> int:
    """Delete the chunks whose keys lie in ranges [first, end); how many readings they held."""
    query = "select coalesce(sum(readings), 0) from chunk where key >= ? and key < ?"
    held = sum(connection.exec_driver_sql(query, bounds).scalar_one() for bounds in keys)
    _delete(connection, keys)
    return int(held)


def delete_chunk(connection: Connection, key: int) -> None:
    """Delete the chunk of a key."""
    _delete(connection, [(key, key + 1)])


def _delete(connection: Connection, keys: Sequence[tuple[int, int]]) -> None:
    """Delete the chunks of ranges of keys, their summaries, and stamps that no chunk needs any more."""
    if not keys:
        return
    stamps = used_stamps(connection, keys)
    for table in ("summary", "chunk"):
        connection.exec_driver_sql(f"delete from {table} where key >= ? and key < ?", list(keys))
    delete_unused_stamps(connection, stamps)


def kinds(connection: Connection, first_tag: int, last_tag: int) -> defaultdict[int, Kind]:
    """What the tags with ids within bounds hold; one that the store does not know is taken for a gauge."""
    rows = connection.exec_driver_sql(
        "select id, json_extract(definition, '$.role') as role from tag where id between ? and ?", (first_tag, last_tag)
    )
    return defaultdict(lambda: Kind.GAUGE, {row.id: kind_of(Role(row.role)) for row in rows})
