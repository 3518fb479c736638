"""What does an error of SQLite mean for the store? Its file is damaged, its disk is full, or something else."""

import errno
import sqlite3
from collections.abc import Iterator
from enum import Enum, auto

from collector.store.chunk import DamagedRowError

_IOERR_OF_DAMAGE = {
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    getattr(sqlite3, "SQLITE_IOERR_DATA", 8202),
    getattr(sqlite3, "SQLITE_IOERR_CORRUPTFS", 8458),
}
"""Reads that fail. A write that fails is tried again: what is stored is as it was."""

_SAID_OF_DAMAGE = ("Could not decode to UTF-8", "unsupported file format")
"""What has no code of its own: a text that is none (said by Python), a header of a format that there never was."""


class SqliteFault(Enum):
    """damaged: parts of the file cannot be read (SQLITE_CORRUPT, SQLITE_NOTADB, reads with SQLITE_IOERR, texts or
    tags that are none). full: no room (SQLITE_FULL, ENOSPC, none for the index of the log). other: anything else."""

    DAMAGED = auto()
    FULL = auto()
    OTHER = auto()


def fault_of(error: BaseException) -> SqliteFault:
    """What an error says, or what caused it."""
    for one in _causes(error):
        if isinstance(one, DamagedRowError):
            return SqliteFault.DAMAGED
        code = getattr(one, "sqlite_errorcode", None)
        if code is not None and (code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)):
            return SqliteFault.DAMAGED
        if code in _IOERR_OF_DAMAGE or _says_damage(one):
            return SqliteFault.DAMAGED
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE) or (
            isinstance(one, OSError) and one.errno == errno.ENOSPC
        ):
            return SqliteFault.FULL
    return SqliteFault.OTHER


def _says_damage(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and any(said in str(error) for said in _SAID_OF_DAMAGE)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__
