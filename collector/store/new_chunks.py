"""Which readings make hour chunks where there are none? Written many at once: one of each tag an hour is the rule."""

import json

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store.chunk_rows import DAY_S, HOUR_S, add_chunks, chunk_keys, kinds
from collector.store.journal import JournalEntry
from plant.instant import US_PER_S
from plant.reading import I64

Mask = NDArray[np.bool_]
_FARTHEST_US = 2**38 * US_PER_S


def add_new_chunks(connection: Connection, entry: JournalEntry) -> Mask:
    """Store the readings of a tag and hour as a chunk where the store has none of that tag and hour or day.

    The entry must be ascending by tag, then time. Which of its readings are left to be merged: the others, those of an
    hour in which two have the same time, and those of times before or after all that is likely.
    """
    ids, times = entry.tag_ids, entry.readings.times_us
    hours = times // (HOUR_S * US_PER_S)
    starts = np.flatnonzero(_changes(ids) | _changes(hours))
    ends = np.append(starts[1:], len(entry))
    again = ~_changes(ids) & ~_changes(times)
    keys = chunk_keys(ids[starts], hours[starts] * HOUR_S)
    plain = np.logical_or.reduceat(again, starts) if len(starts) else np.zeros(0, dtype=np.bool_)
    plain = ~plain & (np.abs(times[starts]) < _FARTHEST_US)
    plain &= ~_taken(connection, keys, chunk_keys(ids[starts], hours[starts] * HOUR_S // DAY_S * DAY_S))
    kind_of = kinds(connection, int(ids[0]), int(ids[-1])) if len(ids) else {}
    chunks = [
        (int(keys[row]), entry.readings[starts[row] : ends[row]], kind_of[int(ids[starts[row]])])
        for row in np.flatnonzero(plain).tolist()
    ]
    add_chunks(connection, HOUR_S, chunks)
    return np.repeat(~plain, ends - starts)


def _changes(column: NDArray[np.generic]) -> Mask:
    """Where a column is not what it was in the row before; the first row always."""
    return np.append(True, column[1:] != column[:-1])[: len(column)]


def _taken(connection: Connection, hours: I64, days: I64) -> Mask:
    """Which hours have a chunk of their own or one of their day, by the keys of both."""
    rows = connection.exec_driver_sql(
        "select key, span_s from chunk where key in (select value from json_each(?))",
        (json.dumps(np.union1d(hours, days).tolist()),),
    ).all()
    merged = [row.key for row in rows if row.span_s == DAY_S]
    return np.isin(hours, [row.key for row in rows]) | np.isin(days, merged)
