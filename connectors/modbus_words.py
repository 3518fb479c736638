"""What do words mean? From the 16-bit words of a poll to values in the unit of storage and their StatusCodes.

Modbus Application Protocol V1.1b3, 4.2: a word travels with its high byte first. The order of the words of a longer
value is the maker's choice; letters name it: A is the most significant byte, the first letter the first on the wire.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.tags import ModbusTag
from connectors.modbus_plan import Block
from plant.reading import F64, U32
from plant.status_code import BAD, BAD_NO_DATA, GOOD, parse_status
from plant.unit import IDENTITY

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
Rows = NDArray[np.intp]

BAD_OUT_OF_RANGE = parse_status("BadOutOfRange")
BAD_ENCODING = parse_status("BadDataEncodingInvalid")

LARGEST_WHOLE = 2**53
"""Whole numbers beyond it have no exact f64 (IEEE 754 binary64); they are refused rather than rounded."""
LARGEST_POWER = 22
"""Powers of ten beyond it have no exact f64, and no register has a reason for one."""

_DTYPES = {
    "int16": ">i2",
    "int32": ">i4",
    "int64": ">i8",
    "uint16": ">u2",
    "uint32": ">u4",
    "uint64": ">u8",
    "float32": ">f4",
    "float64": ">f8",
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


@dataclass(frozen=True, slots=True)
class _Coding:
    """How the tags of a group are coded alike: type (`bit` for bits of registers), words and order of bytes."""

    type: str
    words: int
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Tags that are decoded in one go. rows: their rows; words_at: where their words are in a poll, [tags, words]."""

    coding: _Coding
    rows: Rows
    words_at: Rows
    bits: NDArray[np.uint8]


class Decoder:
    """Turns the words of all blocks of a poll, one block behind the other, into one row for each tag.

    Made once for a plan. words: how many a poll has; starts: where each block begins in them. value_block,
    scale_block: row of the block that brings each tag's value and its power of ten (where it has none, the value's).
    """

    def __init__(self, tags: Sequence[ModbusTag], blocks: Sequence[Block]) -> None:
        self.starts = starts = list(accumulate((block.count for block in blocks), initial=0))
        self.words = starts[-1]
        places: dict[tuple[int, bool], tuple[int, int]] = {}
        for row, block in enumerate(blocks):
            places |= {(part.tag, part.scale): (row, starts[row] + part.at) for part in block.parts}
        self._value_at = [places[row, False][1] for row in range(len(tags))]
        self.value_block = np.array([places[row, False][0] for row in range(len(tags))], dtype=np.intp)
        self.scale_block = np.array([places.get((r, True), places[r, False])[0] for r in range(len(tags))], np.intp)
        self._tags = tuple(tags)
        self._groups = _groups(tags, self._value_at)
        self._texts = [row for row, tag in enumerate(tags) if tag.type == "string"]
        scaled = [row for row, tag in enumerate(tags) if tag.scale_from is not None]
        self._scaled = np.array(scaled, dtype=np.intp)
        self._powers_at = np.array([[places[row, True][1]] for row in scaled], dtype=np.intp).reshape(-1, 1)
        self._powers_swapped = np.array([byte_positions(tags[row].order, 1)[0] for row in scaled], dtype=np.bool_)
        self._sentinels = _sentinels(tags)
        self._scale = np.array([tag.scale for tag in tags])
        self._offset = np.array([tag.offset for tag in tags])
        units = [IDENTITY if tag.type == "string" else tag.tag().to_storage() for tag in tags]
        self._factor = np.array([unit.factor for unit in units])
        self._unit_offset = np.array([unit.offset for unit in units])

    def decode(self, words: U16, block_status: U32) -> tuple[F64, U32, Mapping[int, str]]:
        """Values (NaN where Bad), StatusCodes, and the text of each row that is one (its value NaN under Good).

        block_status: Good for each block that came, else the StatusCode of all its tags; its words are not looked at.
        """
        raw = np.full(len(self._tags), np.nan)
        status = np.full(len(self._tags), GOOD, dtype=np.uint32)
        for group in self._groups:
            raw[group.rows], status[group.rows] = _decoded(words, group)
        rows, sentinels = self._sentinels
        status[rows[raw[rows] == sentinels]] = BAD_NO_DATA
        values = self._in_storage_unit(self._with_power(words, raw, status))
        texts = self._decoded_texts(words, status)
        is_number = np.ones(len(values), dtype=np.bool_)
        is_number[self._texts] = False
        status[is_number & (status == GOOD) & ~np.isfinite(values)] = BAD_OUT_OF_RANGE
        for blocks in (self.scale_block, self.value_block):
            missing = block_status[blocks]
            status = np.where(missing != GOOD, missing, status)
        bad = (status & np.uint32(BAD)) != 0
        return np.where(bad, np.nan, values), status, {row: text for row, text in texts.items() if not bad[row]}

    def _with_power(self, words: U16, raw: F64, status: U32) -> F64:
        """Raw values with the powers of ten of their `scale_from` registers (int16)."""
        if not len(self._scaled):
            return raw
        stored = words[self._powers_at[:, 0]]
        power = np.where(self._powers_swapped, stored.byteswap(), stored).astype(np.uint16).view(np.int16)
        senseless = np.abs(power.astype(np.int32)) > LARGEST_POWER
        good = status[self._scaled] == GOOD
        status[self._scaled[senseless & good]] = BAD_OUT_OF_RANGE
        exact = np.power(10.0, np.where(senseless, 0, np.abs(power)))
        values = raw.copy()
        # Divided where the power is negative: 1234 / 100 is the f64 nearest to 12.34, 1234 * 0.01 need not be.
        with np.errstate(over="ignore", invalid="ignore"):
            values[self._scaled] = np.where(power < 0, raw[self._scaled] / exact, raw[self._scaled] * exact)
        return values

    def _in_storage_unit(self, values: F64) -> F64:
        with np.errstate(over="ignore", invalid="ignore"):
            stored: F64 = (values * self._scale + self._offset) * self._factor + self._unit_offset
        return stored

    def _decoded_texts(self, words: U16, status: U32) -> dict[int, str]:
        texts = {}
        for row in self._texts:
            at, tag = self._value_at[row], self._tags[row]
            text = _text(words[at : at + tag.words], tag)
            if text is None:
                status[row] = BAD_ENCODING
            else:
                texts[row] = text
        return texts


