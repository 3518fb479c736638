"""Which rows of the store hold the readings of a tag over a time? Chunks of an hour or a day, each with its summary."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.store.chunk import encode
from collector.store.summary import summary
from plant.reading import Readings
from plant.tag import Kind, Role, kind_of

NEEDLESS = b""
"""What stands for the summary of a chunk that is no larger than its summary would be: the chunk is read instead."""

HOUR_S, DAY_S = 3600, 86400
_TAG_SHIFT = 40
_BEFORE_1970 = 1 << 39  # half of what is left beside the tag's id, so that keys ascend with time on both sides of 1970


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A blob with the readings of a tag in [start_s, start_s + span_s)."""

    start_s: int
    span_s: int
    payload: bytes


def chunk_key(tag_id: int, start_s: int = -_BEFORE_1970) -> int:
    """Key of the chunk of a tag that begins at a second; by default the first that there can be."""
    return (tag_id << _TAG_SHIFT) + min(max(start_s + _BEFORE_1970, 0), 2 * _BEFORE_1970)


def begin_s(key: int) -> int:
    """Second at which the chunk of a key begins."""
    return (key & ((1 << _TAG_SHIFT) - 1)) - _BEFORE_1970


def tag_of(key: int) -> int:
    """Id of the tag of a key."""
    return key >> _TAG_SHIFT


def stored_chunks(connection: Connection, tag_id: int, start_s: int, end_s: int) -> list[StoredChunk]:
    """The chunks of a tag that reach into [start_s, end_s), in time order."""
    rows = connection.exec_driver_sql(
        "select key, span_s, payload from chunk where key >= ? and key < ? order by key",
        (chunk_key(tag_id, start_s // DAY_S * DAY_S), chunk_key(tag_id, end_s)),
    )
    found = (StoredChunk(begin_s(row.key), row.span_s, row.payload) for row in rows)
    return [part for part in found if part.start_s + part.span_s > start_s]


def replace_chunks(
    connection: Connection, tag_id: int, old_s: Sequence[int], start_s: int, span_s: int, readings: Readings
) -> None:
    """Put one chunk and its summary in place of those that begin at some seconds."""
    if old_s:
        _delete(connection, [(chunk_key(tag_id, old), chunk_key(tag_id, old) + 1) for old in old_s])
    key, payload = chunk_key(tag_id, start_s), encode(readings)
    connection.exec_driver_sql(
        "insert into chunk (key, span_s, readings, payload) values (?, ?, ?, ?)",
        (key, span_s, len(readings), payload),
    )
    save_summary(connection, key, readings, len(payload))


def save_summary(connection: Connection, key: int, readings: Readings, chunk_bytes: int) -> None:
    """Store the summary of the chunk of a key, which has these readings and a payload of some bytes."""
    blob = summary(readings, _kind(connection, tag_of(key)))
    kept = blob if len(blob) < chunk_bytes else NEEDLESS
    connection.exec_driver_sql("insert or replace into summary (key, payload) values (?, ?)", (key, kept))


def delete_chunks_before(connection: Connection, tag_ids: Sequence[int], end_s: int) -> None:
    """Delete the chunks of tags that begin before a second."""
    _delete(connection, [(chunk_key(tag_id), chunk_key(tag_id, end_s)) for tag_id in tag_ids])


def _delete(connection: Connection, keys: Sequence[tuple[int, int]]) -> None:
    for table in ("summary", "chunk"):
        connection.exec_driver_sql(f"delete from {table} where key >= ? and key < ?", list(keys))


def _kind(connection: Connection, tag_id: int) -> Kind:
    definition = connection.exec_driver_sql("select definition from tag where id = ?", (tag_id,)).scalar()
    return Kind.GAUGE if definition is None else kind_of(Role(json.loads(definition)["role"]))
