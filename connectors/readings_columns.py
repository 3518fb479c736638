"""Which rows of a file of readings are plainly good? These are read as columns: an object a row would take minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from connectors.rows import MOST_EXACT
from plant.instant_texts import plain_instants
from plant.reading import F64, I64
from plant.status_code import BAD, is_bad, parse_status
from plant.tag import Kind, Tag

_NO_STATUS, _UNREADABLE = -1, -2
_ROW = [("tag", "i8"), ("time_us", "i8"), ("value", "f8"), ("status", "i8"), ("row", "i8")]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Readings of several tags: place of each one's tag, time, value (of a text what stands for it), StatusCode, and
    number of its row in the file."""

    tags: I64
    times_us: I64
    values: F64
    status: I64
    rows: I64

    def __len__(self) -> int:
        return len(self.rows)

    @classmethod
    def of(cls, readings: Sequence[tuple[int, int, float, int, int]]) -> "Columns":
        """Columns of readings one by one."""
        found = np.array(readings, dtype=_ROW)
        return cls(*(found[name].copy() for name, _ in _ROW))

    @classmethod
    def in_order(cls, one: "Columns", other: "Columns") -> "Columns":
        """Both, by the number of their rows."""
        if not len(other):
            return one
        order = np.argsort(np.concatenate([one.rows, other.rows]), kind="stable")
        pairs = ((getattr(one, name), getattr(other, name)) for name in cls.__slots__)
        return cls(*(np.concatenate(pair)[order] for pair in pairs))


class PlainColumns:
    """Reads rows of a file with these headings, of these tags."""

    def __init__(self, headings: Sequence[str], tags: Sequence[Tag], texts: dict[str, int]) -> None:
        self._headings, self._tags, self._texts = headings, tags, texts
        self._places = {tag.name: at for at, tag in enumerate(tags)}
        self._kinds = np.array([list(Kind).index(tag.kind) for tag in tags], dtype=np.int64)
        self._codes = [{name: float(code) for code, name in reversed(list(tag.states.items()))} for tag in tags]
        self._conversion = lru_cache(maxsize=10_000)(self._found_conversion)

    def read(self, columns: Sequence[Sequence[str]], numbers: I64) -> tuple[Columns, list[int]]:
        """Readings of the rows that are plainly good, and places of those that are left to be read one by one.

        columns: cells by heading. numbers: those of the rows in the file.
        """
        found, good = self._read(dict(zip(self._headings, columns, strict=True)), numbers)
        return found, np.flatnonzero(~good).tolist()

    def _read(self, cells: Mapping[str, Sequence[str]], numbers: I64) -> tuple[Columns, NDArray[np.bool_]]:
        n = len(numbers)
        times = plain_instants(cells["time"])
        tags = np.fromiter(map(self._places.get, cells["tag"], repeat(-1)), np.int64, n)
        status = np.fromiter(map(_status, cells.get("status", repeat("", n))), np.int64, n)
        kinds = self._kinds[tags]
        values, said = _numbers(cells["value"])
        said |= (status >= 0) & (kinds == list(Kind).index(Kind.TEXT))
        bad = status & BAD != 0
        bad &= status >= 0
        said &= ~bad
        good = (times >= 0) & (tags >= 0) & (status != _UNREADABLE)
        self._words(cells["value"], tags, kinds, values, good & said)
        factors, offsets = self._factors(tags, cells.get("unit"))
        with np.errstate(all="ignore"):
            stored = values * factors + offsets + 0.0  # -0.0 is 0
        good &= ~said | np.isfinite(stored)
        small = (np.abs(stored) < MOST_EXACT) & (np.abs(values) < MOST_EXACT)
        good &= ~said | small | (kinds != list(Kind).index(Kind.COUNTER))
        status = np.where(said, np.maximum(status, 0), np.where(bad, status, BAD))
        stored[~said] = np.nan
        return Columns(tags[good], times[good], stored[good], status[good], numbers[good]), good

    def _words(self, cells: Sequence[str], tags: I64, kinds: I64, values: F64, wanted: NDArray[np.bool_]) -> None:
        """What stands for texts, and the numbers of states, in place of what they are as numbers."""
        for at in np.flatnonzero(wanted & (kinds == list(Kind).index(Kind.TEXT))).tolist():
            values[at] = text_value(self._texts, cells[at])
        for at in np.flatnonzero(wanted & (kinds == list(Kind).index(Kind.STATE))).tolist():
            values[at] = self._codes[tags[at]].get(cells[at].strip(), values[at])

    def _factors(self, tags: I64, units: Sequence[str] | None) -> tuple[F64, F64]:
        """Factor and offset to the unit of storage, NaN where there is no such way."""
        named = {"": 0}
        which = 0 if units is None else np.array([named.setdefault(unit, len(named)) for unit in units], dtype=np.int64)
        pairs, back = np.unique(tags * len(named) + which, return_inverse=True)
        names = list(named)
        found = [self._conversion(pair // len(named), names[pair % len(named)]) for pair in pairs.tolist()]
        factors, offsets = np.array(found, dtype=np.float64).reshape(-1, 2).T
        return factors[back], offsets[back]

    def _found_conversion(self, tag: int, unit: str) -> tuple[float, float]:
        """A text has no unit, and what stands for it none to be converted."""
        if tag < 0:
            return float("nan"), 0.0
        if self._tags[tag].kind is Kind.TEXT:
            return 1.0, 0.0
        try:
            way = self._tags[tag].to_storage(unit.strip() or None)
        except ValueError:
            return float("nan"), 0.0
        return float(way.factor), float(way.offset)


def said_text(cell: str, status: int | None) -> str | None:
    """The text that a cell of a text tag says; None: there is none. It may be empty where a status says it is one."""
    is_one = bool(cell.strip()) if status is None else not is_bad(status)
    return cell if is_one else None


def text_value(texts: dict[str, int], text: str) -> float:
    """What stands for a text, which is taken up where it is new."""
    return float(texts.setdefault(text, len(texts)))


@lru_cache(maxsize=10_000)
def _status(cell: str) -> int:
    try:
        return parse_status(cell) if cell.strip() else _NO_STATUS
    except ValueError:
        return _UNREADABLE


def _numbers(cells: Sequence[str]) -> tuple[F64, NDArray[np.bool_]]:
    """Numbers, NaN where a cell is none or is written with a `_`, and which cells are not empty."""
    try:
        values = np.array(list(map(float, cells)))
    except ValueError:
        values = np.array([_number(cell) for cell in cells])
    said = np.ones(len(cells), dtype=np.bool_)
    if "_" in "".join(cells):
        values[[at for at, cell in enumerate(cells) if "_" in cell]] = np.nan
    for at in np.flatnonzero(np.isnan(values)).tolist():
        said[at] = bool(cells[at].strip())
    return values, said


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")
