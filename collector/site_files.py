"""How do the site file and its tag lists change on disk? All of them or none, each whole or not at all."""

import logging
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from config.fault import InputError, read_bytes
from config.file_change import FileChange
from config.secret_file import drafted

_MOST_BYTES = 2**30

log = logging.getLogger(__name__)


def content(path: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises InputError for one that cannot be read."""
    try:
        return read_bytes(path, _MOST_BYTES)
    except InputError:
        if path.exists():
            raise
        return None


@contextmanager
def written(changes: Sequence[FileChange], folder: Path) -> Iterator[None]:
    """The files as they are after the changes; if the block fails, they are put back. Raises OSError."""
    done: list[FileChange] = []
    try:
        for change in changes:
            done.append(change)  # before it is tried: it may fail after the file was replaced
            _put(folder / change.name, change.after)
        yield
    except BaseException:
        for change in reversed(done):
            _put_back(folder / change.name, change.before)
        raise


def _put_back(path: Path, data: bytes | None) -> None:
    """As it was before, if it is not so still; one that fails must not keep the others from it."""
    try:
        if (path.read_bytes() if path.exists() else None) != data:
            _put(path, data)
    except OSError:
        log.exception("%s: could not be put back", path.name)


def _put(path: Path, data: bytes | None) -> None:
    path = path.resolve()
    if data is None:
        path.unlink()
    else:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
        owner = path.stat() if path.exists() else path.parent.stat()
        draft = drafted(path, data)
        try:
            draft.chmod(mode)
            with suppress(PermissionError):
                os.chown(draft, owner.st_uid, owner.st_gid)
            draft.replace(path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
