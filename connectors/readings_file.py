"""What readings does a file bring? `time,tag,value[,status][,unit]`, values in the tag's unit."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from config.table_file import Row, Table, number, read_table
from connectors.rows import MOST_EXACT, RowReader
from plant.instant import parse_instant
from plant.reading import Readings, sound
from plant.status_code import BAD, GOOD, is_bad, parse_status
from plant.tag import Kind, Tag


@dataclass(slots=True)
class TagColumn:
    """What a file says of one tag, in the file's order; text values by their place in `texts`."""

    times_us: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    status: "array[int]" = field(default_factory=lambda: array("L"))
    rows: list[Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def readings(self, received_us: int, text_ids: Mapping[str, int]) -> Readings:
        """The column as readings in the unit of storage; text values become the store's ids."""
        times = np.array(self.times_us, dtype=np.int64)
        values = np.array(self.values, dtype=np.float64)
        if self.texts:
            ids = np.array([text_ids[text] for text in self.texts], dtype=np.float64)
            values = np.where(np.isnan(values), values, ids[np.nan_to_num(values).astype(np.int64)])
        values, status = sound(values, np.array(self.status, dtype=np.uint32))
        none: NDArray[np.int64] = np.zeros(len(times), dtype=np.int64)
        return Readings(times, values, status, np.full(len(times), received_us, dtype=np.int64), none)


@dataclass(frozen=True, slots=True)
class ReadingsFile:
    """A file of readings: its table, its readings by tag, and the reader with the rows it rejected."""

    table: Table
    columns: dict[str, TagColumn]
    reader: RowReader


def read_readings(path: Path, tags: Mapping[str, Tag]) -> ReadingsFile:
    """The readings of a CSV or XLSX file.

    A row with an unknown tag, a time without offset, a value that is not a number (or, for a state, one of its names)
    or an unfit unit is rejected. An empty value without a status is Bad; a value beside a Bad status is dropped.
    Raises InputError for a file that as a whole cannot be read.
    """
    table = read_table(path, required=("time", "tag", "value"))
    reader = RowReader(table)
    columns: dict[str, TagColumn] = {}
    for row in table.rows:
        time_us = reader.required(row, "time", _time)
        tag = reader.required(row, "tag", lambda name: _known(name, tags))
        status = reader.cell(row, "status", parse_status)
        if tag is None:
            continue
        column = columns.setdefault(tag.name, TagColumn())
        value = _value(reader, row, tag, GOOD if status is None else status, column)
        if row.number in reader.bad_rows:
            continue
        column.times_us.append(time_us or 0)
        column.values.append(value)
        column.status.append(_status(status, value))
        column.rows.append(row)
    return ReadingsFile(table, columns, reader)


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


def _value(reader: RowReader, row: Row, tag: Tag, status: int, column: TagColumn) -> float:
    nothing = float("nan")
    if not row.text("value") or is_bad(status):
        return nothing
    if tag.kind is Kind.TEXT:
        column.texts.append(row.text("value"))
        return float(len(column.texts) - 1)
    unit = reader.cell(row, "unit", lambda text: tag.to_storage(text)) or tag.to_storage()
    value = reader.cell(row, "value", lambda text: _state(text, tag) if tag.kind is Kind.STATE else number(text))
    if value is None:
        return nothing
    stored = value if unit.factor == 1 and unit.offset == 0 else value * unit.factor + unit.offset
    if tag.kind is Kind.COUNTER and abs(stored) > MOST_EXACT:
        reader.reject(row, "value", "must not be above 2^53: it could not be kept exactly")
    elif not isfinite(stored):
        reader.reject(row, "value", f"is too large in {tag.storage_unit}")
    return stored + 0.0  # -0.0 is 0, or the same file would say two things


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
