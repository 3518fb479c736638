"""What if the file of the store is damaged? It is put aside whole and a new one takes its place: collecting goes on.

The new store has the same tags by the same ids, and all that is small: texts, devices, newest readings, gaps, orders,
corrections, reports. The readings of the damaged file follow (`salvage`). Killed at any instant, the next start finds
either file, or finishes the exchange.
"""

import logging
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Column, Connection, Table
from sqlalchemy.exc import DataError, IntegrityError

from collector.store import events, reports, schema
from collector.store.chunk import ChunkError
from collector.store.damaged_file import opened_as_it_is
from collector.store.exchange import SALVAGED, asides, exchange, new_beside, unsalvaged
from collector.store.files import beside, move, remove
from collector.store.header import mend_header
from collector.store.journal import unpack
from collector.store.latest import update_latest
from collector.store.store import locked, transaction, writing
from collector.store.tags import StoredTag, is_definition, tag_row
from plant.instant import US_PER_S

log = logging.getLogger(__name__)

LARGE = frozenset({"journal", "chunk", "stamp", "summary", "replaced", "element"})
"""Tables of readings, which are salvaged afterwards, and of what is made from them."""
MOST_TEXTS_LOST = 2**32
"""So many ids are left out where texts are lost: none of theirs must ever become that of another text."""


def renew(path: Path, tags: Iterable[StoredTag], reason: str) -> Path:
    """Put the file of a store aside, and in its place a new one with all that is small; where the damaged file is.

    For who wrote to it and has closed it. tags: those that are known by heart, should their rows be damaged. Raises
    StoreError and OSError, for example on a full disk; at most the header of the file is changed then.
    """
    new, aside = new_beside(path), beside(path, f".damaged-{time.time_ns() // 1000}")
    with locked(path):
        remove(new)
        mend_header(path)
        try:
            with writing(new) as connection, transaction(connection):
                _copy(path, connection, tags)
                events.save(connection, time.time_ns() // 1000, "store damaged", f"{reason}; kept as {aside.name}")
        except Exception:
            remove(new)  # of what is half made, nothing may ever take a store's place, or its room
            raise
        finally:
            beside(new, ".lock").unlink(missing_ok=True)
        exchange(path, aside)
    log.error("the store was damaged (%s) and is kept as %s; a new one was begun", reason, aside.name)
    return aside


def newest_aside(path: Path) -> Path | None:
    """The damaged file that was put aside last; None: there is none."""
    return max(asides(path), default=None)


def to_salvage(path: Path) -> Path | None:
    """The first damaged file whose readings were not taken over yet; None: there is none."""
    return next(iter(unsalvaged(path)), None)


def mark_salvaged(aside: Path) -> None:
    """Note in the name of a damaged file that its readings were taken over."""
    move(aside, beside(aside, SALVAGED))


def _copy(old: Path, connection: Connection, tags: Iterable[StoredTag]) -> None:
    torn = set()
    for table in schema.metadata.sorted_tables:
        if table.name not in LARGE and not _copy_table(old, connection, table):
            torn.add(table.name)
        if table is schema.tag:
            for row in map(tag_row, tags):
                connection.exec_driver_sql(
                    "insert or ignore into tag (id, name, device, definition) values (?, ?, ?, ?)", row
                )
    _note_newest(old, connection)
    now_us = time.time_ns() // 1000
    if torn & {"report", "epoch"}:  # numbers of reports that are lost must not be given again
        number = max(reports.newest_epoch(connection) + 1, now_us // US_PER_S)
        reports.begin_epoch(connection, number, now_us, "the store was damaged")
    if "text" in torn:  # nor those of texts: readings that are salvaged have them
        connection.exec_driver_sql(
            "insert into text (id, text) select coalesce(max(id), 0) + ?, ? from text",
            (MOST_TEXTS_LOST, f"texts were lost at {now_us}"),
        )


def _copy_table(old: Path, connection: Connection, table: Table) -> bool:
    """Copy what can be read of a table from its beginning, and else from its end; whether that was all."""
    whole = True
    for order in ("", " order by rowid desc"):
        try:
            with closing(opened_as_it_is(old)) as source:
                present = {row[1] for row in source.execute(f"pragma table_info({table.name})")}
                named = [f'"{column.name}"' for column in table.columns if column.name in present]
                if not named:  # an older file, or its schema is damaged
                    return False
                kinds = [_stored_as(column) for column in table.columns if column.name in present]
                columns, marks = ", ".join(named), ", ".join("?" * len(named))
                insert = f"insert or ignore into {table.name} ({columns}) values ({marks})"
                for row in source.execute(f"select {columns} from {table.name}{order}"):
                    whole = _fits(row, kinds, table) and _take(connection, insert, row, table) and whole
            return whole
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            log.error("table %s cannot be read to its end: %s", table.name, error)
            whole = False
    return False


def _note_newest(old: Path, connection: Connection) -> None:
    """Take the newest readings from what was just committed: `latest` has those of rows that were gathered."""
    known = connection.exec_driver_sql("select id from tag").scalars().all()
    query = "select payload from journal where first_tag is null order by id"
    with suppress(sqlite3.Error), closing(opened_as_it_is(old)) as source:
        for (payload,) in source.execute(query):
            with suppress(ChunkError):
                entry = unpack(payload)
                update_latest(connection, entry[np.isin(entry.tag_ids, known)])


def _stored_as(column: Column[Any]) -> type:
    kind = column.type.python_type
    return str if kind is date else kind


def _fits(row: tuple[Any, ...], kinds: list[type], table: Table) -> bool:
    """Whether the values of a row are of the types of their columns, which SQLite leaves to whoever writes: pages of
    another table may have come into the place of this one's."""
    fits = all(value is None or isinstance(value, kind) for value, kind in zip(row, kinds, strict=True))
    if fits and (table is not schema.tag or is_definition(row[-1])):
        return True
    log.error("a row of %s is damaged and not taken over", table.name)
    return False


def _take(connection: Connection, insert: str, row: tuple[Any, ...], table: Table) -> bool:
    """Whether a row that was read is one that the schema allows; any other fault ends the renewal."""
    try:
        if connection.exec_driver_sql(insert, row).rowcount:
            return True
    except (IntegrityError, DataError, UnicodeError) as error:
        log.error("a row of %s is damaged and not taken over: %s", table.name, error)
    return False
