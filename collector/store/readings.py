"""How do readings get into the store and out again? Journal first, then hour chunks, then day chunks."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection

from collector.store import account
from collector.store.account import Total
from collector.store.chunk import ChunkError
from collector.store.chunk_rows import (
    DAY_S,
    StoredChunk,
    begin_s,
    chunk_key,
    delete_chunks,
    readings_of,
    stored_chunks,
)
from collector.store.gathering import gather_all
from collector.store.journal import JournalEntry
from collector.store.journal_rows import add_row
from collector.store.latest import update_latest
from collector.store.merging import Written, merge_into_chunks
from collector.store.recent import in_journal, thaw
from collector.store.sealing import seal_tags
from collector.store.unread import note_unread
from plant.instant import US_PER_S
from plant.reading import I64, Readings, distinct, joined

_ALL_US = 2**63 - 1
MOST_FORGOTTEN = 2_000


def append(connection: Connection, entry: JournalEntry) -> None:
    """Put one commit's readings into the journal. The caller's transaction makes them durable."""
    if len(entry):
        add_row(connection, entry)


def merge(
    connection: Connection, tag_id: int, readings: Readings, span_s: int = DAY_S, replace: bool = False
) -> Written:
    """Put readings of one tag into chunks of a day (or an hour, where no day chunk is yet), each once.

    With `replace`, readings that the store has at the same times are taken out first.
    """
    gather_all(connection)  # what arrived before must be in `latest` before
    if replace:
        seal_tags(connection, [tag_id])  # the journal may hold what is to be replaced
    return _merge(connection, tag_id, readings, span_s, replace)


def replace_all(connection: Connection, found: Mapping[int, Readings]) -> dict[int, Written]:
    """The same of many tags, by id, with `replace`: the journal is gone through once."""
    seal_tags(connection, found)
    return {tag_id: _merge(connection, tag_id, readings, DAY_S, True) for tag_id, readings in found.items()}


def _merge(connection: Connection, tag_id: int, readings: Readings, span_s: int, replace: bool) -> Written:
    written = merge_into_chunks(connection, tag_id, readings, span_s, replace)
    account.add(connection, Total.IMPORTED, len(readings))
    account.add(connection, Total.REPEATED, written.unchanged)
    update_latest(connection, JournalEntry(np.full(len(readings), tag_id, dtype=np.uint32), readings))
    return written


def delete_before(connection: Connection, before_us: int, first_tag: int = 0) -> int | None:
    """Delete the chunks of the UTC days that ended before an instant, of some tags, the first from an id on.

    At most 2,000 chunks, the oldest of a tag first, so that a transaction stays short. The tag id to go on with, which
    may be the last one again; None: there are no more tags.
    """
    day_s = before_us // US_PER_S // DAY_S * DAY_S
    tag_ids = connection.exec_driver_sql("select id from tag where id >= ? order by id limit 200", (first_tag,))
    ids: list[int] = []
    ranges, left = [], MOST_FORGOTTEN
    for tag_id in tag_ids.scalars().all():
        bounds = chunk_key(tag_id), chunk_key(tag_id, day_s)
        query = "select key from chunk where key >= ? and key < ? order by key limit ?"
        keys = connection.exec_driver_sql(query, (*bounds, left + 1)).scalars().all()
        if len(keys) > left:
            ranges.append((bounds[0], keys[left]))
            account.add(connection, Total.FORGOTTEN, delete_chunks(connection, ranges))
            _forget_first(connection, ids, day_s)
            return int(tag_id)
        if keys:
            ranges.append(bounds)
        ids.append(int(tag_id))
        left -= len(keys)
    account.add(connection, Total.FORGOTTEN, delete_chunks(connection, ranges))
    _forget_first(connection, ids, day_s)
    return ids[-1] + 1 if ids else None


def _forget_first(connection: Connection, ids: Sequence[int], day_s: int) -> None:
    if not ids:
        return
    # What is forgotten is not known any more, so that no KPI takes it for a time without production.
    connection.exec_driver_sql(
        "update latest set first_us = ? where tag_id between ? and ? and first_us < ?",
        (day_s * US_PER_S, ids[0], ids[-1], day_s * US_PER_S),
    )


def series(connection: Connection, tag_id: int, start_us: int, end_us: int) -> Readings:
    """Readings of a tag with start <= time < end, ascending, each once; journal and chunks together. What is damaged is
    left out: `gaps.overlapping`, asked afterwards on the same connection, has it."""
    start_s, end_s = start_us // US_PER_S, -(-end_us // US_PER_S)
    parts = [_readable(connection, tag_id, stored_chunks(connection, tag_id, start_s, end_s))]
    parts += in_journal(connection, tag_id, start_us, end_us)
    return distinct(joined(parts)).within(start_us, end_us)


def _readable(connection: Connection, tag_id: int, chunks: list[StoredChunk]) -> Readings:
    """What chunks hold; damaged ones are left out, which is noted as a gap."""
    try:
        return readings_of(chunks)
    except ChunkError as error:
        if len(chunks) > 1:
            return joined([_readable(connection, tag_id, [chunk]) for chunk in chunks])
        for chunk in chunks:
            end_us = (chunk.start_s + chunk.span_s) * US_PER_S
            note_unread(connection, (tag_id, tag_id), chunk.start_s * US_PER_S, end_us, str(error))
        return Readings.empty()


def stored_days(connection: Connection, tag_id: int, start_us: int, end_us: int) -> dict[int, int]:
    """How many readings the chunks of a tag hold, by start of the UTC day [us]; what is in the journal left out."""
    rows = connection.exec_driver_sql(
        "select key, readings from chunk where key >= ? and key < ?",
        (chunk_key(tag_id, start_us // US_PER_S // DAY_S * DAY_S), chunk_key(tag_id, -(-end_us // US_PER_S))),
    )
    counts: dict[int, int] = {}
    for row in rows:
        day_us = begin_s(row.key) // DAY_S * DAY_S * US_PER_S
        counts[day_us] = counts.get(day_us, 0) + row.readings
    return counts


def count(connection: Connection, tag_id: int, start_us: int, end_us: int) -> int:
    """How many readings of a tag the store has with start <= time < end."""
    return sum(len(found) for found in series_by_day(connection, tag_id, start_us, end_us))


def series_by_day(connection: Connection, tag_id: int, start_us: int, end_us: int) -> Iterator[Readings]:
    """The same, a UTC day at a time, so that any stretch is read in bounded memory; days without readings left out."""
    for day_us in _days(connection, tag_id, start_us, end_us):
        found = series(connection, tag_id, max(day_us, start_us), min(day_us + DAY_S * US_PER_S, end_us))
        if len(found):
            yield found


def short_reads_by_day(connection: Connection, tag_id: int, start_us: int, end_us: int) -> Iterator[Readings]:
    """The same, each day in a transaction of its own that has ended when the day is handed over: a reader that takes
    its time does not keep what was written since from being checkpointed."""
    thaw(connection)
    for readings in series_by_day(connection, tag_id, start_us, end_us):
        connection.rollback()
        yield readings


def neighbours(connection: Connection, tag_id: int, first_us: int, last_us: int) -> tuple[int, int]:
    """Times of a tag's readings next to [first, last] on either side; the bound itself where there is none."""
    before = next(days_before(connection, tag_id, first_us), None)
    after = next(series_by_day(connection, tag_id, last_us + 1, _ALL_US), None)
    return (
        first_us if before is None else int(before.times_us[-1]),
        last_us if after is None else int(after.times_us[0]),
    )


