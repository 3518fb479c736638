"""Which rows does a table file of any size hold, some at a time? Plain rows as columns, without an object a row."""

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from config.fault import file_fault, read_bytes
from config.table_file import CODECS, MOST_BYTES, NO_TEXT, Cell, Grid, Table, csv_grid, grid_of, headed

ROWS_AT_ONCE = 20_000
_SIGNS_AT_ONCE = 2**20
_COMMA, _LINE_END = ord(","), ord("\n")


@dataclass(frozen=True, slots=True)
class TablePart:
    """Rows of a file. columns: of the rows with as many cells as there are headings, which have these numbers; cells as
    they stand. others: all other rows, by number, empty ones included."""

    numbers: NDArray[np.int64]
    columns: Sequence[Sequence[str]]
    others: Sequence[tuple[int, Sequence[Cell]]]


@contextmanager
def opened_table(path: Path, required: tuple[str, ...]) -> Iterator[tuple[Table, Iterator[TablePart]]]:
    """A table of a CSV or XLSX file, its rows not read yet, and what gives them.

    Raises InputError as `read_table` does; so may what gives the rows.
    """
    if path.suffix.lower() == ".xlsx" or not os.path.isfile(path):  # a pipe, say, can be read but once
        encoding, grid = grid_of(path, read_bytes(path, MOST_BYTES))
        table = headed(path, encoding, grid, required)
        yield table, _parts_of_rows(grid, len(table.headings), encoding != "XLSX")
        return
    with ExitStack() as stack:
        with _read_faults(path):
            name = _encoding(path)
            text = stack.enter_context(path.open(encoding=CODECS[name], newline=""))
            lines = 0

            def counted() -> Iterator[str]:
                nonlocal lines
                for line in text:
                    lines += 1
                    yield line

            table = headed(path, name, csv_grid(path, counted()), required)
        yield table, _parts(path, text, lines, len(table.headings))


@contextmanager
def _read_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise file_fault(path, f"cannot be read: {error.strerror}") from None


def _encoding(path: Path) -> str:
    for name, codec in CODECS.items():
        with path.open(encoding=codec, newline="") as text:
            try:
                while text.read(_SIGNS_AT_ONCE):
                    pass
            except UnicodeDecodeError:
                continue
            return name
    raise file_fault(path, NO_TEXT)


def _parts(path: Path, text: TextIO, before: int, width: int) -> Iterator[TablePart]:
    with _read_faults(path):
        yield from _text_parts(path, text, before, width)


def _text_parts(path: Path, text: TextIO, before: int, width: int) -> Iterator[TablePart]:
    """Parts of a text behind so many lines. From the first quoted cell on, in which lines may end, by `csv`."""
    while block := text.read(_SIGNS_AT_ONCE) + text.readline():
        plain = block.replace("\r\n", "\n")
        part = None if '"' in plain or "\r" in plain else _plain_part(plain, before, width)
        if part is None:
            lines = chain(StringIO(block, newline=""), text)
            yield from _parts_of_rows(csv_grid(path, lines, before), width, as_columns=True)
            return
        before += len(part.numbers) + len(part.others)
        yield part


def _plain_part(block: str, before: int, width: int) -> TablePart | None:
    """A part of lines without quotes; None where a cell is longer than `csv` takes."""
    block = block if block.endswith("\n") else block + "\n"
    signs = np.frombuffer(block.encode(), dtype=np.uint8)
    ends = np.flatnonzero(signs == _LINE_END)
    commas = np.flatnonzero(signs == _COMMA)
    if np.diff(ends, prepend=-1).max() > csv.field_size_limit():
        return None
    numbers = np.arange(len(ends)) + before + 1
    fit = np.diff(np.searchsorted(commas, ends), prepend=0) == width - 1
    if fit.all():
        return TablePart(numbers, _columns(block, width), [])
    lines = block.split("\n")
    plain = "".join(lines[at] + "\n" for at in np.flatnonzero(fit).tolist())
    others = [(int(numbers[at]), lines[at].split(",")) for at in np.flatnonzero(~fit).tolist()]
    return TablePart(numbers[fit], _columns(plain, width), others)


def _columns(lines: str, width: int) -> list[list[str]]:
    cells = lines.replace("\n", ",").split(",")
    cells.pop()  # behind the last comma
    return [cells[at::width] for at in range(width)]


def _parts_of_rows(rows: Grid, width: int, as_columns: bool) -> Iterator[TablePart]:
    while some := list(islice(rows, ROWS_AT_ONCE)):
        fit = [row for row in some if as_columns and len(row[1]) == width]
        columns: list[Sequence[str]] = list(zip(*(cells for _, cells in fit), strict=True))
        others = [row for row in some if not as_columns or len(row[1]) != width]
        numbers = np.array([number for number, _ in fit], dtype=np.int64)
        yield TablePart(numbers, columns or [()] * width, others)
