"""Which files make up a store, or a copy of one? The database, and what SQLite keeps beside it under the same name."""

import os
from pathlib import Path

LOG = "-wal"
BALLAST = ".ballast"
BESIDE = (LOG, "-shm", "-journal")


def beside(path: Path, suffix: str) -> Path:
    """The file whose name is that of a store and what follows."""
    return path.with_name(path.name + suffix)


def log_bytes(path: Path) -> int:
    """Size of the write-ahead log; 0 where there is none."""
    try:
        return beside(path, LOG).stat().st_size
    except OSError:
        return 0


def remove(path: Path) -> None:
    """Remove a database and what belongs to it, which SQLite would take for the next one's; nothing where none is."""
    for suffix in ("", *BESIDE):
        beside(path, suffix).unlink(missing_ok=True)


def move(before: Path, after: Path) -> None:
    """Rename a database and what belongs to it, the file itself first."""
    for suffix in ("", *BESIDE):
        if beside(before, suffix).exists():
            beside(before, suffix).rename(beside(after, suffix))


def synced(path: Path) -> None:
    """Wait until a file, or which files a folder has, is on the disk. Raises OSError."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
