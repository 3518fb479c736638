"""How is a store copied while it is written? As one reader sees it, page by page, looked through before it is named."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from collector.store.files import log_bytes, remove, synced
from collector.store.findings import Findings
from collector.store.pending_import import pending_files
from collector.store.room import no_room
from collector.store.store import StoreError, driver_connection, locked, reading
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
    store, another backup of it is being made, there is no room, or the copy cannot be written. A copy with faults stays
    under the name of `unfinished`; so does nothing else: cut off, it is made anew by the next backup to the same file.
    """
    if not store.exists():
        raise StoreError(f"{store}: there is no store yet")
    if target.exists():
        raise StoreError(f"{target}: is there already; nothing was written. Name another file, or move this one away")
    # Of two at once, each would take the other's half copy for its own.
    with locked(store.with_name(store.name + ".backup")):
        return _made(store, target, now_us)


def _made(store: Path, target: Path, now_us: int) -> Findings:
    part = unfinished(target)
    _wait_for_imports(store)
    try:
        remove(part)
        if lacking := no_room(target.parent, size_of(store), "name a file on another disk", store):
            raise StoreError(lacking)
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
        remove(part)
        raise
    except (OSError, sqlite3.Error) as error:
        remove(part)
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StoreError(f"{target}: cannot be written: {why}") from error
    return found


def unfinished(target: Path) -> Path:
    """Where a copy is until it is whole."""
    return target.with_name(target.name + ".part")


def size_of(store: Path) -> int:
    """Bytes that a copy of a store may take, what is in its write-ahead log included."""
    return store.stat().st_size + log_bytes(store)


def verified_file(file: Path) -> Findings:
    """What is wrong with a store or a copy of one. Raises StoreError for what is none, or of another version."""
    require_store_file(file)
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


def require_store_file(file: Path) -> None:
    """Raises StoreError for what cannot be a store or a backup: an empty one SQLite would take for a new store."""
    if not file.exists():
        raise StoreError(f"{file}: is not there")
    if not file.is_file():
        raise StoreError(f"{file}: is no file")
    if not file.stat().st_size:
        raise StoreError(f"{file}: is empty; it is neither a store nor a backup")


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
    with closing(sqlite3.connect(part)) as copy:
        # All pages in one step: it is one reader's view, which writers beside it neither change nor start anew.
        driver_connection(connection).backup(copy, pages=-1)
        copy.execute("pragma journal_mode = delete")  # one file, which can be sent as it is
        with copy:
            copy.execute("insert into event (time_us, kind, detail) values (?, ?, '')", (now_us, BACKUP))
