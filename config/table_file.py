"""What rows does a CSV or XLSX file hold? Headings, cells as written, and row numbers to name in faults."""

import csv
import io
import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from textwrap import shorten

from config.fault import Fault, InputError, file_fault, read_bytes

MOST_BYTES = 2**30
_MOST_TOLD = 200
_ROWS_AT_ONCE = 1000
CODECS = {"UTF-8": "utf-8-sig", "CP949": "cp949"}
NO_TEXT = "must be UTF-8 or CP949 text, or an XLSX workbook named .xlsx"
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")

Cell = str | datetime
"""Text as written, stripped; an XLSX date cell is a naive datetime."""

Grid = Iterator[tuple[int, list[Cell]]]
"""Rows by number, the first is 1, of cells as they stand in the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty: its number in the file (the first is 1), its cells by heading, and any beyond."""

    number: int
    cells: dict[str, Cell]
    surplus: tuple[Cell, ...] = ()

    def text(self, heading: str) -> str:
        """A cell as text; empty where the file has no such column."""
        cell = self.cells.get(heading, "")
        return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell


@dataclass(frozen=True, slots=True)
class Table:
    """A table file: how it was read (UTF-8, CP949, XLSX), its headings in order, its rows, what is wrong with some.

    written: what the file calls the columns that have another name here.
    """

    path: Path
    encoding: str
    headings: list[str]
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    written: Mapping[str, str] = field(default_factory=dict)

    def column(self, heading: str) -> int | None:
        """Number of a column, counted from 1."""
        return self.headings.index(heading) + 1 if heading in self.headings else None

    def fault(self, row: Row, heading: str, message: str) -> Fault:
        """A fault in one cell."""
        named = f"{self.written[heading]} ({heading})" if heading in self.written else heading
        return Fault(str(self.path), row.number, self.column(heading), named, message)

    def surplus_fault(self, row: Row) -> Fault:
        """The fault of a row that has more cells than there are headings."""
        message = f"has more cells than the {len(self.headings)} headings; a number with commas must be quoted"
        return Fault(str(self.path), row.number, len(self.headings) + 1, "", message)

    def row(self, number: int, cells: Sequence[Cell]) -> Row | None:
        """A row of cells as they stand in the file; None where all are empty."""
        stripped = [cell.strip() if isinstance(cell, str) else cell for cell in cells]
        if not any(map(str, stripped)):
            return None
        surplus = stripped[len(self.headings) :]
        named = {heading: cell for heading, cell in zip(self.headings, stripped, strict=False) if heading}
        return Row(number, named, tuple(surplus) if any(surplus) else ())


def number(text: str) -> float:
    """A finite number; `1,234` is 1234. Raises ValueError.

    >>> number("1,234.5")
    1234.5
    """
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        value = float(text) if "_" not in text else float("nan")
    except ValueError:
        value = float("nan")
    if value - value != 0:  # NaN and infinities alone
        raise ValueError("must be a number")
    return value


def read_table(
    path: Path,
    required: tuple[str, ...] = (),
    renamed: dict[str, str] | None = None,
    remedy: str = "",
    data: bytes | None = None,
) -> Table:
    """All rows of a CSV file (UTF-8 with or without BOM, else CP949) or of an XLSX file's first sheet.

    The first row that is not empty holds the headings, in which any white space counts as one space; renamed maps them
    to ours. A row with more cells than headings is a fault of the table. Raises InputError for a file that cannot be
    read, a doubled heading or a required one that is missing; remedy: what to say besides of the latter. data: what
    the file would hold, instead of what it holds.
    """
    encoding, grid = grid_of(path, read_bytes(path, MOST_BYTES) if data is None else data)
    table = headed(path, encoding, grid, required, renamed, remedy)
    for at, cells in grid:
        if (row := table.row(at, cells)) is not None:
            table.rows.append(row)
            table.faults.extend([table.surplus_fault(row)] if row.surplus else [])
    return table


