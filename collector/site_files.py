"""How do the site file and its tag lists change on disk? All of them or none, each whole or not at all."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from config.fault import InputError, read_bytes
from config.file_change import FileChange
from config.secret_file import drafted

_MOST_BYTES = 2**30


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
            _put(folder / change.name, change.after)
            done.append(change)
        yield
    except BaseException:
        for change in reversed(done):
            _put(folder / change.name, change.before)
        raise


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
