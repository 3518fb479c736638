"""Which rows of a file cannot be imported, and why? Any number of them in bounded memory."""

import csv
import heapq
import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import numpy as np

from config.fault import Fault, file_fault
from config.table_file import Row, Table
from config.table_parts import opened_table

MOST_NAMED = 10_000
OTHERWISE = "the store has another value at this time; --replace takes this"


class RejectedRows:
    """The rows of one file that cannot be imported. count: how many. faults: what is wrong with the first of them."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.table = table
        self.count = 0
        self.faults: list[Fault] = []
        self._reasons = _opened(folder)
        self._otherwise = array("q")

    def add(self, faults: Sequence[Fault]) -> None:
        """Take what is wrong with some rows, in the file's order."""
        for number, of_row in groupby(faults, key=lambda fault: fault.line):
            told = list(of_row)
            self._name(told)
            reasons = "; ".join(f"{fault.key}: {fault.message}" if fault.key else fault.message for fault in told)
            self._reasons.write(json.dumps([number, reasons]) + "\n")

    def add_otherwise(self, numbers: Sequence[int]) -> None:
        """Take rows that say what the store, or a file before, says otherwise."""
        for number in numbers[: max(MOST_NAMED - self.count, 0)]:
            self.faults.append(self.table.fault(Row(number, {}), "value", OTHERWISE))
        self.count += len(numbers)
        self._otherwise.extend(numbers)

    def named(self) -> list[Fault]:
        """The first faults, by row, and how many rows more there are."""
        more = self.count - MOST_NAMED
        told = f"{more} more rows are bad; --skip-bad writes all of them to {self._rejected().name}"
        rest = [Fault(str(self.table.path), None, None, "", told)] if more > 0 else []
        return [*sorted(self.faults, key=lambda fault: fault.line or 0), *rest]

    def write(self) -> Path:
        """Write the rejected rows beside the file, as FILE.rejected.csv, with a column that says why.

        Raises InputError where that cannot be written, or the file cannot be read again.
        """
        path = self._rejected()
        headings = [heading for heading in self.table.headings if heading]
        try:
            with path.open("w", encoding="utf-8-sig", newline="") as file:
                rows = csv.writer(file)
                rows.writerow([*headings, "reason"])
                rows.writerows(self._rows(headings))
        except OSError as error:
            raise file_fault(path, f"cannot be written: {error.strerror}") from None
        return path

    def close(self) -> None:
        """Forget them."""
        with suppress(OSError):  # what a full disk did not take is tried once more
            self._reasons.close()

    def _rejected(self) -> Path:
        return self.table.path.with_name(self.table.path.name + ".rejected.csv")

    def _name(self, faults: list[Fault]) -> None:
        self.count += 1
        if self.count <= MOST_NAMED:
            self.faults.extend(faults)

    def _rows(self, headings: list[str]) -> Iterator[list[str]]:
        self._reasons.seek(0)
        said = ((int(number), str(why)) for number, why in map(json.loads, self._reasons))
        otherwise = ((number, f"value: {OTHERWISE}") for number in _ascending(self._otherwise))
        wanted = heapq.merge(said, otherwise, key=itemgetter(0))
        with opened_table(self.table.path, required=()) as (table, parts):
            number, why = next(wanted, (0, ""))
            for part in parts:
                cells_of = dict(part.others)
                for at in np.flatnonzero(part.numbers >= number).tolist() if number else ():
                    cells_of[int(part.numbers[at])] = [column[at] for column in part.columns]
                while number in cells_of:
                    row = table.row(number, cells_of[number])
                    if row is not None:
                        yield rejected_row(row, headings, why)
                    number, why = next(wanted, (0, ""))
        if number:
            raise file_fault(
                self.table.path, "was changed while it was imported, or is a pipe; import a file once more"
            )


def _ascending(numbers: "array[int]") -> Iterator[int]:
    return map(int, np.sort(np.frombuffer(numbers, dtype=np.int64)))


def _opened(folder: Path) -> IO[str]:
    return TemporaryFile("w+", encoding="utf-8", dir=folder)


def rejected_row(row: Row, headings: list[str], why: str) -> list[str]:
    """A row with its reason; what it has beyond the headings stands behind that, so that the row stays a bad one."""
    return [*(row.text(heading) for heading in headings), why, *map(str, row.surplus)]
