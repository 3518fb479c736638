"""How do readings get from the journal into hour chunks? Tags after tags, so that a transaction and its memory are
bounded: after each, every reading is in exactly one of both."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store import account
from collector.store.account import Total
from collector.store.chunk_rows import HOUR_S
from collector.store.gathering import gather_all
from collector.store.journal import JournalEntry
from collector.store.journal_rows import entry_of_row, joined_entries, keep_rest, narrow
from collector.store.merging import Written, merge_into_chunks
from collector.store.new_chunks import add_new_chunks
from plant.reading import U32

MOST_READINGS = 250_000
MOST_TAGS = 512
_ALL_TAGS = 2**32
_EVER_US = 2**63 - 1


class Sealed(NamedTuple):
    """What was written, and the tag id to go on with; None: nothing is left to seal."""

    written: Written
    next_tag: int | None


@dataclass(frozen=True, slots=True)
class _Share:
    """Rows of the journal that hold what is to be sealed of the tags [first, end), in order of arrival.

    wanted: ids of the only tags that are to be sealed, ascending; None: all.
    """

    first: int
    end: int
    rows: list[int]
    wanted: U32 | None = None

    def has(self, tag_ids: U32) -> NDArray[np.bool_]:
        """Mask of the ids whose readings are to be sealed."""
        within = (tag_ids >= np.uint32(self.first)) & (tag_ids < np.uint32(self.end))
        return within if self.wanted is None else within & np.isin(tag_ids, self.wanted)


def seal(connection: Connection, before_us: int) -> Written:
    """Move every reading before an instant from the journal into hour chunks. One transaction: the caller's.

    A row that reaches beyond the instant keeps the rest, so that readings of one time never overtake one another.
    Late readings are sealed with the others; where a day is already merged, its chunk is rewritten.
    """
    gather_all(connection)
    written, next_tag = Written(), 0
    while True:
        step = seal_next(connection, before_us, next_tag)
        written += step.written
        if step.next_tag is None:
            return written
        next_tag = step.next_tag


def seal_next(connection: Connection, before_us: int, first_tag: int) -> Sealed:
    """The same of some tags only, the first from an id on, and of what is gathered already."""
    share = _share(connection, before_us, first_tag)
    if share is None:
        return Sealed(Written(), None)
    return Sealed(_seal(connection, before_us, share), share.end if share.end < _ALL_TAGS else None)


def seal_tags(connection: Connection, tag_ids: Iterable[int]) -> None:
    """Move every reading of some tags from the journal into hour chunks, in one pass over it."""
    gather_all(connection)
    wanted = np.unique(np.fromiter(tag_ids, dtype=np.uint32))
    at = 0
    while at < len(wanted):
        share = _share(connection, _EVER_US, int(wanted[at]), wanted)
        if share is None:
            return
        _seal(connection, _EVER_US, share)
        at = int(np.searchsorted(wanted, share.end))


def _share(connection: Connection, before_us: int, first_tag: int, wanted: U32 | None = None) -> _Share | None:
    last_tag = _ALL_TAGS if wanted is None else int(wanted[-1])
    rows = connection.exec_driver_sql(
        "select id, first_tag, last_tag, readings from journal"
        " where first_tag <= ? and last_tag >= ? and min_us < ? order by first_tag",
        (last_tag, first_tag, before_us),
    )
    taken: list[tuple[int, int]] = []
    held, end = 0, _ALL_TAGS
    for row in rows:
        at = max(row.first_tag, first_tag)
        if wanted is not None and not _any_between(wanted, at, row.last_tag):
            continue
        held += row.readings
        if taken and at > taken[0][0] and (held > MOST_READINGS or at >= taken[0][0] + MOST_TAGS):
            end = at
            break
        taken.append((at, row.id))
    rows.close()
    if not taken:
        return None
    first = taken[0][0]
    return _Share(first, min(end, first + MOST_TAGS), sorted(row_id for at, row_id in taken if at < end), wanted)


def _any_between(ids: U32, first: int, last: int) -> bool:
    return bool(np.searchsorted(ids, first) < np.searchsorted(ids, last, side="right"))


def _seal(connection: Connection, before_us: int, share: _Share) -> Written:
    found = joined_entries(_taken_out(connection, row_id, before_us, share) for row_id in share.rows)
    found = found[np.lexsort((found.readings.times_us, narrow(found.tag_ids)))]
    left = add_new_chunks(connection, found)
    written, rest = Written(len(found) - int(left.sum())), found[left]
    tags, starts = np.unique(rest.tag_ids, return_index=True)
    for tag_id, (start, end) in zip(tags.tolist(), pairwise([*starts.tolist(), len(rest)]), strict=True):
        written += merge_into_chunks(connection, tag_id, rest.readings[start:end], HOUR_S)
    account.add(connection, Total.REPEATED, written.unchanged)
    return written


def _taken_out(connection: Connection, row_id: int, before_us: int, share: _Share) -> JournalEntry:
    """The readings of a row that are to be sealed; the row keeps the rest. A damaged one is set aside."""
    entry = entry_of_row(connection, row_id)
    if entry is None:
        return joined_entries([])
    due = (entry.readings.times_us < before_us) & share.has(entry.tag_ids)
    if due.any():
        keep_rest(connection, row_id, entry[~due])
    return entry[due]
