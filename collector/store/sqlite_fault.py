"""What does an error of SQLite mean for the store? Its file is damaged, its disk is full, or something else."""

import errno
import sqlite3
from collections.abc import Iterator
from enum import Enum, auto

_IOERR_OF_DAMAGE = {
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    getattr(sqlite3, "SQLITE_IOERR_DATA", 8202),
    getattr(sqlite3, "SQLITE_IOERR_CORRUPTFS", 8458),
}
"""Reads that fail. A write that fails is tried again: what is stored is as it was."""

_NO_TEXT = "Could not decode to UTF-8"
"""What Python says of a column that SQLite takes for a text and that holds anything else; it has no code."""


class SqliteFault(Enum):
    """damaged: parts of the file cannot be read (SQLITE_CORRUPT, SQLITE_NOTADB, reads with SQLITE_IOERR, texts that are
    none). full: no room (SQLITE_FULL, ENOSPC). other: anything else."""

    DAMAGED = auto()
    FULL = auto()
    OTHER = auto()


def fault_of(error: BaseException) -> SqliteFault:
    """What an error says, or what caused it."""
    for one in _causes(error):
        code = getattr(one, "sqlite_errorcode", None)
        if code is not None and (code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)):
            return SqliteFault.DAMAGED
        if code in _IOERR_OF_DAMAGE or (isinstance(one, sqlite3.Error) and _NO_TEXT in str(one)):
            return SqliteFault.DAMAGED
        if code == sqlite3.SQLITE_FULL or (isinstance(one, OSError) and one.errno == errno.ENOSPC):
            return SqliteFault.FULL
    return SqliteFault.OTHER


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        original = getattr(error, "orig", None)
        if isinstance(original, BaseException):
            yield original
        error = error.__cause__ or error.__context__
