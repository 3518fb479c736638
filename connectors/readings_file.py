"""What readings does a file bring? `time,tag,value[,status][,unit]`, values in the tag's unit; some rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from operator import itemgetter
from pathlib import Path

from config.fault import Fault
from config.table_file import Cell, Row, Table, number
from config.table_parts import TablePart, opened_table
from connectors.readings_columns import Columns, PlainColumns, said_text, text_value
from connectors.rows import MOST_EXACT, RowReader
from plant.instant import parse_instant
from plant.status_code import BAD, GOOD, is_bad, parse_status
from plant.tag import Kind, Tag


@dataclass(slots=True)
class ReadingsFile:
    """A file of readings that is being read. texts: the values of text tags, by what stands for each in the columns."""

    table: Table
    tags: Mapping[str, Tag]
    texts: dict[str, int]
    parts_of_table: Iterator[TablePart]
    rows: int = 0
    places: dict[str, int] = field(init=False)
    _value_at: int = field(init=False)

    def __post_init__(self) -> None:
        self._value_at = self.table.headings.index("value")
        self.places = {name: at for at, name in enumerate(self.tags)}

    def parts(self) -> Iterator[tuple[Columns, list[Fault]]]:
        """The readings in the file's order, some rows at a time, and what is wrong with rows that are left out.

        Rows that are plainly good are read as columns; each of the others by itself. Raises InputError.
        """
        plain = PlainColumns(self.table.headings, list(self.tags.values()), self.texts)
        for part in self.parts_of_table:
            columns, left = plain.read(part.columns, part.numbers)
            self.rows += len(columns)
            odd = [(int(part.numbers[at]), [column[at] for column in part.columns]) for at in left]
            others, faults = self._one_by_one(sorted([*odd, *part.others], key=itemgetter(0)))
            yield Columns.in_order(columns, others), faults

    def _one_by_one(self, rows: Sequence[tuple[int, Sequence[Cell]]]) -> tuple[Columns, list[Fault]]:
        reader = RowReader(self.table)
        found = []
        for at, cells in rows:
            row = self.table.row(at, cells)
            if row is None:
                continue
            self.rows += 1
            if row.surplus:
                reader.faults.append(self.table.surplus_fault(row))
                reader.bad_rows.add(row.number)
            said = cells[self._value_at] if self._value_at < len(cells) else ""
            reading = self._reading(reader, row, str(said))
            if reading is not None and row.number not in reader.bad_rows:
                found.append(reading)
        return Columns.of(found), reader.faults

    def _reading(self, reader: RowReader, row: Row, said: str) -> tuple[int, int, float, int, int] | None:
        time_us = reader.required(row, "time", _time)
        tag = reader.required(row, "tag", lambda name: _known(name, self.tags))
        status = reader.cell(row, "status", parse_status)
        if tag is None:
            return None
        if tag.kind is Kind.TEXT:
            taken = said_text(said, status)
            value = float("nan") if taken is None or row.number in reader.bad_rows else text_value(self.texts, taken)
        else:
            value = _value(reader, row, tag, GOOD if status is None else status)
        return self.places[tag.name], time_us or 0, value, _status(status, value), row.number


@contextmanager
def opened_readings(path: Path, tags: Mapping[str, Tag], texts: dict[str, int]) -> Iterator[ReadingsFile]:
    """The readings of a CSV or XLSX file. Texts that are met are added to those that others brought.

    A row with an unknown tag, a time without offset, a value that is not a number (or, for a state, one of its names)
    or an unfit unit is left out. An empty value is Bad, but of a text tag with another status an empty text; a value
    beside a Bad status is dropped. Texts are taken as they stand, blanks at their ends included.
    Raises InputError for a file that as a whole cannot be read.
    """
    with opened_table(path, required=("time", "tag", "value")) as (table, parts):
        yield ReadingsFile(table, tags, texts, parts)


def _time(text: str) -> int:
    time_us = parse_instant(text)
    if time_us < 0:
        raise ValueError("must not be before 1970")
    return time_us


def _known(name: str, tags: Mapping[str, Tag]) -> Tag:
    if name not in tags:
        raise ValueError("must be a tag of the site file")
    return tags[name]


def _status(status: int | None, value: float) -> int:
    if status is None:
        return GOOD if value == value else BAD
    return BAD if value != value and not is_bad(status) else status


def _value(reader: RowReader, row: Row, tag: Tag, status: int) -> float:
    nothing = float("nan")
    if not row.text("value") or is_bad(status):
        return nothing
    unit = reader.cell(row, "unit", lambda text: tag.to_storage(text)) or tag.to_storage()
    value = reader.cell(row, "value", lambda text: _state(text, tag) if tag.kind is Kind.STATE else number(text))
    if value is None:
        return nothing
    stored = value if unit.factor == 1 and unit.offset == 0 else value * unit.factor + unit.offset
    if tag.kind is Kind.COUNTER and (abs(stored) > MOST_EXACT or not _is_exact(row.text("value"), value)):
        reader.reject(row, "value", "must not be above 2^53: it could not be kept exactly")
    elif not isfinite(stored):
        reader.reject(row, "value", f"is too large in {tag.storage_unit}")
    return stored + 0.0  # -0.0 is 0, or the same file would say two things


def _is_exact(text: str, value: float) -> bool:
    """Whether a number is what its text says; below 2^53 whole numbers are."""
    return abs(value) < MOST_EXACT or Decimal(text.replace(",", "")) == value


def _state(text: str, tag: Tag) -> float:
    for code, name in tag.states.items():
        if name == text:
            return float(code)
    if text.lower() in ("true", "false"):
        return float(text.lower() == "true")
    try:
        return number(text)
    except ValueError:
        raise ValueError(f"must be a number or one of {', '.join(tag.states.values())}") from None
