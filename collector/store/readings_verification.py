"""Are the readings of a store whole? Each blob unpacked, its numbers held against its row, orphans named."""

import hashlib
import json
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row
from zstandard import ZstdError

from collector.store.aggregates import QUARTER_US, columns, of_readings, widened
from collector.store.chunk import ChunkError, decode
from collector.store.chunk_rows import DAY_S, HOUR_S, StoredChunk, begin_s, kinds, readings_of, tag_of
from collector.store.code_changes import changes_of, gathered
from collector.store.findings import Findings
from collector.store.journal import JournalEntry, unpack
from collector.store.pages import pages
from collector.store.summary import aggregates_of, changes_in, is_of_changes
from plant.instant import US_PER_S
from plant.reading import Readings, distinct
from plant.tag import Kind

_AT_ONCE = 16
"""Rows of one transaction."""
_KEYS_AT_ONCE = 1_000
_UNREADABLE = (ChunkError, ZstdError, ValueError)


def verify_journal(connection: Connection, found: Findings) -> None:
    """Look at every row of the journal that is there now."""
    last_id = connection.exec_driver_sql("select coalesce(max(id), 0) from journal").scalar_one()
    query = (
        "select id, min_us, max_us, readings, first_tag, last_tag, payload from journal"
        f" where id > ? and id <= {last_id} order by id limit ?"
    )
    for rows in pages(connection, query, (0,), _AT_ONCE):
        for row in rows:
            found.counted["rows of the journal"] += 1
            _verify_journal_row(connection, row, found)


def _verify_journal_row(connection: Connection, row: Row[Any], found: Findings) -> None:
    where = f"journal {row.id}"
    try:
        entry = unpack(row.payload)
    except _UNREADABLE as error:
        found.add(where, f"cannot be read: {error}")
        return
    times = entry.readings.times_us
    bounds = (int(times.min()), int(times.max())) if len(times) else (None, None)
    if len(entry) != row.readings or bounds != (row.min_us, row.max_us):
        found.add(where, "has other readings than its row says")
    ids = np.unique(entry.tag_ids)
    if row.first_tag is not None and len(ids) and not row.first_tag <= ids[0] <= ids[-1] <= row.last_tag:
        found.add(where, "has tags outside its bounds")
    known = _known(connection, "tag", ids.tolist())
    _name_unknown(found, where, "tags", [id_ for id_ in ids.tolist() if id_ not in known])
    _verify_texts(connection, where, entry, found)


def _verify_texts(connection: Connection, where: str, entry: JournalEntry, found: Findings) -> None:
    if len(entry):
        kind = kinds(connection, int(entry.tag_ids.min()), int(entry.tag_ids.max()))
        texts = np.array([id_ for id_, one in kind.items() if one is Kind.TEXT], dtype=np.uint32)
        _name_unknown_texts(connection, where, entry[np.isin(entry.tag_ids, texts)].readings, found)


def verify_chunks(connection: Connection, found: Findings) -> None:
    """Look at every chunk and its summary."""
    day = 0, 0
    query = (
        "select key, span_s, readings, chunk.payload, stamp.payload as stamps, summary.payload as summary,"
        " tag.id as tag_id, latest.first_us, latest.time_us as last_us"
        " from chunk left join stamp on stamp.id = chunk.stamp left join summary using (key)"
        " left join tag on tag.id = key >> 40 left join latest on latest.tag_id = tag.id"
        " where key > ? order by key limit ?"
    )
    for rows in pages(connection, query, (-1,), _AT_ONCE):
        for row in rows:
            found.counted["chunks"] += 1
            place = tag_of(row.key), begin_s(row.key)
            if place < day:
                found.add(f"chunk {row.key}", "lies within the one before it")
            day = (place[0], place[1] + row.span_s)
            _verify_chunk(connection, row, found)


def verify_summaries(connection: Connection, found: Findings) -> None:
    """Look for summaries of nothing; what is in the others is looked at with their chunks."""
    query = (
        "select key, exists (select 1 from chunk where chunk.key = summary.key) as of_chunk from summary"
        " where key > ? order by key limit ?"
    )
    for rows in pages(connection, query, (-(2**63),), _KEYS_AT_ONCE):
        for row in rows:
            if not row.of_chunk:
                found.add(f"summary {row.key}", "has no chunk")


