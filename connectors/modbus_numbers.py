"""Which numbers do the bytes of a poll hold? Tags of one type are read in one go, in any order of their bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.tags import ModbusTag
from connectors.modbus_coding import BAD_ENCODING, BAD_OUT_OF_RANGE, U8, Place, Rows, byte_positions
from plant.reading import F64, U32
from plant.status_code import GOOD

LARGEST_WHOLE = 2**53
"""Whole numbers beyond it have no exact f64 (IEEE 754 binary64); they are refused rather than rounded."""

_DTYPES = {
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "uint16": "<u2",
    "uint32": "<u4",
    "uint64": "<u8",
    "float32": "<f4",
    "float64": "<f8",
}


class Numbers:
    """The numbers of a poll, made once for tags and the places of their values."""

    def __init__(self, tags: Sequence[ModbusTag], places: Sequence[Place]) -> None:
        groups = _groups_of(tags, places)
        self._bytes_at = np.concatenate([np.empty(0, np.intp), *(group.bytes_at.ravel() for group in groups)])
        byte_ends = list(accumulate((group.bytes_at.size for group in groups), initial=0))
        ends = list(accumulate((len(group.rows) for group in groups), initial=0))
        self._parts = [
            (group, slice(byte_ends[at], byte_ends[at + 1]), slice(ends[at], ends[at + 1]))
            for at, group in enumerate(groups)
        ]
        # Group behind group, and texts, which are in none, at the end.
        grouped = [row for group in groups for row in group.rows]
        grouped += [row for row, tag in enumerate(tags) if tag.type == "string"]
        self._rows: Rows = np.array(grouped, dtype=np.intp)
        self._cells: Rows = np.argsort(self._rows)
        self._in_order = grouped == sorted(grouped)

    def read(self, wire: U8) -> tuple[F64, U32]:
        """Numbers by row of the tag (0 for texts), and StatusCodes of what no exact number can be made of.

        Floats that are no number keep their NaN or infinity and stay Good here.
        """
        stored = wire[self._bytes_at]
        numbers = np.zeros(len(self._rows))
        status = np.zeros(len(numbers), dtype=np.uint32)
        for group, at, cells in self._parts:
            numbers[cells], bad = group.read(stored[at])
            if bad is not None:
                status[self._rows[cells]] = bad
        return (numbers if self._in_order else numbers[self._cells]), status


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Tags of one type, decoded in one go. rows: theirs; bytes_at: of their values, least significant first, [tags,
    size]; masks: of bits, which one of the byte is meant.
    """

    type: str
    rows: tuple[int, ...]
    bytes_at: Rows
    masks: U8

    def read(self, stored: U8) -> tuple[F64 | NDArray[Any], U32 | None]:
        """Numbers of the group's bytes, which lie as bytes_at has them, and StatusCodes unless all of them are Good."""
        if self.type == "bit":
            return (stored & self.masks) != 0, None
        if self.type.startswith("bcd"):
            return _of_decimals(stored.reshape(self.bytes_at.shape))
        numbers = stored.view(_DTYPES[self.type])
        if not self.type.endswith("int64"):
            return numbers, None
        beyond = numbers > LARGEST_WHOLE
        if self.type == "int64":
            beyond |= numbers < -LARGEST_WHOLE
        return numbers, _bad(beyond, BAD_OUT_OF_RANGE)


def _groups_of(tags: Sequence[ModbusTag], places: Sequence[Place]) -> tuple[_Group, ...]:
    """All tags but strings by type, long types first so that each group's bytes begin where its type may."""
    rows_of: dict[str, list[int]] = {}
    for row, tag in enumerate(tags):
        if tag.type != "string":
            rows_of.setdefault(_type(tag), []).append(row)
    groups = []
    for kind, rows in rows_of.items():
        bytes_at = [_bytes_at(tags[row], places[row]) for row in rows]
        masks = [1 << _bit(tags[row], places[row]) % 8 for row in rows] if kind == "bit" else []
        groups.append(_Group(kind, tuple(rows), np.array(bytes_at, dtype=np.intp), np.array(masks, dtype=np.uint8)))
    return tuple(sorted(groups, key=lambda group: -group.bytes_at.shape[1]))


def _type(tag: ModbusTag) -> str:
    return "bit" if tag.table in ("coil", "discrete") or tag.bit is not None else tag.type


def _bit(tag: ModbusTag, place: Place) -> int:
    return place.bit if tag.bit is None else tag.bit


def _bytes_at(tag: ModbusTag, place: Place) -> list[int]:
    if tag.table in ("coil", "discrete"):
        return [place.byte]
    at = [place.byte + position for position in reversed(byte_positions(tag.order, tag.words))]
    return at if tag.bit is None else [at[tag.bit // 8]]


def _of_decimals(stored: U8) -> tuple[F64, U32 | None]:
    """Binary coded decimals: a decimal digit in each half byte."""
    high, low = stored >> 4, stored & 0x0F
    wrong: NDArray[np.bool_] = np.any((high > 9) | (low > 9), axis=1)
    return (10 * high + low) @ 100.0 ** np.arange(stored.shape[1]), _bad(wrong, BAD_ENCODING)


def _bad(mask: NDArray[np.bool_], status: int) -> U32 | None:
    return np.where(mask, np.uint32(status), np.uint32(GOOD)) if mask.any() else None
