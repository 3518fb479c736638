"""What if the first bytes of a file are damaged? SQLite then finds nothing in it, though all pages may be whole.

Format of the header: sqlite.org/fileformat2.html, 1.3. What it says of a store is always the same, but for counts that
SQLite does without: the number of pages is that of the file, pages that are free are not used again.
"""

import logging
import os
import sqlite3
import struct
from pathlib import Path

log = logging.getLogger(__name__)

_SIZE = 100
_BEGIN = struct.pack(">16sHBBBBBB", b"SQLite format 3\0", 4096, 2, 2, 0, 64, 32, 32)
"""Page size, write-ahead log for who writes and who reads, no bytes reserved, three fractions that are given."""
_SCHEMA_FORMAT, _UTF_8 = 4, 1
_HEADER = _BEGIN + struct.pack(
    ">12I20xII", 1, 0, 0, 0, 1, _SCHEMA_FORMAT, 0, 0, _UTF_8, 0, 0, 0, 0, sqlite3.sqlite_version_info[0] * 1_000_000
)


def mend_header(path: Path) -> bool:
    """Write the header of a store's file anew where it is damaged; whether it was. Only for a file that is put aside
    afterwards and that nobody has open. Raises OSError."""
    with path.open("r+b") as file:
        found = file.read(_SIZE)
        if all(found[at : at + 4] == _HEADER[at : at + 4] for at in (*range(0, len(_BEGIN), 4), 44, 56)):
            return False
        log.error("the header of %s was damaged and is written anew; it was %s", path, found.hex())
        file.seek(0)
        file.write(_HEADER)
        file.flush()
        os.fsync(file.fileno())
    return True
