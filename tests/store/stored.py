"""A store to test with: tags, entries of the journal, and what a tag's series must hold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from collector.store.devices import add_received
from collector.store.journal import JournalEntry
from collector.store.readings import append
from collector.store.store import transaction, writing
from collector.store.tags import register
from plant.reading import Readings, joined, sound
from plant.tag import Role, Tag

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MONDAY_US = 1_795_305_600_000_000 // DAY_US * DAY_US


def some_readings(times_us: Sequence[int], values: Sequence[float], status: Sequence[int] | None = None) -> Readings:
    """Readings that were received at once."""
    times = np.array(times_us, dtype=np.int64)
    codes = np.array(status if status is not None else [0] * len(times), dtype=np.uint32)
    kept, codes = sound(np.array(values, dtype=np.float64), codes)
    return Readings(times, kept, codes, times, np.zeros(len(times), dtype=np.int64))


def entry_of(parts: dict[int, Readings]) -> JournalEntry:
    """One commit's readings of several tags, tag after tag."""
    ids = [np.full(len(part), tag_id, dtype=np.uint32) for tag_id, part in parts.items()]
    return JournalEntry(np.concatenate(ids) if ids else np.empty(0, np.uint32), joined(list(parts.values())))


def rows(readings: Readings) -> list[tuple[int, float | None, int]]:
    """Time, value (None: absent) and status of each reading."""
    values = [None if value != value else value for value in readings.values.tolist()]
    return list(zip(readings.times_us.tolist(), values, readings.status.tolist(), strict=True))


def with_tags(connection: Connection, count: int = 2) -> list[int]:
    """Register tags; their ids."""
    tags = [("press", Tag(f"tag{at}", "press1", Role.GOOD_COUNT, "1")) for at in range(count)]
    with transaction(connection):
        return [stored.id for stored in register(connection, tags).values()]


def arrive(connection: Connection, parts: dict[int, Readings]) -> None:
    """One commit's readings of several tags, counted as those of a device, in the caller's transaction."""
    entry = entry_of(parts)
    append(connection, entry)
    add_received(connection, [("press", int(us), 1) for us in entry.readings.received_us])


def make_store(path: Path, times_us: Sequence[int] = (MONDAY_US,)) -> int:
    """A store with one tag and its readings in the journal; the tag's id."""
    with writing(path) as connection:
        tag_id = with_tags(connection, 1)[0]
        with transaction(connection):
            arrive(connection, {tag_id: some_readings(times_us, range(len(times_us)))})
    return tag_id
