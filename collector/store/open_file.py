"""What became of the file beneath its writer? Somebody may cut it short, or remove it while it is open.

SQLite notices neither for long: it has much of the file in memory, and a file that was removed can be written to until
it is closed, when all of it is gone.
"""

import os
import sqlite3
import time
from contextlib import closing
from enum import Enum, auto
from pathlib import Path

from sqlalchemy import Connection

from collector.store import events
from collector.store.exchange import new_beside
from collector.store.files import BESIDE, LOG, beside, move, remove, synced
from collector.store.room import no_room
from collector.store.store import StoreError, driver_connection, transaction

HELD = ("", LOG, "-shm")
"""What SQLite has open as long as the writer has."""
WAS_CUT = "it was cut short while it was written to"
WAS_REMOVED = "it, or its log, was removed or replaced while it was written to"

STILL_OPEN = (
    "let the collector run until there is room: the file of the store was removed while it is open, and all that it has"
    " is gone once the collector stops"
)


class Fate(Enum):
    """same: nothing happened to the file. cut: it is shorter than it was, which SQLite never makes it. removed: it or
    its log is not there any more, or another file is in its place."""

    SAME = auto()
    CUT = auto()
    REMOVED = auto()


class OpenFile:
    """The file of a store, and what SQLite has beside it, as of when it was opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inodes: dict[str, int] = {}
        self._size = 0
        self.fate()

    def fate(self) -> Fate:
        """What became of it since it was looked at last; same where nobody can tell."""
        try:
            return self._fate()
        except OSError:
            return Fate.SAME

    def _fate(self) -> Fate:
        for suffix in HELD:
            state = _state(beside(self.path, suffix))
            known = self._inodes.get(suffix)
            if known is not None and known != (state and state[0]):
                return Fate.REMOVED
            if state:
                self._inodes[suffix] = state[0]
        size = (_state(self.path) or (0, 0))[1]
        if size < self._size:
            return Fate.CUT
        self._size = size
        return Fate.SAME


def write_again(connection: Connection, path: Path) -> Path:
    """Write what an open connection, in no transaction, still has of a file that was removed to a new one beside it.

    Raises StoreError without room, OSError and sqlite3.Error; nothing is left then.
    """
    new, held = new_beside(path), driver_connection(connection)
    (size,) = held.execute("select page_count * page_size from pragma_page_count, pragma_page_size").fetchone()
    if lacking := no_room(path.parent, size, STILL_OPEN):
        raise StoreError(lacking)
    remove(new)
    try:
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(new)) as copy:
            held.backup(copy, pages=-1)
            copy.execute("pragma journal_mode = delete")
        synced(new)
    except Exception:
        remove(new)
        raise
    return new


def take_its_place(path: Path, new: Path) -> str:
    """Put what was written again where the file was; what is there meanwhile is kept beside it. What happened.

    The connection to the file that was removed may still be open, and must not be used any more. Raises OSError.
    """
    what = WAS_REMOVED
    if any(beside(path, suffix).exists() for suffix in ("", *BESIDE)):
        found = beside(path, f".replaced-{time.time_ns() // 1000}")
        move(path, found)
        what += f"; what was found in its place is kept as {found.name}"
    new.rename(path)
    synced(path.parent)
    return what


def note_what_happened(connection: Connection, what: str) -> None:
    """Note that the file was written again."""
    with transaction(connection):
        events.save(connection, time.time_ns() // 1000, "store removed", what)


def _state(path: Path) -> tuple[int, int] | None:
    """Inode and size of a file; None where none is. Raises OSError."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size
