"""Where do the bytes of a value lie, and of which type are they? From a tag's coding to numbers, many at a time.

Modbus Application Protocol V1.1b3, 4.2: a register travels with its high byte first; 6.1 and 6.2: bits travel packed,
the least significant first. The order of the words of a longer value is the maker's choice; letters name it: A is the
most significant byte, the first letter the first on the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.tags import ModbusTag
from connectors.modbus_plan import Block
from plant.reading import F64, U32
from plant.status_code import GOOD, parse_status

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
Rows = NDArray[np.intp]

BAD_OUT_OF_RANGE = parse_status("BadOutOfRange")
BAD_ENCODING = parse_status("BadDataEncodingInvalid")

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


def byte_positions(order: str, words: int) -> tuple[int, ...]:
    """Where on the wire each byte of a value lies, most significant first.

    Four letters say of one word only whether its bytes are swapped; of 64 bits they are the default, ABCDEFGH.

    >>> byte_positions("CDAB", 2)
    (2, 3, 0, 1)
    """
    if words == 1:
        return (0, 1) if order.index("A") < order.index("B") else (1, 0)
    if len(order) != 2 * words:
        return tuple(range(2 * words))
    return tuple(order.index(letter) for letter in sorted(order))


def byte_count(block: Block) -> int:
    """Bytes of data in a believable answer to a block's request."""
    return (block.count + 7) // 8 if block.is_bits else 2 * block.count


def wire_of(words: U16, is_bits: bool) -> U8:
    """Registers (or bits, as 0 and 1) as they travel."""
    if is_bits:
        return np.packbits(words.astype(np.bool_), bitorder="little")
    return words.astype(">u2").view(np.uint8)


def words_of(wire: U8, block: Block) -> U16:
    """The registers of a block's answer, or its bits as 0 and 1."""
    if block.is_bits:
        return np.unpackbits(wire, count=block.count, bitorder="little").astype(np.uint16)
    return wire.view(">u2").astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value begins in the answers of a poll: the block's row, the byte, and the bit where it is one of many."""

    block: int
    byte: int
    bit: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Tags of one type, decoded in one go. rows: theirs; bytes_at: of their values, least significant first, [tags,
    size]; masks: of bits, which one of the byte is meant.
    """

    type: str
    rows: tuple[int, ...]
    bytes_at: Rows
    masks: U8

    def numbers(self, stored: U8) -> tuple[F64 | NDArray[Any], U32 | None]:
        """Numbers of the group's bytes, which lie as bytes_at has them, and StatusCodes unless all of them are Good.

        Floats that are no number keep their NaN or infinity and stay Good here.
        """
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


def groups_of(tags: Sequence[ModbusTag], places: Sequence[Place]) -> tuple[Group, ...]:
    """All tags but strings by type, long types first so that each group's bytes begin where its type may."""
    rows_of: dict[str, list[int]] = {}
    for row, tag in enumerate(tags):
        if tag.type != "string":
            rows_of.setdefault(_type(tag), []).append(row)
    groups = []
    for kind, rows in rows_of.items():
        bytes_at = [_bytes_at(tags[row], places[row]) for row in rows]
        masks = [1 << _bit(tags[row], places[row]) % 8 for row in rows] if kind == "bit" else []
        groups.append(Group(kind, tuple(rows), np.array(bytes_at, dtype=np.intp), np.array(masks, dtype=np.uint8)))
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
