"""How do files of readings get into the store, however large? Read, checked, then merged little by little.

Nothing counts until all of it was checked; from then on all of it does (`pending_import`).
"""

from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np
from sqlalchemy import Connection

from collector.imported import Imported
from collector.rejected_rows import RejectedRows
from collector.sorted_readings import SortedReadings, TagDay
from collector.store import readings
from collector.store.chunk_rows import DAY_S
from collector.store.merging import Written
from collector.store.pending_import import ImportWriter, PendingImport
from collector.store.recent import thaw
from collector.store.renewal import to_salvage
from collector.store.tags import register, stored_tags, text_ids
from config.fault import Fault, InputError, file_fault
from config.site import Site
from connectors.readings_file import opened_readings
from plant.instant import US_PER_S
from plant.reading import Readings, among, joined, sound
from plant.tag import Kind

_TEXTS_AT_ONCE = 1_000
_DAY_US = DAY_S * US_PER_S
NEEDS_ROOM = "an import needs room beside the store, some 50 octets a reading"


@dataclass(slots=True)
class _File:
    """One file: its number, how it was read, how many rows it has, those that cannot be taken, and how many readings
    the store had before."""

    path: Path
    number: int
    encoding: str
    rows: int
    rejected: RejectedRows
    unchanged: int = 0


@dataclass(slots=True)
class ReadingsImport:
    """One import of files. Call `read`, `name_next` until False, `check`, `merge_next` until False, and `end`.

    `read` needs no store and `check` one that it may read; the two others write, in short transactions of their own.
    """

    site: Site
    store: Path
    now_us: int
    replace: bool = False
    skip_bad: bool = False
    _files: list[_File] = field(default_factory=list)
    _faults: list[Fault] = field(default_factory=list)
    _texts: dict[str, int] = field(default_factory=dict)
    _text_ids: "array[float]" = field(default_factory=lambda: array("d"))
    _stack: ExitStack = field(default_factory=ExitStack)
    _sorted: SortedReadings | None = None
    _pending: PendingImport | None = None

    @contextmanager
    def begun(self) -> Iterator["ReadingsImport"]:
        """The import; what it put beside the store is deleted in the end, unless it counts."""
        with self._stack:
            yield self

    def read(self, paths: Sequence[Path]) -> None:
        """Read files; rows that cannot be taken are told by `check`. Raises InputError where the disk is full, and
        while a damaged file is taken over."""
        with _told(self.store):
            _require_all_taken_over(self.store)
            self._sorted = SortedReadings(self._stack.enter_context(_spool(self.store.parent)))
            tags = {tag.name: tag for tag in self.site.tags()}
            for number, path in enumerate(paths):
                try:
                    with opened_readings(path, tags, self._texts) as file:
                        rejected = RejectedRows(file.table, self.store.parent)
                        self._stack.callback(rejected.close)
                        for columns, faults in file.parts():
                            self._sorted.add(number, columns)
                            rejected.add(faults)
                        self._files.append(_File(path, number, file.table.encoding, file.rows, rejected))
                except InputError as error:
                    self._faults.extend(error.faults)

    def name_next(self, connection: Connection) -> bool:
        """Give ids to tags, and to some of the texts, that have none; False: all have."""
        with connection.begin():
            if not self._text_ids:
                devices = self.site.devices
                register(connection, [(device.id, settings.tag()) for device in devices for settings in device.tags])
            first = len(self._text_ids)
            texts = list(islice(self._texts, first, first + _TEXTS_AT_ONCE))
            ids = text_ids(connection, texts) if texts else {}
        self._text_ids.extend(ids[text] for text in texts)
        return len(self._text_ids) < len(self._texts)

    def check(self, connection: Connection) -> None:
        """Look for what the store says otherwise, write the rejected rows, and make the import count.

        Raises InputError with all faults; then nothing is imported.
        """
        with _told(self.store):
            _require_all_taken_over(self.store)
            writer = ImportWriter(self.store, self.now_us, self.replace)
            self._stack.callback(writer.discard)
            self._check(connection, writer)
            faults = list(self._faults)
            for file in self._files if not self.skip_bad else ():
                faults.extend(file.rejected.named())
            if faults:
                raise InputError(faults)
            for file in self._files:
                if file.rejected.count:
                    file.rejected.write()
            self._pending = PendingImport(writer.commit())

    def merge_next(self, connection: Connection) -> bool:
        """Merge some more; False: there is no more, and the times that changed are noted."""
        assert self._pending is not None
        return self._pending.merge_next(connection)

    def end(self) -> list[Imported]:
        """What became of the files."""
        assert self._pending is not None
        self._pending.end()
        done = []
        for file in self._files:
            written = self._pending.written.get(file.number, Written())
            counts = (file.rows, written.new, file.unchanged + written.unchanged, file.rejected.count)
            done.append(Imported(str(file.path), file.encoding, *counts))
        return done

    def _check(self, connection: Connection, writer: ImportWriter) -> None:
        assert self._sorted is not None
        thaw(connection)
        ids = stored_tags(connection)
        connection.rollback()
        tags = [(ids[tag.name].id, tag.kind is Kind.TEXT) for tag in self.site.tags()]
        files = {file.number: file for file in self._files}
        for _, of_day in groupby(self._sorted.tag_days(), key=lambda day: (day.tag, _day(day))):
            known: Readings | None = None
            for day in of_day:
                tag_id, is_text = tags[day.tag]
                found = self._readings(day, is_text)
                if not self.replace:
                    if known is None:
                        start_us = _day(day) * _DAY_US
                        known = readings.series(connection, tag_id, start_us, start_us + _DAY_US)
                        connection.rollback()  # a long transaction would keep the daemon's file growing
                    there = among(found, known)
                    other = np.isin(found.times_us, known.times_us) & ~there
                    if day.file in files:
                        files[day.file].unchanged += int(there.sum())
                        files[day.file].rejected.add_otherwise(day.rows["row"][other].tolist())
                    found = found[~there & ~other]
                    known = joined([known, found])
                if len(found):
                    writer.add(tag_id, day.file, found)

    def _readings(self, day: TagDay, is_text: bool) -> Readings:
        values = day.rows["value"]
        if is_text:
            values = np.where(
                np.isnan(values), values, np.append(np.array(self._text_ids), 0)[np.nan_to_num(values).astype(int)]
            )
        values, status = sound(values, day.rows["status"])
        times = day.rows["time_us"].copy()
        none = np.zeros(len(times), dtype=np.int64)
        return Readings(times, values, status, np.full(len(times), self.now_us, dtype=np.int64), none)


def _spool(folder: Path) -> IO[bytes]:
    return TemporaryFile(dir=folder)


def _day(day: TagDay) -> int:
    return int(day.rows["time_us"][0]) // _DAY_US


def _require_all_taken_over(store: Path) -> None:
    """What the store says otherwise is asked of all that it has. Raises InputError."""
    if (aside := to_salvage(store)) is not None:
        still = "is damaged, and its readings are still being taken over into the store"
        remedy = "import once the collector has run for a while and the file's name ends in .salvaged"
        raise file_fault(aside, f"{still}; {remedy}")


@contextmanager
def _told(store: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise file_fault(store.parent, f"{NEEDS_ROOM}: {error.strerror}") from None
