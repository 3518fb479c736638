"""What is done with a row that is damaged? It is set aside in the same transaction, so that all others go on."""

import logging
import time

from sqlalchemy import Connection

from collector.store import account, events
from collector.store.account import Total
from collector.store.chunk import ChunkError, require_sound
from collector.store.chunk_rows import (
    DAY_S,
    StoredChunk,
    begin_s,
    chunk_key,
    delete_chunk,
    readings_of,
    save_summary,
    stored_chunks,
    tag_of,
)
from collector.store.summary import is_sound
from collector.store.unread import CAUSE, owners
from plant.instant import US_PER_S

log = logging.getLogger(__name__)

ALL_TAGS = 0, 2**32 - 1
MOST_LOOKED_AT = 100
MOST_ASIDE = 200
_DAMAGED = "insert into damaged (found_us, row_of, row_key, readings, reason, payload) values (?, ?, ?, ?, ?, ?)"
_GAP = (
    "insert into gap (device, tag, start_us, end_us, cause) values (?, ?, ?, ?, ?)"
    " on conflict (device, tag, start_us) do update set end_us = max(end_us, excluded.end_us)"
)


def without_damaged(connection: Connection, tag_id: int, stored: list[StoredChunk]) -> list[StoredChunk]:
    """Those of a tag's chunks that can be read; the others are set aside, with the stamps that cannot be."""
    sound = []
    for chunk in stored:
        try:
            readings_of([chunk])
        except ChunkError as error:
            set_chunk_aside(connection, chunk_key(tag_id, chunk.start_s), str(error))
        else:
            sound.append(chunk)
    return sound


def set_chunk_aside(connection: Connection, key: int, reason: str) -> None:
    """Move a chunk to the damaged rows, with a gap in its place. If its stamps are damaged, these and all chunks that
    have them go too: no one can tell any more when their readings were taken. At most 200 go at once, so that a
    transaction stays short; the others follow when they are met, the stamps with the last."""
    row = connection.exec_driver_sql(
        "select chunk.stamp, stamp.payload from chunk left join stamp on stamp.id = chunk.stamp where key = ?", (key,)
    ).first()
    if row is None:
        return  # it went with its stamps
    if row.stamp is None or _can_be_read(row.payload):
        _set_aside(connection, key, reason)
        events.save(connection, _now_us(), "damaged", f"a chunk of tag {tag_of(key)} was set aside: {reason}")
        return
    query = "select key from chunk where stamp = ? order by key <> ?, key limit ?"
    found = connection.exec_driver_sql(query, (row.stamp, key, MOST_ASIDE + 1)).scalars().all()
    if len(found) <= MOST_ASIDE:
        connection.exec_driver_sql(_DAMAGED, (_now_us(), "stamp", row.stamp, 0, reason, row.payload))
    for other in (found := found[:MOST_ASIDE]):
        _set_aside(connection, other, "its stamps are damaged")
    what = f"{len(found)} chunks were set aside, since the stamps that they have are damaged: {reason}"
    events.save(connection, _now_us(), "damaged", what)


def set_journal_row_aside(connection: Connection, row_id: int, reason: str) -> None:
    """Move a row of the journal to the damaged rows, with a gap for every tag that it may have held."""
    row = connection.exec_driver_sql(
        "select min_us, max_us, readings, first_tag, last_tag, payload from journal where id = ?", (row_id,)
    ).one()
    tags = ALL_TAGS if row.first_tag is None else (row.first_tag, row.last_tag)
    connection.exec_driver_sql(_DAMAGED, (_now_us(), "journal", row_id, row.readings, reason, row.payload))
    connection.exec_driver_sql("delete from journal where id = ?", (row_id,))
    account.add(connection, Total.DAMAGED, row.readings)
    declare(connection, tags, row.min_us, row.max_us + 1)
    events.save(connection, _now_us(), "damaged", f"a row of the journal was set aside: {reason}")
    log.error("row %d of the journal is damaged and was set aside: %s", row_id, reason)


def declare(connection: Connection, tags: tuple[int, int], start_us: int, end_us: int) -> None:
    """Declare by a gap that readings of the tags with ids within bounds are lost. It never reaches beyond now: what is
    to come may still be read."""
    until_us = max(min(end_us, _now_us()), start_us + 1)
    rows = [(device, name, start_us, until_us, CAUSE) for device, name in owners(connection, *tags)]
    if rows:
        connection.exec_driver_sql(_GAP, rows)


def look_for_damage(connection: Connection, after_key: int) -> int | None:
    """Check the next 100 chunks in order of their keys and set damaged ones aside; the key to go on after, None at the
    end. Only what is stored is compared with its checksum: nothing is unpacked. A damaged summary is made again."""
    rows = connection.exec_driver_sql(
        "select chunk.key, chunk.payload, stamp.payload as stamps, summary.payload as summary from chunk"
        " left join stamp on stamp.id = chunk.stamp left join summary on summary.key = chunk.key"
        " where chunk.key > ? order by chunk.key limit ?",
        (after_key, MOST_LOOKED_AT),
    ).all()
    for row in rows:
        try:
            require_sound(row.payload)
            if row.stamps is not None:
                require_sound(row.stamps)
            if row.summary and not is_sound(row.summary):
                _make_summary_again(connection, row.key)
        except ChunkError as error:
            set_chunk_aside(connection, row.key, str(error))
    return int(rows[-1].key) if rows else None


def damaged_since(connection: Connection, since_us: int) -> tuple[int, int, int | None]:
    """How many rows were set aside since an instant, how many readings they were said to hold, and when the first was
    found [us]; None: none was."""
    row = connection.exec_driver_sql(
        "select count(*), coalesce(sum(readings), 0), min(found_us) from damaged where found_us >= ?", (since_us,)
    ).one()
    return row[0], row[1], row[2]


def _make_summary_again(connection: Connection, key: int) -> None:
    chunks = stored_chunks(connection, tag_of(key), begin_s(key), begin_s(key) + 1)[-1:]
    save_summary(connection, key, readings_of(chunks), chunks[0].size)
    log.warning("the summary of chunk %d was damaged and is made again", key)


def _can_be_read(stamps: bytes | None) -> bool:
    """Whether stamps can be read by themselves."""
    try:
        require_sound(stamps or b"")
    except ChunkError:
        return False
    return True


def _set_aside(connection: Connection, key: int, reason: str) -> None:
    row = connection.exec_driver_sql("select span_s, readings, payload from chunk where key = ?", (key,)).one()
    connection.exec_driver_sql(_DAMAGED, (_now_us(), "chunk", key, row.readings, reason, row.payload))
    delete_chunk(connection, key)
    account.add(connection, Total.DAMAGED, row.readings)
    start_us, span_s = begin_s(key) * US_PER_S, min(max(row.span_s, 1), DAY_S)
    declare(connection, (tag_of(key), tag_of(key)), start_us, start_us + span_s * US_PER_S)
    log.error("chunk %d (of tag %d) is damaged and was set aside: %s", key, tag_of(key), reason)


def _now_us() -> int:
    return time.time_ns() // 1000
