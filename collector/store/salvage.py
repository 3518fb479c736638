"""What can still be read of a damaged file? Row by row, around what is damaged, merged into the store in its place.

A reading that is there already changes nothing, so that it may be begun again at any time.
"""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from collector.store import account, changes, events, reports
from collector.store.account import Total
from collector.store.chunk_rows import kinds
from collector.store.damage import ALL_TAGS, declare
from collector.store.damaged_file import DamagedFile, Found
from collector.store.exchange import unsalvaged
from collector.store.journal import JournalEntry
from collector.store.latest import update_latest
from collector.store.merging import merge_into_chunks
from collector.store.renewal import mark_salvaged
from collector.store.replaced import keep_replaced
from collector.store.tags import name_lost_texts
from plant.credible_time import RELEASED_US
from plant.tag import Kind

log = logging.getLogger(__name__)

AT_ONCE = 100_000


class Salvage:
    """Takes the readings of a damaged file over, some at a time."""

    def __init__(self, aside: Path) -> None:
        self.aside = aside
        self.taken = 0
        self._store = aside.with_name(aside.name.rpartition(".damaged-")[0])
        self._file = DamagedFile(aside)
        self._found: Iterator[Found] | None = None
        self._into: Connection | None = None

    def step(self, connection: Connection) -> bool:
        """Take the next 100,000 readings or so over, in the caller's transaction; whether there may be more.

        Raises RuntimeError where the store is not the one of the step before: what that one took may not be in it.
        """
        if self._into not in (None, connection):
            raise RuntimeError("the store was replaced meanwhile; taking over begins again")
        self._into = connection
        if self._found is None:
            self._found = self._file.readings()
        known, held = self._same_tags(connection), 0
        kind_of = kinds(connection, *ALL_TAGS)
        for found in self._found:
            if found.tag_id in known and len(found.readings):
                self._take(connection, found)
                if kind_of[found.tag_id] is Kind.TEXT:
                    values = found.readings.values
                    name_lost_texts(connection, np.unique(values[~np.isnan(values)]).astype(np.int64).tolist())
            held += len(found.readings) + 100
            if held > AT_ONCE:
                return True
        self._finish(connection)
        return False

    def _take(self, connection: Connection, found: Found) -> None:
        tag_id, readings, span_s, replaced_us = found
        if replaced_us is not None:
            keep_replaced(connection, tag_id, readings, replaced_us)
            return
        self.taken += merge_into_chunks(connection, tag_id, readings, span_s).new
        update_latest(connection, JournalEntry(np.full(len(readings), tag_id, dtype=np.uint32), readings))

    def _same_tags(self, connection: Connection) -> set[int]:
        """Ids that both files have for the same name: readings must never become those of another tag."""
        return {tag_id for tag_id, name in _tags(connection).items() if self._file.tags.get(tag_id) == name}

    def _finish(self, connection: Connection) -> None:
        now_us = time.time_ns() // 1000
        what = f"{self.taken} readings of {self.aside.name} were taken over"
        if unsalvaged(self._store)[1:]:
            what += "; others follow from another file"
        else:
            lost = max(0, account.account(connection).missing)
            account.add(connection, Total.DAMAGED, lost)
            what += f"; {lost} are lost"
        for first_tag, last_tag, start_us, end_us in self._file.lost:
            declare(connection, (first_tag, last_tag), start_us, end_us)
        if self._file.lacks_tags:  # what the tags of lost rows had read is left where it is: nobody knows whose it was
            for tag_id in _tags(connection).keys() - self._same_tags(connection):
                declare(connection, (tag_id, tag_id), RELEASED_US, self._file.written_us)
        # Records were made without all this; reports only where they could not wait.
        waited = not reports.made_since(connection, self._file.written_us)
        (changes.drop_kept if waited else changes.note)(connection, 0, now_us)
        events.save(connection, now_us, "store salvaged", what)
        log.warning("%s", what)

    def done(self) -> None:
        """Note that all was taken over, once that is durable."""
        mark_salvaged(self.aside)


def _tags(connection: Connection) -> dict[int, str]:
    return {row.id: row.name for row in connection.exec_driver_sql("select id, name from tag")}