def _groups(tags: Sequence[ModbusTag], value_at: Sequence[int]) -> list[_Group]:
    rows_of: dict[_Coding, list[int]] = {}
    for row, tag in enumerate(tags):
        if tag.type != "string":
            rows_of.setdefault(_coding(tag), []).append(row)
    groups = []
    for coding, rows in rows_of.items():
        words_at = np.array([[value_at[row] + word for word in range(coding.words)] for row in rows], dtype=np.intp)
        bits = np.array([tags[row].bit or 0 for row in rows], dtype=np.uint8)
        groups.append(_Group(coding, np.array(rows, dtype=np.intp), words_at, bits))
    return groups


def _coding(tag: ModbusTag) -> _Coding:
    is_bit = tag.table in ("coil", "discrete") or tag.bit is not None
    return _Coding("bit" if is_bit else tag.type, tag.words, byte_positions(tag.order, tag.words))


def _sentinels(tags: Sequence[ModbusTag]) -> tuple[Rows, F64]:
    # A float32 register holds the float32 that is nearest to the number in the manual.
    with np.errstate(over="ignore"):
        pairs = [
            (row, float(np.float32(number)) if tag.type == "float32" else number)
            for row, tag in enumerate(tags)
            for number in tag.bad_values
        ]
    return np.array([row for row, _ in pairs], dtype=np.intp), np.array([number for _, number in pairs])


def _decoded(words: U16, group: _Group) -> tuple[F64, U32]:
    """Raw values and StatusCodes of a group's tags, before sentinels and scale."""
    coding = group.coding
    wire = words[group.words_at].astype(">u2").view(np.uint8)
    stored = np.ascontiguousarray(wire[:, coding.positions])
    status = np.full(len(group.rows), GOOD, dtype=np.uint32)
    if coding.type == "bit":
        return ((stored.view(">u2")[:, 0] >> group.bits) & 1).astype(np.float64), status
    if coding.type.startswith("bcd"):
        return _bcd(stored, status)
    numbers: NDArray[Any] = stored.view(_DTYPES[coding.type])[:, 0]
    with np.errstate(invalid="ignore"):  # a signalling NaN is data here
        raw = numbers.astype(np.float64)
    if coding.type.startswith("float"):
        status[~np.isfinite(raw)] = BAD_NO_DATA
    elif coding.words == 4:
        status[numbers > LARGEST_WHOLE] = BAD_OUT_OF_RANGE
        if coding.type == "int64":
            status[numbers < -LARGEST_WHOLE] = BAD_OUT_OF_RANGE
    return raw, status


def _bcd(stored: U8, status: U32) -> tuple[F64, U32]:
    """Binary coded decimals: a decimal digit in each half byte, the most significant first."""
    digits = np.empty((len(stored), 2 * stored.shape[1]), dtype=np.uint8)
    digits[:, 0::2], digits[:, 1::2] = stored >> 4, stored & 0x0F
    status[(digits > 9).any(axis=1)] = BAD_ENCODING
    weights = 10.0 ** np.arange(digits.shape[1] - 1, -1, -1)
    return digits @ weights, status


def _text(words: U16, tag: ModbusTag) -> str | None:
    """The characters up to a NUL, without blanks behind; None where they are neither UTF-8 nor CP949."""
    in_words = words if byte_positions(tag.order, 1) == (0, 1) else words.byteswap()
    data = in_words.astype(">u2").tobytes()[: tag.length].split(b"\0", 1)[0]
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding).rstrip()
        except UnicodeDecodeError:
            continue
    return None
