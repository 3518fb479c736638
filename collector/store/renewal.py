"""What if the file of the store is damaged? It is put aside whole and a new one takes its place: collecting goes on.

The new store has the same tags by the same ids, and all that is small: texts, devices, newest readings, gaps, orders,
corrections, reports. The readings of the damaged file follow (`salvage`). Killed at any instant, the next start finds
either file, or finishes the exchange.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Table

from collector.store import events, schema
from collector.store.store import locked, transaction, writing
from collector.store.tags import StoredTag, tag_row

log = logging.getLogger(__name__)

LARGE = frozenset({"journal", "chunk", "stamp", "summary", "replaced", "element"})
"""Tables of readings, which are salvaged afterwards, and of what is made from them."""
SALVAGED = ".salvaged"
_FILES = ("", "-wal", "-shm")


def renew(path: Path, tags: Iterable[StoredTag], reason: str) -> Path:
    """Put the file of a store aside, and in its place a new one with all that is small; where the damaged file is.

    For who wrote to it and has closed it. tags: those that are known by heart, should their rows be damaged. Raises
    StoreError and OSError, for example on a full disk; nothing is changed then.
    """
    new, aside = _beside(path, ".new"), _beside(path, f".damaged-{time.time_ns() // 1000}")
    with locked(path):
        for suffix in _FILES:
            _beside(new, suffix).unlink(missing_ok=True)
        with writing(new) as connection, transaction(connection):
            _copy(path, connection, tags)
            events.save(connection, time.time_ns() // 1000, "store damaged", f"{reason}; kept as {aside.name}")
        _beside(new, ".lock").unlink(missing_ok=True)
        _exchange(path, new, aside)
    log.error("the store was damaged (%s) and is kept as %s; a new one was begun", reason, aside.name)
    return aside


def finish(path: Path) -> None:
    """Finish an exchange that was cut off, before the store is opened."""
    new, aside = _beside(path, ".new"), newest_aside(path)
    if not path.exists() and new.exists() and aside is not None:
        _exchange(path, new, aside)


def newest_aside(path: Path) -> Path | None:
    """The damaged file that was put aside last; None: there is none."""
    return max(_asides(path), default=None)


def to_salvage(path: Path) -> Path | None:
    """The first damaged file whose readings were not taken over yet; None: there is none."""
    return min((one for one in _asides(path) if not one.name.endswith(SALVAGED)), default=None)


def mark_salvaged(aside: Path) -> None:
    """Note in the name of a damaged file that its readings were taken over."""
    move(aside, _beside(aside, SALVAGED))


def move(before: Path, after: Path) -> None:
    """Rename a database and what belongs to it, the file itself first."""
    for suffix in _FILES:
        if _beside(before, suffix).exists():
            _beside(before, suffix).rename(_beside(after, suffix))


def _exchange(path: Path, new: Path, aside: Path) -> None:
    move(path, aside)  # with its log: that of the old file must never be applied to the new one
    new.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _asides(path: Path) -> list[Path]:
    found = path.parent.glob(f"{path.name}.damaged-*")
    return [one for one in found if not one.name.endswith(("-wal", "-shm", ".lock"))]


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _copy(old: Path, connection: Connection, tags: Iterable[StoredTag]) -> None:
    for table in schema.metadata.sorted_tables:
        if table.name not in LARGE:
            whole = _copy_table(old, connection, table)
            if table is schema.tag:
                rows = [tag_row(stored) for stored in tags]
                for row in rows:
                    connection.exec_driver_sql(
                        "insert or ignore into tag (id, name, device, definition) values (?, ?, ?, ?)", row
                    )
            if table is schema.report and not whole:  # numbers of reports that are lost must not be given again
                connection.exec_driver_sql(
                    "insert or ignore into epoch (number, begun_us, reason) values (?, ?, 'the store was damaged')",
                    (int(time.time()), time.time_ns() // 1000),
                )


def _copy_table(old: Path, connection: Connection, table: Table) -> bool:
    """Copy what can be read of a table from its beginning, and else from its end; whether that was all."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    insert = f"insert or ignore into {table.name} ({columns}) values ({', '.join('?' * len(table.columns))})"
    for order in ("", " order by rowid desc"):
        try:
            source = sqlite3.connect(f"{old.absolute().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error:
            return False
        try:
            for row in source.execute(f"select {columns} from {table.name}{order}"):
                try:
                    connection.exec_driver_sql(insert, row)
                except Exception as error:  # a row that the schema does not allow is damaged as well
                    log.error("a row of %s is not taken over: %s", table.name, error)
            return order == ""
        except (sqlite3.Error, OverflowError, UnicodeError) as error:
            log.error("table %s cannot be read to its end: %s", table.name, error)
        finally:
            source.close()
    return False
