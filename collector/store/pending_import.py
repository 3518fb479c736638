"""How do so many readings get into the store at once that one transaction would hold everything up? All or none still.

They are put into a file beside the store first, day by day of each tag. As soon as that file has its final name, the
import counts: it is merged in transactions that are short, and if it is cut off, whoever opens the store next goes on.
Merging again what was merged changes nothing.
"""

import logging
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
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
_PART = struct.Struct("<IIQII")
"""Tag id, number of the file, readings, octets of their blob, checksum of these four. The last part is of tag 0, and
has the number of parts before it."""
_HEADER = struct.Struct("<8sqB")
_MAGIC = b"SWimpor2"


def import_file(store: Path) -> IO[bytes]:
    """A file beside a store that whoever opens the store next deletes, unless it is made one that counts."""
    return tempfile.NamedTemporaryFile(prefix=f"{store.name}.import-", suffix=".part", dir=store.parent, delete=False)


class ImportWriter:
    """Writes what is to be imported."""

    def __init__(self, store: Path, now_us: int, replace: bool) -> None:
        self._file = import_file(store)
        self._file.write(_HEADER.pack(_MAGIC, now_us, replace))
        self._parts = 0

    def add(self, tag_id: int, file: int, found: Readings) -> None:
        """Readings of a tag, ascending, that the file of a number brings."""
        blob = encode(found)
        self._file.write(_head(tag_id, file, len(found), len(blob)) + blob)
        self._parts += 1

    def commit(self) -> Path:
        """From here on the import counts, even if the power fails now."""
        self._file.write(_head(0, 0, self._parts, 0))
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
        with suppress(OSError):  # what a full disk did not take is tried once more
            self._file.close()
        Path(self._file.name).unlink(missing_ok=True)


@dataclass(slots=True)
class PendingImport:
    """An import that counts and is being merged. written: what became of the readings of each file so far.

    is_left: it was cut off before, so that nobody knows what of it was merged already.
    """

    path: Path
    is_left: bool = False
    written: dict[int, Written] = field(default_factory=dict)
    _at: int = _HEADER.size
    _parts: int = 0
    _bounds: dict[int, tuple[int, int]] = field(default_factory=dict)

    def merge_next(self, connection: Connection) -> bool:
        """Merge some more in a transaction of its own; False: there is no more, and the times that are not as they were
        are noted. Raises ChunkError; after that and any other error, the next call does the same again."""
        with self.path.open("rb") as file:
            now_us, replace = _read_header(file)
            file.seek(self._at)
            parts = list(_some_parts(file, now_us, self._parts))
            at = file.tell()
        with connection.begin():
            done = self._merge(connection, parts, replace)
            if not parts:
                self._note(connection)
        self._at, self._parts = at, self._parts + len(parts)
        for number, tag_id, found, written in done:
            self.written[number] = self.written.get(number, Written()) + written
            if written.new or self.is_left:
                self._widen(tag_id, found)
        return bool(parts)

    def go_on(self, connection: Connection) -> bool:
        """The same of an import that was cut off, which goes at its end; what is damaged of it is set aside."""
        is_damaged = False
        try:
            if self.merge_next(connection):
                return True
        except ChunkError as error:
            is_damaged = True
            log.error("%s: the rest of the import is damaged and left out; import it again: %s", self.path, error)
            with connection.begin():
                self._note(connection)
        if is_damaged:
            self.path.rename(self.path.with_suffix(".damaged"))
        else:
            self.end()
        return False

    def end(self) -> None:
        """All of it is in the store."""
        self.path.unlink(missing_ok=True)

    def _merge(
        self, connection: Connection, parts: list[tuple[int, int, Readings]], replace: bool
    ) -> list[tuple[int, int, Readings, Written]]:
        by_file: dict[int, dict[int, list[Readings]]] = {}
        for tag_id, number, found in parts:
            by_file.setdefault(number, {}).setdefault(tag_id, []).append(found)
        done = []
        for number, by_tag in sorted(by_file.items()):
            whole = {tag_id: joined(of_tag) for tag_id, of_tag in by_tag.items()}
            written = _merged(connection, whole, replace)
            done += [(number, tag_id, whole[tag_id], one) for tag_id, one in written.items()]
        return done

    def _note(self, connection: Connection) -> None:
        """The step to the next reading, and what is known since the one before, change with those in between."""
        for tag_id, bounds in self._bounds.items():
            changes.note(connection, *readings.neighbours(connection, tag_id, *bounds))

    def _widen(self, tag_id: int, found: Readings) -> None:
        first, last = int(found.times_us.min()), int(found.times_us.max())
        before = self._bounds.get(tag_id, (first, last))
        self._bounds[tag_id] = min(first, before[0]), max(last, before[1])


def discard_parts(store: Path) -> None:
    """Delete what is left of imports that do not count. Nobody else may have the store open for writing."""
    for part in store.parent.glob(f"{store.name}.import-*.part"):
        part.unlink()


def pending_files(store: Path) -> Iterator[Path]:
    """Files of imports that count and are not in the store to their end."""
    return store.parent.glob(f"{store.name}.import-*.whole")


def left_imports(store: Path) -> list[PendingImport]:
    """Imports that were cut off when they counted already."""
    found = [PendingImport(path, is_left=True) for path in sorted(pending_files(store))]
    for one in found:
        log.warning("%s: an import that was cut off is gone on with", one.path)
    return found


def _merged(connection: Connection, found: dict[int, Readings], replace: bool) -> dict[int, Written]:
    if replace:
        return readings.replace_all(connection, found)
    return {tag_id: readings.merge(connection, tag_id, part) for tag_id, part in found.items()}


def _head(*said: int) -> bytes:
    return _PART.pack(*said, zlib.crc32(_PART.pack(*said, 0)))


def _read_header(file: IO[bytes]) -> tuple[int, bool]:
    """When it was imported [us], and whether with `--replace`."""
    head = file.read(_HEADER.size)
    if len(head) < _HEADER.size or not head.startswith(_MAGIC):
        raise ChunkError("is no import")
    _, now_us, replace = _HEADER.unpack(head)
    return now_us, bool(replace)


def _some_parts(file: IO[bytes], now_us: int, before: int) -> Iterator[tuple[int, int, Readings]]:
    """Parts of a file, behind so many others; tag id, number of the file they are of, readings."""
    held = 0
    for taken in range(_MOST_PARTS):
        if held >= AT_ONCE:
            return
        head = file.read(_PART.size)
        if len(head) < _PART.size:
            raise ChunkError("is cut off")
        *said, _ = _PART.unpack(head)
        if head != _head(*said):
            raise ChunkError("has a damaged part")
        tag_id, number, count, size = said
        if tag_id == 0:
            if count != before + taken:
                raise ChunkError("lacks parts")
            file.seek(-len(head), os.SEEK_CUR)
            return
        found = decode(file.read(size))
        if len(found) != count:
            raise ChunkError("is cut off")
        held += count
        received = np.full(count, now_us, dtype=np.int64)  # a chunk has milliseconds only
        yield tag_id, number, Readings(found.times_us, found.values, found.status, received, found.source_offset_us)
