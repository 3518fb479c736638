"""What does one cell of an imported file mean? Cells to numbers, dates and texts, faults collected row by row."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from config.fault import Fault
from config.table_file import Row, Table, number
from plant.instant import check_year, parse_iso_date

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

    def recorded(self, row: Row, date_format: str) -> date | None:
        """The date of a cell `recorded_date`, which must be one that instants have."""
        found = self.date(row, "recorded_date", date_format)
        try:
            if found is not None:
                check_year(found)
        except ValueError as error:
            self.reject(row, "recorded_date", f"{error}, not {row.text('recorded_date')!r}")
            return None
        return found

    def date(self, row: Row, heading: str, date_format: str) -> date | None:
        """A date by `iso` or a strptime pattern; a date cell of a workbook is one whatever the pattern."""
        cell = row.cells.get(heading)
        if isinstance(cell, datetime):
            return cell.date()
        return self.cell(row, heading, lambda text: parse_date(text, date_format))


_TIME = re.compile(
    r"[ T]+((AM|PM|오전|오후) +)?([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?( *(AM|PM))?( *(Z|[+-]\d\d:?\d\d))?",
    re.IGNORECASE,
)
_TIME_PATTERN = re.compile(r"[ T]+(%p +)?%-?[HI].*")
_EXAMPLE = datetime(2026, 11, 22)  # noqa: DTZ001 (a date has no zone)


def parse_date(text: str, date_format: str) -> date:
    """The date of a text by `iso` or a strptime pattern; a time of day behind it is dropped. Raises ValueError.

    >>> [parse_date(text, "%d/%m/%Y").isoformat() for text in ("3/11/2026", "03/11/2026 14:05")]
    ['2026-11-03', '2026-11-03']
    >>> parse_date("03.11.2026", "%d.%m.%Y %H:%M").isoformat()
    '2026-11-03'
    """
    if date_format == "iso":
        try:
            return parse_iso_date(text)
        except ValueError as error:
            raise ValueError(f"{error}, or by the pattern that orders.date_format gives") from None
    for written, pattern in ((text, date_format), (_before(_TIME, text), _before(_TIME_PATTERN, date_format))):
        try:
            return datetime.strptime(written, pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
    raise ValueError(f"must be a date like {_EXAMPLE.strftime(date_format)} (orders.date_format is {date_format})")


def _before(part: re.Pattern[str], text: str) -> str:
    """A text without the part that may stand at its end."""
    found = next((found for found in part.finditer(text) if found.end() == len(text)), None)
    return text[: found.start()] if found else text


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
