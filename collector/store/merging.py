"""How do readings get into chunks? Merged with those that are there, each once: hours first, then days."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store import account
from collector.store.account import Total
from collector.store.chunk import ChunkError
from collector.store.chunk_rows import (
    DAY_S,
    HOUR_S,
    StoredChunk,
    begin_s,
    readings_of,
    replace_chunks,
    stored_chunks,
    tag_of,
)
from collector.store.damage import without_damaged
from collector.store.replaced import keep_replaced
from plant.instant import US_PER_S
from plant.reading import Readings, among, distinct, joined

Mask = NDArray[np.bool_]
MOST_READINGS_AT_ONCE = 200_000


@dataclass(frozen=True, slots=True)
class Written:
    """How many readings were new, and how many the store had already."""

    new: int = 0
    unchanged: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(self.new + other.new, self.unchanged + other.unchanged)


def merge_into_chunks(
    connection: Connection, tag_id: int, readings: Readings, span_s: int, replace: bool = False
) -> Written:
    """Put readings of one tag into chunks of a day (or an hour, where no day chunk is yet), each once. Chunks of before
    that are damaged are set aside.

    With `replace`, readings that the chunks have at the same times are taken out first.
    """
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


def merge_days(connection: Connection, before_us: int) -> int:
    """Merge the hour chunks of every day that ended before an instant into day chunks; returns how many tag days."""
    done, after_key = 0, 0
    while True:
        merged, next_key = merge_next_days(connection, before_us, after_key)
        done += merged
        if next_key is None:
            return done
        after_key = next_key


def merge_next_days(connection: Connection, before_us: int, after_key: int) -> tuple[int, int | None]:
    """The same of some hours only, in order of their keys after one; how many tag days, and the key to go on after.

    About 200,000 readings at once, so that a transaction stays short. None: there are no more hours.
    """
    end_s = before_us // US_PER_S // DAY_S * DAY_S
    hours = connection.exec_driver_sql(  # 3600 in words: there is an index of these
        "select key, readings from chunk where span_s = 3600 and key > ? order by key limit 1000", (after_key,)
    ).all()
    merged: set[tuple[int, int]] = set()
    held = 0
    for hour in hours:
        day = tag_of(hour.key), begin_s(hour.key) // DAY_S * DAY_S
        if day[1] < end_s and day not in merged:
            if held > MOST_READINGS_AT_ONCE:
                break
            stored = stored_chunks(connection, *day, day[1] + DAY_S)
            written = _rewrite(connection, *day, DAY_S, stored, Readings.empty(), replace=False)
            account.add(connection, Total.REPEATED, written.unchanged)
            merged.add(day)
        held += hour.readings if day[1] < end_s else 0
        after_key = hour.key
    return len(merged), after_key if hours else None


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
    stored, old = _sound(connection, tag_id, stored)
    gone = _replaced(old, readings) if replace else np.zeros(len(old), dtype=bool)
    kept = old[~gone]
    merged = distinct(joined([kept, readings]))
    new = len(merged) - len(kept)
    if replace and _same(merged, old):
        return Written(0, len(readings))
    if gone.any():
        account.add(connection, Total.REPLACED, int(gone.sum()))
        keep_replaced(connection, tag_id, old[gone], int(readings.received_us.max(initial=0)))
    if new or len(kept) != len(old) or any(part.span_s != span_s for part in stored):
        replace_chunks(connection, tag_id, [part.start_s for part in stored], start_s, span_s, merged)
    return Written(new, len(readings) - new)


def _sound(connection: Connection, tag_id: int, stored: list[StoredChunk]) -> tuple[list[StoredChunk], Readings]:
    """Chunks and what they hold; damaged ones are set aside."""
    try:
        return stored, readings_of(stored)
    except ChunkError:
        sound = without_damaged(connection, tag_id, stored)
        return sound, readings_of(sound)


def _replaced(old: Readings, new: Readings) -> Mask:
    """Which old readings new ones come in place of: those of the same times that are not the same."""
    return np.isin(old.times_us, new.times_us) & ~among(old, new)


def _same(a: Readings, b: Readings) -> bool:
    return bool(
        np.array_equal(a.times_us, b.times_us)
        and np.array_equal(a.values, b.values, equal_nan=True)
        and np.array_equal(a.status, b.status)
    )
