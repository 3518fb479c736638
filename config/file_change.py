"""What would become of a file, line by line? Its bytes before and after, so that the change can be undone."""

import difflib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.fault import InputError
from config.table_file import decoded


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file by its name, relative to the site file's folder, and its content before and after; None: no such file."""

    name: str
    before: bytes | None
    after: bytes | None

    def undone(self) -> "FileChange":
        """The change that takes this one back."""
        return FileChange(self.name, self.after, self.before)


def digest(changes: Iterable[FileChange]) -> str:
    """SHA-256 (hex) that tells one set of changes from every other, so that what is applied is what was shown."""
    whole = hashlib.sha256()
    for change in changes:
        for part in (change.name.encode(), change.before, change.after):
            whole.update(b"-" if part is None else b"%d:" % len(part) + part)
    return whole.hexdigest()


def difference(changes: Iterable[FileChange]) -> list[str]:
    """The changes as a unified difference, without line ends."""
    return [line for change in changes for line in _difference(change)]


def _difference(change: FileChange) -> Iterator[str]:
    before, after = _lines(change.name, change.before), _lines(change.name, change.after)
    old = "/dev/null" if change.before is None else change.name
    new = "/dev/null" if change.after is None else change.name
    for line in difflib.unified_diff(before, after, old, new, lineterm=""):
        yield line.rstrip("\r\n")


def _lines(name: str, content: bytes | None) -> list[str]:
    try:
        text = decoded(Path(name), content or b"")[1]
    except InputError:
        text = (content or b"").decode("utf-8", "backslashreplace")
    return text.split("\n")[: -1 if text.endswith("\n") else None] if text else []


def drafts(changes: Iterable[FileChange], folder: Path) -> Mapping[Path, bytes]:
    """What the files would hold, by path; one that would go is left out."""
    return {folder / change.name: change.after for change in changes if change.after is not None}
