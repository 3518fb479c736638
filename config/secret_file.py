"""What does a file say that only its owner may read, and how is one written?"""

import os
import secrets
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


def write_secret(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner alone. Raises OSError."""
    drafted(path, content).replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def drafted(path: Path, content: bytes) -> Path:
    """A new file beside a secret's, with its content to be and readable by its owner alone. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    return draft
