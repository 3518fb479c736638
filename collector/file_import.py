"""How do files get into the store? All files of a command in one transaction: every row, or none and every fault."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from collector.store import changes, orders, readings
from collector.store.merging import Written
from collector.store.store import transaction
from collector.store.tags import StoredTag, register, text_ids
from config.fault import Fault, InputError, file_fault
from config.site import Site
from config.table_file import Row
from connectors.orders_file import read_deliveries, read_orders
from connectors.quantities_file import read_quantities
from connectors.readings_file import ReadingsFile, TagColumn, read_readings
from connectors.rows import RowReader
from plant.reading import Readings


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: how it was read, and its rows or what they stand for, counted."""

    file: str
    encoding: str
    rows: int
    new: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class FileImport:
    """What files are imported into, and how: `replace` what contradicts the store, `skip_bad` rows, time of import."""

    connection: Connection
    site: Site
    now_us: int
    replace: bool = False
    skip_bad: bool = False

    def readings(self, paths: Iterable[Path]) -> list[Imported]:
        """Import files of readings. Raises InputError; then nothing was imported (as with the three below)."""
        tags = {tag.name: tag for tag in self.site.tags()}
        devices = [(device.id, settings.tag()) for device in self.site.devices for settings in device.tags]

        def take(path: Path) -> tuple[RowReader, Written]:
            file = read_readings(path, tags)
            return file.reader, self._merge(file, register(self.connection, devices))

        return self._all(paths, take)

    def quantities(self, paths: Iterable[Path]) -> list[Imported]:
        """Import files of hand-counted quantities."""
        known = self.site.work_unit_names()

        def take(path: Path) -> tuple[RowReader, Written]:
            file = read_quantities(path, known)
            stored = {found.key: found for found in orders.all_quantities(self.connection)}
            for row, item in file.quantities:
                if not self.replace and stored.get(item.key, item) != item:
                    file.reader.reject(row, "time", "the store has other amounts for this row; --replace takes these")
            good = [item for row, item in file.quantities if row.number not in file.reader.bad_rows]
            written = orders.save_quantities(self.connection, good, self.now_us)
            self._note_change(written, [item.time_us for item in good])
            return file.reader, written

        return self._all(paths, take)

    def orders(self, paths: Iterable[Path]) -> list[Imported]:
        """Import files of order lines."""

        def take(path: Path) -> tuple[RowReader, Written]:
            file = read_orders(path, self.site.orders, self.site.zone, self.now_us)
            good = [(line, dated) for row, line, dated in file.lines if row.number not in file.reader.bad_rows]
            before = orders.due_dates(self.connection, {line.order_id for line, _ in good})
            written = orders.save_order_lines(self.connection, good)
            self._note_dates(written, [*before, *(line.due_date for line, _ in good if line.due_date)])
            return file.reader, written

        return self._all(paths, take)

    def deliveries(self, paths: Iterable[Path]) -> list[Imported]:
        """Import files of deliveries."""

        def take(path: Path) -> tuple[RowReader, Written]:
            file = read_deliveries(path, self.site.orders, self.site.zone, self.now_us)
            written = orders.save_deliveries(self.connection, file.deliveries)
            self._note_dates(written, orders.due_dates(self.connection, {item.order_id for item, _ in file.deliveries}))
            return file.reader, written

        return self._all(paths, take)

    def _all(self, paths: Iterable[Path], take: Callable[[Path], tuple[RowReader, Written]]) -> list[Imported]:
        faults: list[Fault] = []
        done: list[Imported] = []
        rejecting: list[RowReader] = []
        with transaction(self.connection):
            for path in paths:
                try:
                    reader, written = take(path)
                except InputError as error:
                    faults.extend(error.faults)
                    continue
                if not self.skip_bad:
                    faults.extend(reader.faults)
                elif reader.bad_rows:
                    rejecting.append(reader)
                table = reader.table
                counts = (len(table.rows), written.new, written.unchanged, len(reader.bad_rows))
                done.append(Imported(str(path), table.encoding, *counts))
            if faults:
                raise InputError(faults)
            for reader in rejecting:
                write_rejected(reader)
        return done

    def _note_dates(self, written: Written, days: Iterable[date]) -> None:
        if written.new:
            changes.note_days(self.connection, days, self.site.clock(), self.now_us)

    def _note_change(self, written: Written, times_us: Sequence[int]) -> None:
        """Reports about these times are looked at again."""
        if written.new and times_us:
            changes.note(self.connection, min(times_us), max(times_us))

    def _merge(self, file: ReadingsFile, stored: dict[str, StoredTag]) -> Written:
        ids = text_ids(self.connection, {text for column in file.columns.values() for text in column.texts})
        found = {stored[name].id: column.readings(self.now_us, ids) for name, column in file.columns.items()}
        if self.replace:
            new = readings.replace_all(self.connection, found)
        else:
            for tag_id, column in zip(found, file.columns.values(), strict=True):
                found[tag_id] = self._without_contradictions(file.reader, column, found[tag_id], tag_id)
            new = {tag_id: readings.merge(self.connection, tag_id, part) for tag_id, part in found.items()}
        for tag_id, part in found.items():
            if len(part):  # the step to the next reading, and what is known since the one before, change with them
                bounds = int(part.times_us.min()), int(part.times_us.max())
                self._note_change(new[tag_id], readings.neighbours(self.connection, tag_id, *bounds))
        return sum(new.values(), Written())

    def _without_contradictions(self, reader: RowReader, column: TagColumn, found: Readings, tag_id: int) -> Readings:
        if not len(found):
            return found
        start, end = int(found.times_us.min()), int(found.times_us.max()) + 1
        other = contradicting(readings.series(self.connection, tag_id, start, end), found)
        for at in np.flatnonzero(other):
            reader.reject(column.rows[at], "value", "the store has another value at this time; --replace takes this")
        return found[~other] if other.any() else found


def contradicting(stored: Readings, found: Readings) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Mask of the found readings whose time the store has, but not with this value and status."""
    result = np.zeros(len(found), dtype=bool)
    shared = np.flatnonzero(np.isin(found.times_us, stored.times_us))
    if len(shared):
        known = set(
            zip(stored.times_us.tolist(), stored.values.view(np.int64).tolist(), stored.status.tolist(), strict=True)
        )
        bits = found.values.view(np.int64)
        for at in shared:
            result[at] = (int(found.times_us[at]), int(bits[at]), int(found.status[at])) not in known
    return result


def write_rejected(reader: RowReader) -> Path:
    """Write the rejected rows beside the file, as FILE.rejected.csv, with a column that says why.

    Raises InputError where that cannot be written.
    """
    path = reader.table.path.with_name(reader.table.path.name + ".rejected.csv")
    reasons: dict[int, list[str]] = {}
    for fault in reader.faults:
        message = f"{fault.key}: {fault.message}" if fault.key else fault.message
        reasons.setdefault(fault.line or 0, []).append(message)
    headings = [heading for heading in reader.table.headings if heading]
    try:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            rows = csv.writer(file)
            rows.writerow([*headings, "reason"])
            rows.writerows(_rejected_row(row, headings, reasons) for row in reader.table.rows if row.number in reasons)
    except OSError as error:
        raise file_fault(path, f"cannot be written: {error.strerror}") from None
    return path


def _rejected_row(row: Row, headings: list[str], reasons: dict[int, list[str]]) -> list[str]:
    surplus = [str(cell) for cell in row.surplus]  # behind the reason, so that the row stays a bad one
    return [*(row.text(heading) for heading in headings), "; ".join(reasons[row.number]), *surplus]
