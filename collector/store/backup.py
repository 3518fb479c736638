"""How is a store copied while it is written? As one reader sees it, page by page, looked through before it is named."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from collector.store.findings import Findings
from collector.store.pending_import import pending_files
from collector.store.store import StoreError, reading
from collector.store.verification import verified

BACKUP = "backup"
"""Kind of the event that a copy has, and its store has not: at that instant [us] it was all that the store had."""

LONGEST_WAIT_S = 120.0
"""For imports that are being merged; 10 million readings take half a minute."""


class HalfImportedError(StoreError):
    """The store has a part of an import, the rest of which is in a file beside it."""


def back_up(store: Path, target: Path, now_us: int) -> Findings:
    """Copy a store to a file that is not there yet, whether a collector runs or not, and look the copy through.

    Waits two minutes for an import that is just being merged. Raises StoreError where that takes longer, there is no
    store, or the copy cannot be written. A copy with faults stays under the name of `unfinished`; so does nothing else:
    cut off, it is made anew by the next backup to the same file.
    """
    part = unfinished(target)
    if not store.exists():
        raise StoreError(f"{store}: there is no store yet")
    if target.exists():
        raise StoreError(f"{target}: is there already; nothing was written. Name another file, or move this one away")
    _wait_for_imports(store)
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with reading(store) as connection:
            _require_whole(store, target)
            connection.exec_driver_sql("select count(*) from event").scalar()  # from here on the view stands still
            _require_whole(store, target)
            _copy(connection, part, now_us)
        found = verified_file(part)
        if not found.fault_count:
            synced(part)
            os.rename(part, target)
            synced(target.parent)
    except HalfImportedError:
        part.unlink(missing_ok=True)
        raise
    except (OSError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{target}: cannot be written: {why}") from error
    return found


def unfinished(target: Path) -> Path:
    """Where a copy is until it is whole."""
    return target.with_name(target.name + ".part")


def verified_file(file: Path) -> Findings:
    """What is wrong with a store or a copy of one. Raises StoreError for another database or version."""
    try:
        with reading(file) as connection:
            return verified(connection)
    except StoreError as error:
        fault = getattr(error.__cause__, "orig", None)
        if type(fault) is not sqlite3.DatabaseError:  # what derives from it, a lock say, is no damage
            raise
        found = Findings()
        found.add(file.name, f"cannot be opened: {fault}")
        return found


def synced(path: Path) -> None:
    """Wait until a file, or which files a folder has, is on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _wait_for_imports(store: Path) -> None:
    until_s = time.monotonic() + LONGEST_WAIT_S
    while any(pending_files(store)) and time.monotonic() < until_s:
        time.sleep(0.2)


def _require_whole(store: Path, target: Path) -> None:
    if any(pending_files(store)):
        raise HalfImportedError(
            f"{target}: was not written, since an import is just being merged into the store; back up again when that"
            " is done. One that was cut off is gone on with by smartwings run"
        )


def _copy(connection: Connection, part: Path, now_us: int) -> None:
    source = connection.connection.driver_connection
    assert isinstance(source, sqlite3.Connection)
    with closing(sqlite3.connect(part)) as copy:
        # All pages in one step: it is one reader's view, which writers beside it neither change nor start anew.
        source.backup(copy, pages=-1)
        copy.execute("pragma journal_mode = delete")  # one file, which can be sent as it is
        with copy:
            copy.execute("insert into event (time_us, kind, detail) values (?, ?, '')", (now_us, BACKUP))
