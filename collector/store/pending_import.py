"""How do so many readings get into the store at once that one transaction would hold everything up? All or none still.

They are put into a file beside the store first, day by day of each tag. As soon as that file has its final name, the
import counts: it is merged in transactions that are short, and if it is cut off, whoever opens the store next goes on.
Merging again what was merged changes nothing.
"""

import logging
import os
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from sqlalchemy import Connection

from collector.store import changes, readings
from collector.store.chunk import ChunkError, decode, encode
from collector.store.merging import Written
from plant.reading import Readings, joined

log = logging.getLogger(__name__)

AT_ONCE = 50_000
_MOST_PARTS = 200
_PART = struct.Struct("<IIQI")
_HEADER = struct.Struct("<8sqB")
_MAGIC = b"SWimport"


def import_file(store: Path) -> IO[bytes]:
    """A file beside a store that whoever opens the store next deletes, unless it is made one that counts."""
    return tempfile.NamedTemporaryFile(prefix=f"{store.name}.import-", suffix=".part", dir=store.parent, delete=False)


class ImportWriter:
    """Writes what is to be imported."""

    def __init__(self, store: Path, now_us: int, replace: bool) -> None:
        self._file = import_file(store)
        self._file.write(_HEADER.pack(_MAGIC, now_us, replace))

    def add(self, tag_id: int, file: int, found: Readings) -> None:
        """Readings of a tag, ascending, that the file of a number brings."""
        blob = encode(found)
        self._file.write(_PART.pack(tag_id, file, len(found), len(blob)) + blob)

    def commit(self) -> Path:
        """From here on the import counts, even if the power fails now."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        part = Path(self._file.name)
        final = part.with_suffix(".whole")
        part.rename(final)
        folder = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return final

    def discard(self) -> None:
        """Nothing is imported."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


@dataclass(slots=True)
class PendingImport:
    """An import that counts and is being merged. written: what became of the readings of each file so far."""

    path: Path
    written: dict[int, Written] = field(default_factory=dict)
    _at: int = _HEADER.size
    _bounds: dict[int, tuple[int, int]] = field(default_factory=dict)
    _again: bool = False

    def merge_next(self, connection: Connection) -> bool:
        """Merge some more in the caller's transaction; False: there is no more. Raises ChunkError."""
        with self.path.open("rb") as file:
            magic, now_us, replace = _HEADER.unpack(file.read(_HEADER.size))
            if magic != _MAGIC:
                raise ChunkError("is no import")
            file.seek(self._at)
            by_file: dict[int, dict[int, list[Readings]]] = {}
            for tag_id, number, found in _some_parts(file, now_us):
                by_file.setdefault(number, {}).setdefault(tag_id, []).append(found)
            for number, by_tag in sorted(by_file.items()):
                whole = {tag_id: joined(parts) for tag_id, parts in by_tag.items()}
                for tag_id, one in _merged(connection, whole, replace).items():
                    self.written[number] = self.written.get(number, Written()) + one
                    if one.new or self._again:
                        self._widen(tag_id, whole[tag_id])
            self._at = file.tell()
            return bool(by_file)

    def note(self, connection: Connection) -> None:
        """Note the times that are not as they were, in the caller's transaction.

        The step to the next reading, and what is known since the one before, change with them.
        """
        for tag_id, bounds in self._bounds.items():
            changes.note(connection, *readings.neighbours(connection, tag_id, *bounds))

    def end(self) -> None:
        """All of it is in the store."""
        self.path.unlink()

    def _widen(self, tag_id: int, found: Readings) -> None:
        first, last = int(found.times_us.min()), int(found.times_us.max())
        before = self._bounds.get(tag_id, (first, last))
        self._bounds[tag_id] = min(first, before[0]), max(last, before[1])


def finish_imports(connection: Connection, store: Path) -> None:
    """Go on with imports that were cut off when they counted already, and delete what is left of others."""
    for part in store.parent.glob(f"{store.name}.import-*.part"):
        part.unlink()
    for whole in sorted(store.parent.glob(f"{store.name}.import-*.whole")):
        log.warning("%s: an import that was cut off is finished", whole)
        pending = PendingImport(whole, _again=True)
        try:
            more = True
            while more:
                with connection.begin():
                    more = pending.merge_next(connection)
        except (ChunkError, struct.error) as error:
            log.error("%s: the rest of the import is damaged and left out: %s", whole, error)
            whole.rename(whole.with_suffix(".damaged"))
        with connection.begin():
            pending.note(connection)
        whole.unlink(missing_ok=True)


def _merged(connection: Connection, found: dict[int, Readings], replace: bool) -> dict[int, Written]:
    if replace:
        return readings.replace_all(connection, found)
    return {tag_id: readings.merge(connection, tag_id, part) for tag_id, part in found.items()}


def _some_parts(file: IO[bytes], now_us: int) -> Iterator[tuple[int, int, Readings]]:
    held = 0
    for _ in range(_MOST_PARTS):
        head = file.read(_PART.size)
        if not head or held >= AT_ONCE:
            file.seek(-len(head), os.SEEK_CUR)
            return
        tag_id, number, count, size = _PART.unpack(head)
        found = decode(file.read(size))
        if len(found) != count:
            raise ChunkError("is cut off")
        held += count
        received = np.full(count, now_us, dtype=np.int64)  # a chunk has milliseconds only
        yield tag_id, number, Readings(found.times_us, found.values, found.status, received, found.source_offset_us)
