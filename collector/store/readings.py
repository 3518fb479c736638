"""How do readings get into the store and out again? Journal first, then hour chunks, then day chunks."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store.chunk import decode
from collector.store.chunk_rows import (
    DAY_S,
    HOUR_S,
    StoredChunk,
    begin_s,
    chunk_key,
    delete_chunks_before,
    replace_chunks,
    stored_chunks,
    tag_of,
)
from collector.store.journal import JournalEntry, pack, unpack
from collector.store.latest import update_latest
from collector.store.recent import in_journal, thaw
from collector.store.replaced import keep_replaced
from plant.instant import US_PER_S
from plant.reading import I64, Readings, distinct, joined

Mask = NDArray[np.bool_]
_ALL_US = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Written:
    """How many readings were new, and how many the store had already."""

    new: int = 0
    unchanged: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.new + other.new, self.unchanged + other.unchanged)


def append(connection: Connection, entry: JournalEntry) -> None:
    """Put one commit's readings into the journal. The caller's transaction makes them durable."""
    if not len(entry):
        return
    times = entry.readings.times_us
    connection.exec_driver_sql(
        "insert into journal (min_us, max_us, readings, payload) values (?, ?, ?, ?)",
        (int(times.min()), int(times.max()), len(entry), pack(entry)),
    )
    update_latest(connection, entry.tag_ids, entry.readings)


def merge(
    connection: Connection, tag_id: int, readings: Readings, span_s: int = DAY_S, replace: bool = False
) -> Written:
    """Put readings of one tag into chunks of a day (or an hour, where no day chunk is yet), each once.

    With `replace`, readings that the store has at the same times are taken out first.
    """
    if replace:
        seal(connection, _ALL_US)  # the journal may hold what is to be replaced
    written = _merge(connection, tag_id, readings, span_s, replace)
    update_latest(connection, np.full(len(readings), tag_id, dtype=np.uint32), readings)
    return written


def _merge(connection: Connection, tag_id: int, readings: Readings, span_s: int, replace: bool) -> Written:
    written = Written()
    for start_s, part in _split(readings, DAY_S):
        stored = stored_chunks(connection, tag_id, start_s, start_s + DAY_S)
        if span_s == HOUR_S and not any(found.span_s == DAY_S for found in stored):
            for hour_s, hour in _split(part, HOUR_S):
                old = [found for found in stored if found.start_s == hour_s]
                written += _rewrite(connection, tag_id, hour_s, HOUR_S, old, hour, replace)
        else:
            written += _rewrite(connection, tag_id, start_s, DAY_S, stored, part, replace)
    return written


def seal(connection: Connection, before_us: int) -> Written:
    """Move every reading before an instant from the journal into hour chunks. One transaction: the caller's.

    A row that reaches beyond the instant keeps the rest, so that readings of one time never overtake one another.
    Late readings are sealed with the others; where a day is already merged, its chunk is rewritten.
    """
    rows = connection.exec_driver_sql(
        "select id, payload from journal where min_us < ? order by id", (before_us,)
    ).all()
    entries = []
    for row in rows:
        entry = unpack(row.payload)
        early = entry.readings.times_us < before_us
        entries.append(entry[early])
        _keep(connection, row.id, entry[~early])
    written = Written()
    for tag_id in sorted({int(tag) for entry in entries for tag in np.unique(entry.tag_ids)}):
        written += _merge(connection, tag_id, joined([entry.of(tag_id) for entry in entries]), HOUR_S, replace=False)
    return written


def _keep(connection: Connection, row_id: int, rest: JournalEntry) -> None:
    if not len(rest):
        connection.exec_driver_sql("delete from journal where id = ?", (row_id,))
        return
    times = rest.readings.times_us
    connection.exec_driver_sql(
        "update journal set min_us = ?, max_us = ?, readings = ?, payload = ? where id = ?",
        (int(times.min()), int(times.max()), len(rest), pack(rest), row_id),
    )


def merge_days(connection: Connection, before_us: int) -> int:
    """Merge the hour chunks of every day that ended before an instant into day chunks; returns how many days."""
    day_s = before_us // US_PER_S // DAY_S * DAY_S
    hours = connection.exec_driver_sql("select key from chunk where span_s = ?", (HOUR_S,)).scalars().all()
    tag_days = {(tag_of(key), begin_s(key) // DAY_S * DAY_S) for key in hours}
    done = 0
    for tag_id, start_s in sorted(tag_days):
        if start_s < day_s:
            stored = stored_chunks(connection, tag_id, start_s, start_s + DAY_S)
            _rewrite(connection, tag_id, start_s, DAY_S, stored, Readings.empty(), replace=False)
            done += 1
    return done


def delete_before(connection: Connection, before_us: int) -> int:
    """Delete every chunk of a UTC day that ended before an instant; returns how many."""
    day_s = before_us // US_PER_S // DAY_S * DAY_S
    tag_ids = connection.exec_driver_sql("select id from tag").scalars().all()
    deleted = sum(delete_chunks_before(connection, tag_id, day_s) for tag_id in tag_ids)
    # What is forgotten is not known any more, so that no KPI takes it for a time without production.
    connection.exec_driver_sql("update latest set first_us = max(first_us, ?)", (day_s * US_PER_S,))
    return deleted


def series(connection: Connection, tag_id: int, start_us: int, end_us: int) -> Readings:
    """Readings of a tag with start <= time < end, ascending, each once; journal and chunks together."""
    start_s, end_s = start_us // US_PER_S, -(-end_us // US_PER_S)
    parts = [decode(found.payload) for found in stored_chunks(connection, tag_id, start_s, end_s)]
    parts += in_journal(connection, tag_id, start_us, end_us)
    return distinct(joined(parts)).within(start_us, end_us)


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


def _split(readings: Readings, span_s: int) -> Iterator[tuple[int, Readings]]:
    starts_s = readings.times_us // (span_s * US_PER_S) * span_s
    for start_s in np.unique(starts_s):
        yield int(start_s), readings[starts_s == start_s]


def _rewrite(
    connection: Connection,
    tag_id: int,
    start_s: int,
    span_s: int,
    stored: list[StoredChunk],
    readings: Readings,
    replace: bool,
) -> Written:
    old = joined([decode(part.payload) for part in stored])
    gone = _replaced(old, readings) if replace else np.zeros(len(old), dtype=bool)
    kept = old[~gone]
    merged = distinct(joined([kept, readings]))
    new = len(merged) - len(kept)
    if replace and _same(merged, old):
        return Written(0, len(readings))
    if gone.any():
        keep_replaced(connection, tag_id, old[gone], int(readings.received_us.max(initial=0)))
    if new or len(kept) != len(old) or any(part.span_s != span_s for part in stored):
        replace_chunks(connection, tag_id, [part.start_s for part in stored], start_s, span_s, merged)
    return Written(new, len(readings) - new)


def _replaced(old: Readings, new: Readings) -> Mask:
    """Which old readings new ones come in place of: those of the same times that are not the same."""
    taken = np.isin(old.times_us, new.times_us)
    again = set(zip(new.times_us.tolist(), new.values.view(np.int64).tolist(), new.status.tolist(), strict=True))
    for row in np.flatnonzero(taken):
        taken[row] = (int(old.times_us[row]), int(old.values.view(np.int64)[row]), int(old.status[row])) not in again
    return taken


def _same(a: Readings, b: Readings) -> bool:
    return bool(
        np.array_equal(a.times_us, b.times_us)
        and np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(a.status, b.status)
    )
