"""What does a file say that only its owner may read?"""

import stat
from pathlib import Path

from config.fault import file_fault, read_bytes

MOST_BYTES = 64 * 1024


def is_private(path: Path) -> bool:
    """Whether nobody but its owner may read or change a file. Raises OSError for one that is not there."""
    return not stat.S_IMODE(path.stat().st_mode) & 0o077


def read_secret(path: Path) -> bytes:
    """Content of a secret's file. Raises InputError for one that cannot be read, or that others than its owner may."""
    content = read_bytes(path, MOST_BYTES)
    if not is_private(path):
        raise file_fault(path, "must be readable by its owner alone: chmod 600")
    return content


def read_password(path: Path) -> str:
    """The password that a file holds, without the line end. Raises InputError."""
    try:
        return read_secret(path).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise file_fault(path, "must be UTF-8 text") from None
