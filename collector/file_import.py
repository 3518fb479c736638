"""How do files get into the store? All files of a command together: every row, or none and every fault."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from collector.imported import Imported
from collector.readings_import import ReadingsImport
from collector.rejected_rows import rejected_row
from collector.store import changes, orders
from collector.store.merging import Written
from collector.store.store import store_of, transaction
from config.fault import Fault, InputError, file_fault
from config.site import Site
from connectors.orders_file import read_deliveries, read_orders
from connectors.quantities_file import read_quantities
from connectors.rows import RowReader


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
        job = ReadingsImport(self.site, store_of(self.connection), self.now_us, self.replace, self.skip_bad)
        with job.begun():
            job.read(list(paths))
            while job.name_next(self.connection):
                pass
            job.check(self.connection)
            while job.merge_next(self.connection):
                pass
            return job.end()

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
            rows.writerows(
                rejected_row(row, headings, "; ".join(reasons[row.number]))
                for row in reader.table.rows
                if row.number in reasons
            )
    except OSError as error:
        raise file_fault(path, f"cannot be written: {error.strerror}") from None
    return path
