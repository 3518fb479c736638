"""What does one cell of an imported file mean? Cells to numbers, dates and texts, faults collected row by row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from config.fault import Fault
from config.table_file import Row, Table, number
from plant.instant import parse_iso_date

T = TypeVar("T")

MOST_EXACT = 2**53


@dataclass(slots=True)
class RowReader:
    """Reads cells of one table; what is wrong becomes a fault of the row, and the row is to be left out."""

    table: Table
    faults: list[Fault] = field(default_factory=list)
    bad_rows: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.faults.extend(self.table.faults)
        self.bad_rows.update(row.number for row in self.table.rows if row.surplus)

    def reject(self, row: Row, heading: str, message: str) -> None:
        """Note that a row cannot be taken, and why."""
        self.faults.append(self.table.fault(row, heading, message))
        self.bad_rows.add(row.number)

    def cell(self, row: Row, heading: str, read: Callable[[str], T]) -> T | None:
        """What a cell says; None for an empty cell, and for one that cannot be read, which rejects the row."""
        text = row.text(heading)
        if not text:
            return None
        try:
            return read(text)
        except ValueError as error:
            self.reject(row, heading, f"{error}, not {text!r}")
            return None

    def required(self, row: Row, heading: str, read: Callable[[str], T]) -> T | None:
        """The same for a cell that must not be empty."""
        if not row.text(heading):
            self.reject(row, heading, "is required")
            return None
        return self.cell(row, heading, read)

    def amount(self, row: Row, heading: str) -> float | None:
        """An amount that sums can keep."""
        return self.cell(row, heading, amount)

    def number(self, row: Row, heading: str) -> float | None:
        """A finite number."""
        return self.cell(row, heading, number)

    def date(self, row: Row, heading: str, date_format: str) -> date | None:
        """A date by `iso` or a strptime pattern; a date cell of a workbook is one whatever the pattern."""
        cell = row.cells.get(heading)
        if isinstance(cell, datetime):
            return cell.date()
        return self.cell(row, heading, lambda text: parse_date(text, date_format))


def parse_date(text: str, date_format: str) -> date:
    """The date of a text by `iso` or a strptime pattern; a time of day is dropped. Raises ValueError."""
    if date_format == "iso":
        return parse_iso_date(text)
    try:
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007 (a date has no zone)
    except ValueError:
        raise ValueError(f"must be a date like {date_format}") from None


def amount(text: str) -> float:
    """A number small enough for sums of whole numbers to stay exact. Raises ValueError.

    >>> amount("1,234")
    1234.0
    """
    value = number(text)
    if abs(value) > MOST_EXACT:
        raise ValueError("must not be above 2^53")
    return value


def text(cell: str) -> str:
    """A text as it stands."""
    return cell
