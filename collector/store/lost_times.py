"""Of which tags and times may readings be lost that a damaged file held? Pure: from its rows that could be read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np

from collector.store.chunk_rows import DAY_S, begin_s, tag_of
from collector.store.damage import ALL_TAGS
from plant.instant import US_PER_S
from plant.reading import I64


class LostTime(NamedTuple):
    """Readings of the tags with ids within bounds, in [start, end) [us], may be lost."""

    first_tag: int
    last_tag: int
    start_us: int
    end_us: int


@dataclass(slots=True)
class ReadRows:
    """Rows of a table that were read: their keys, and the time that each is of [us]. unread: bounds of keys between
    which a row may not have been read."""

    keys: list[int] = field(default_factory=list)
    start_us: list[int] = field(default_factory=list)
    end_us: list[int] = field(default_factory=list)
    unread: list[tuple[int, int]] = field(default_factory=list)

    def add(self, key: int, start_us: int, end_us: int) -> None:
        """Note a row that was read."""
        self.keys.append(key)
        self.start_us.append(start_us)
        self.end_us.append(end_us)

    def around_unread(self) -> Iterator[tuple[int | None, int | None]]:
        """Between which rows others may be missing, each pair once: the places of both in `keys`, None beyond them."""
        order = np.argsort(np.array(self.keys, dtype=np.int64))
        keys: I64 = np.array(self.keys, dtype=np.int64)[order]
        holes = {
            (int(np.searchsorted(keys, low)), int(np.searchsorted(keys, high, "right"))) for low, high in self.unread
        }
        for before, after in sorted(holes):
            yield int(order[before - 1]) if before else None, int(order[after]) if after < len(keys) else None

    def hidden(self, named: Iterable[int]) -> set[int]:
        """Which of the keys that are named elsewhere were not read, nor are among those that are known as unread."""
        keys: I64 = np.setdiff1d(np.fromiter(named, dtype=np.int64), np.array(self.keys, dtype=np.int64))
        bounds: I64 = np.array([(-1, -1), *sorted(self.unread)], dtype=np.int64)  # before all keys: none is before it
        before = np.searchsorted(bounds[:, 0], keys, "right") - 1
        return set(keys[np.maximum.accumulate(bounds[:, 1])[before] < keys].tolist())


def hidden_chunks(rows: ReadRows, keys: Iterable[int]) -> Iterator[LostTime]:
    """What is lost of chunks that have a summary, but that no page of their table leads to any more: another took the
    place of its first page. rows: all that were read."""
    hidden = rows.hidden(keys)
    for key, after in pairwise([*sorted(hidden.union(rows.keys)), -1]):
        if key in hidden:
            start_s, end_s = begin_s(key), begin_s(key) + DAY_S
            end_s = min(end_s, begin_s(after)) if tag_of(after) == tag_of(key) else end_s
            yield LostTime(tag_of(key), tag_of(key), start_s * US_PER_S, end_s * US_PER_S)


def hidden_journal(rows: ReadRows, named: Mapping[int, LostTime]) -> Iterator[LostTime]:
    """The same of the journal's rows, which an index names: the tags and the time of each by its key."""
    hidden = sorted(named[key] for key in rows.hidden(named))
    for _, of_tags in groupby(hidden, key=itemgetter(0, 1)):
        times = list(of_tags)
        yield times[0]._replace(end_us=max(one.end_us for one in times))


def lost_of_chunks(rows: ReadRows, since_us: int, until_us: int) -> Iterator[LostTime]:
    """What may be lost of the chunks. since, until: where the readings of a tag of which none was read may begin and
    end; chunks that were read say it better."""
    since_us, until_us = min(rows.start_us, default=since_us), max(rows.end_us, default=until_us)
    for before, after in rows.around_unread():
        first, start_us = (
            (ALL_TAGS[0], since_us) if before is None else (tag_of(rows.keys[before]), rows.end_us[before])
        )
        last, end_us = (ALL_TAGS[1], until_us) if after is None else (tag_of(rows.keys[after]), rows.start_us[after])
        if first == last:
            found = [LostTime(first, first, start_us, end_us)]
        else:
            found = [
                LostTime(first, first, start_us, until_us),
                LostTime(first + 1, last - 1, since_us, until_us),
                LostTime(last, last, since_us, end_us),
            ]
        yield from (one for one in found if one.first_tag <= one.last_tag and one.start_us < one.end_us)


def lost_of_journal(rows: ReadRows, since_us: int, until_us: int) -> Iterator[LostTime]:
    """What may be lost of the journal, of any tag: rows are of about the time of those beside them, which they may
    share. since: up to when readings lie in chunks; until: when the file was written to last. Late readings among the
    lost are counted, but nobody knows their times."""
    for before, after in rows.around_unread():
        start_us = since_us if before is None else rows.start_us[before]
        end_us = until_us if after is None else rows.end_us[after]
        if start_us < end_us:
            yield LostTime(*ALL_TAGS, start_us, end_us)