def headed(
    path: Path,
    encoding: str,
    grid: Grid,
    required: tuple[str, ...] = (),
    renamed: Mapping[str, str] | None = None,
    remedy: str = "",
) -> Table:
    """The table of a grid, of which nothing is read but the headings. Raises InputError as `read_table` does."""
    filled = ((at, cells) for at, cells in grid if any(str(cell).strip() for cell in cells))
    heading_number, heading_cells = next(filled, (1, []))
    ours = {_heading(theirs): name for theirs, name in (renamed or {}).items()}
    written = [_heading(str(cell)) for cell in heading_cells]
    headings = _ours(written, ours)
    faults = [
        Fault(str(path), heading_number, column, heading, "column stands twice")
        for column, heading in enumerate(headings, 1)
        if heading and heading in headings[: column - 1]
    ]
    back = {name: theirs for theirs, name in ours.items()}
    missing = f"column is missing{_there(heading_cells)}{remedy}"
    for heading in required:
        if heading not in headings:
            named = f"{back[heading]} ({heading})" if heading in back else heading
            faults.append(Fault(str(path), heading_number, None, named, missing))
    if faults:
        raise InputError(faults)
    other_names = {name: theirs for name, theirs in zip(headings, written, strict=True) if name != theirs}
    return Table(path, encoding, headings, written=other_names)


def _heading(text: str) -> str:
    # Line ends within cells, no-break spaces and taken-apart Hangul look the same to whoever writes the settings.
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _there(cells: list[Cell]) -> str:
    named = [str(cell).strip() for cell in cells if str(cell).strip()]
    if len(named) == 1 and any(separator in named[0] for separator in ";\t|"):
        return f"; cells must be separated by commas, unlike {named[0][:_MOST_TOLD]!r}"
    return f"; there are {shorten(', '.join(named), _MOST_TOLD)}" if named else "; the file is empty"


def _ours(written: list[str], renamed: dict[str, str]) -> list[str]:
    # A column that merely bears the name of one that was mapped from elsewhere is left aside.
    taken = {renamed[heading] for heading in written if heading in renamed}
    return [renamed.get(heading, "" if heading in taken else heading) for heading in written]


def grid_of(path: Path, data: bytes) -> tuple[str, Grid]:
    """How a file of this content is read, and its rows. Raises InputError."""
    if path.suffix.lower() == ".xlsx":
        return "XLSX", _xlsx_grid(path, data)
    encoding, text = decoded(path, data)
    return encoding, csv_grid(path, io.StringIO(text, newline=""))


def decoded(path: Path, data: bytes) -> tuple[str, str]:
    """Name of the encoding of a text file, UTF-8 or CP949, and its text. Raises InputError for one that is neither."""
    for name, codec in CODECS.items():
        try:
            return name, data.decode(codec)
        except UnicodeDecodeError:
            continue
    raise file_fault(path, NO_TEXT)


def csv_grid(path: Path, lines: Iterable[str], before: int = 0) -> Grid:
    """Rows of the lines of a CSV file, before which there are so many others. Raises InputError as they are read."""
    reader = csv.reader(lines)
    try:
        end = 0
        for cells in reader:
            yield before + end + 1, cells  # type: ignore[misc]
            end = reader.line_num
    except csv.Error as error:
        raise InputError([Fault(str(path), before + reader.line_num, None, "", f"is not CSV: {error}")]) from None


def _xlsx_grid(path: Path, data: bytes) -> Grid:
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validations, which do not matter here
            sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
            sheet.reset_dimensions()  # what a file says of its size may be wrong, and a million columns wide
            rows = enumerate(sheet.iter_rows(values_only=True), 1)
        while some := _some_rows(rows):
            yield from some
    except Exception:  # a damaged workbook makes openpyxl raise whatever it runs into
        raise file_fault(path, "is not an XLSX workbook that can be read") from None


def _some_rows(rows: Iterator[tuple[int, Iterable[object]]]) -> list[tuple[int, list[Cell]]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of dates that are none
        return [(at, [_cell(value) for value in values]) for at, values in islice(rows, _ROWS_AT_ONCE)]


def _cell(value: object) -> Cell:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, datetime.min.time())
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
