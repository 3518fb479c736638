"""How does the journal come to lie by tag? What was committed is put together and parted among rows of few tags."""

from collections.abc import Iterator

import numpy as np
from sqlalchemy import Connection

from collector.store.journal import JournalEntry
from collector.store.journal_rows import add_row, entry_of_row, joined_entries, narrow
from collector.store.latest import update_latest
from plant.reading import U32

GATHERED_READINGS = 2_000
"""A row of several tags is parted in two while it has more: an hour of rows is sealed in one go, in memory."""
AT_ONCE = 250_000
_ALL_TAGS = 2**32


def gather_all(connection: Connection) -> None:
    """Gather every fresh row, in the caller's transaction."""
    while gather(connection):
        pass


def gather(connection: Connection) -> int:
    """Gather the fresh rows that were committed first, some 250,000 readings; returns how many rows these were.

    A small row that was gathered last is gathered again with them: a plant commits several times a second, and each row
    takes its time to unpack, however few readings are in it. Damaged rows are stepped over.
    """
    fresh = _fresh(connection)
    if not fresh:
        return 0
    held = sum(len(entry) for entry in fresh.values())
    last = connection.exec_driver_sql(
        "select id, readings from journal where first_tag is not null order by id desc limit 1"
    ).first()
    taken = fresh
    if last is not None and last.readings + held <= GATHERED_READINGS:
        again = entry_of_row(connection, last.id)
        taken = fresh if again is None else {last.id: again, **fresh}
    whole = joined_entries(taken.values())
    connection.exec_driver_sql("delete from journal where id = ?", [(row_id,) for row_id in taken])
    whole = whole[np.argsort(narrow(whole.tag_ids), kind="stable")]
    update_latest(connection, whole)
    for part, first_tag, last_tag in _parts(whole.tag_ids, slice(0, len(whole)), 0, _ALL_TAGS):
        add_row(connection, whole[part], (first_tag, last_tag))
    return len(fresh)


def _fresh(connection: Connection) -> dict[int, JournalEntry]:
    """Sound rows that were committed first, by id."""
    found: dict[int, JournalEntry] = {}
    held = 0
    for row in connection.exec_driver_sql("select id, readings from journal where first_tag is null order by id").all():
        if found and held + row.readings > AT_ONCE:
            break
        entry = entry_of_row(connection, row.id)
        if entry is not None:
            found[row.id] = entry
            held += len(entry)
    return found


def _parts(tag_ids: U32, rows: slice, first: int, end: int) -> Iterator[tuple[slice, int, int]]:
    """Slices of ascending ids, with bounds of their ids, halved until small: rows of different times have like bounds,
    so that those of some tags can be taken out together."""
    if rows.stop - rows.start <= GATHERED_READINGS or end - first == 1:
        if rows.stop > rows.start:
            yield rows, first, end - 1
        return
    middle = (first + end) // 2
    at = rows.start + int(np.searchsorted(tag_ids[rows], np.uint32(middle)))
    yield from _parts(tag_ids, slice(rows.start, at), first, middle)
    yield from _parts(tag_ids, slice(at, rows.stop), middle, end)