def _verify_chunk(connection: Connection, row: Row[Any], found: Findings) -> None:
    where, start_s = f"chunk {row.key}", begin_s(row.key)
    if row.span_s not in (HOUR_S, DAY_S) or start_s % row.span_s:
        found.add(where, "is of neither an hour nor a day")
    if row.tag_id is None:
        found.add(where, f"is of a tag that there is not: {tag_of(row.key)}")
    try:
        readings = readings_of([StoredChunk(start_s, row.span_s, row.readings, row.payload, row.stamps)])
    except _UNREADABLE as error:
        found.add(where, f"cannot be read: {error}")
        return
    times = readings.times_us
    if not len(times) or times[0] < start_s * US_PER_S or times[-1] >= (start_s + row.span_s) * US_PER_S:
        found.add(where, "has readings outside its time, or none")
    elif row.tag_id is not None and (row.last_us is None or not row.first_us <= times[0] <= times[-1] <= row.last_us):
        found.add(where, "has readings that are older or newer than `latest` says")
    _verify_order(where, readings, found)
    if row.tag_id is not None and kinds(connection, row.tag_id, row.tag_id)[row.tag_id] is Kind.TEXT:
        _name_unknown_texts(connection, where, readings, found)
    if row.summary:
        _verify_summary(row, readings, found)


def _verify_order(where: str, readings: Readings, found: Findings) -> None:
    if (np.diff(readings.times_us) < 0).any():
        found.add(where, "is not in order of time")
    elif len(distinct(readings)) != len(readings):
        found.add(where, "has the same reading twice")


def _verify_summary(row: Row[Any], readings: Readings, found: Findings) -> None:
    where = f"summary {row.key}"
    try:
        same = _sums_up(row.summary, readings)
    except _UNREADABLE as error:
        found.add(where, f"cannot be read: {error}")
        return
    if not same:
        found.add(where, "sums up other readings than its chunk has")


def _sums_up(blob: bytes, readings: Readings) -> bool:
    """Whether a summary is that of readings, by the kind that their tag had as it was made."""
    if is_of_changes(blob):
        stored, made = changes_in([blob]), gathered(changes_of(readings))
        return np.array_equal(stored.start_us, made.start_us) and np.array_equal(stored.code, made.code, equal_nan=True)
    quarters = widened(of_readings(readings), QUARTER_US)
    pairs = zip(columns(aggregates_of([blob])), columns(quarters), strict=True)
    # Another numpy may add up in another order.
    return all(len(one) == len(other) and np.allclose(one, other, 1e-9, 0, equal_nan=True) for one, other in pairs)


def verify_stamps(connection: Connection, found: Findings) -> None:
    """Look at every row of stamps; what is in them is looked at with the chunks that have them."""
    query = (
        "select id, digest, payload, exists (select 1 from chunk where chunk.stamp = stamp.id) as used"
        " from stamp where id > ? order by id limit ?"
    )
    for rows in pages(connection, query, (0,), _AT_ONCE):
        for row in rows:
            found.counted["stamps"] += 1
            if hashlib.blake2b(row.payload, digest_size=16).digest() != row.digest:
                found.add(f"stamp {row.id}", "is not what its digest says")
            if not row.used:
                found.add(f"stamp {row.id}", "has no chunk")


def verify_replaced(connection: Connection, found: Findings) -> None:
    """Look at all readings that imports replaced."""
    query = (
        "select replaced.id, min_us, max_us, payload, tag.id as tag_id from replaced"
        " left join tag on tag.id = replaced.tag_id where replaced.id > ? order by replaced.id limit ?"
    )
    for rows in pages(connection, query, (0,), _AT_ONCE):
        for row in rows:
            _verify_replaced_row(row, found)


def _verify_replaced_row(row: Row[Any], found: Findings) -> None:
    where = f"replaced {row.id}"
    if row.tag_id is None:
        found.add(where, "is of a tag that there is not")
    try:
        readings = decode(row.payload)
    except _UNREADABLE as error:
        found.add(where, f"cannot be read: {error}")
        return
    found.counted["rows of replaced readings"] += 1
    times = readings.times_us
    if not len(times) or (int(times[0]), int(times[-1])) != (row.min_us, row.max_us):
        found.add(where, "has other readings than its row says")
    _verify_order(where, readings, found)


def _name_unknown_texts(connection: Connection, where: str, readings: Readings, found: Findings) -> None:
    values = readings.values[~np.isnan(readings.values)]
    ids = np.unique(values).astype(np.int64).tolist()
    known = _known(connection, "text", ids)
    _name_unknown(found, where, "texts", [id_ for id_ in ids if id_ not in known])


def _name_unknown(found: Findings, where: str, what: str, ids: list[int]) -> None:
    if ids:
        found.add(where, f"has {what} that there are not: {', '.join(map(str, ids[:5]))}")


def _known(connection: Connection, table: str, ids: list[int]) -> set[int]:
    query = f"select id from {table} where id in (select value from json_each(?))"
    return set(connection.exec_driver_sql(query, (json.dumps(ids),)).scalars()) if ids else set()