def days_before(connection: Connection, tag_id: int, end_us: int) -> Iterator[Readings]:
    """Readings of a tag before an instant, a stored day at a time, the newest first."""
    in_journal = _journal_times(connection, tag_id, -_ALL_US, end_us)
    while True:
        key = connection.exec_driver_sql(
            "select max(key) from chunk where key >= ? and key < ?",
            (chunk_key(tag_id), chunk_key(tag_id, -(-end_us // US_PER_S))),
        ).scalar()
        seconds = [] if key is None else [begin_s(key)]
        seconds += (in_journal[in_journal < end_us][-1:] // US_PER_S).tolist()
        if not seconds:
            return
        start_us = max(seconds) // DAY_S * DAY_S * US_PER_S
        found = series(connection, tag_id, start_us, end_us)
        if len(found):
            yield found
        end_us = start_us


def _days(connection: Connection, tag_id: int, start_us: int, end_us: int) -> list[int]:
    """Starts of the days that may have readings of a tag in [start_us, end_us), ascending."""
    keys = connection.exec_driver_sql(
        "select key from chunk where key >= ? and key < ?",
        (chunk_key(tag_id, start_us // US_PER_S // DAY_S * DAY_S), chunk_key(tag_id, -(-end_us // US_PER_S))),
    ).scalars()
    days = {begin_s(key) // DAY_S for key in keys}
    days.update((_journal_times(connection, tag_id, start_us, end_us) // (DAY_S * US_PER_S)).tolist())
    return [day * DAY_S * US_PER_S for day in sorted(days)]


def _journal_times(connection: Connection, tag_id: int, start_us: int, end_us: int) -> I64:
    """Times of the journal's readings of a tag in [start_us, end_us), ascending."""
    times = np.sort(joined(in_journal(connection, tag_id, start_us, end_us)).times_us)
    return times[(times >= start_us) & (times < end_us)]
