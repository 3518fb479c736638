"""What do the bytes of a poll mean? From the answers of all its blocks to values in the unit of storage and their
StatusCodes, all tags at once.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

from config.tags import ModbusTag
from connectors.modbus_coding import (
    BAD_ENCODING,
    BAD_OUT_OF_RANGE,
    U8,
    Place,
    Rows,
    byte_count,
    byte_positions,
    places_of,
)
from connectors.modbus_numbers import Numbers
from connectors.modbus_plan import Block
from connectors.modbus_scale import Conversion, Powers
from plant.reading import F64, U32
from plant.status_code import BAD, BAD_NO_DATA, GOOD

Decoded = tuple[F64, U32, Mapping[int, str]]
"""Values, StatusCodes, and texts by row."""


class Decoder:
    """Turns the bytes of a poll's answers, as they came and one block behind the other, into one row for each tag.

    Made once for a plan; raises KeyError for a tag that no block brings. size: how many bytes a poll has; starts:
    where each block begins in them, and behind the last the size. value_block, scale_block: row of the block that
    brings each tag's value and its power of ten (where it has none, the value's).
    """

    def __init__(self, tags: Sequence[ModbusTag], blocks: Sequence[Block]) -> None:
        self.starts = list(accumulate((byte_count(block) for block in blocks), initial=0))
        self.size = self.starts[-1]
        found = places_of(blocks, self.starts)
        values_at = [found[row, False] for row in range(len(tags))]
        self.value_block = np.array([place.block for place in values_at], dtype=np.intp)
        powers_at = [found.get((row, True), values_at[row]) for row in range(len(tags))]
        self.scale_block = np.array([place.block for place in powers_at], dtype=np.intp)
        self._numbers = Numbers(tags, values_at)
        self._powers = Powers(tags, powers_at)
        self._texts = [_Text(row, tag, values_at[row]) for row, tag in enumerate(tags) if tag.type == "string"]
        self._conversion = Conversion(tags)
        self._sentinel_rows, self._sentinels = _sentinels(tags)

    def decode(self, wire: U8, block_status: U32) -> Decoded:
        """Values (NaN where Bad), StatusCodes, and the text of each row that is one (its value NaN under Good).

        wire: `size` bytes, registers high byte first, bits packed and the least significant first. block_status: Good
        for each block that came, else the StatusCode of all its tags; its bytes are not looked at.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN is data here
            raw, status = self._numbers.read(wire)
            if len(self._sentinels):
                status[self._sentinel_rows[raw[self._sentinel_rows] == self._sentinels]] = BAD_NO_DATA
            values = self._conversion.in_storage_unit(self._powers.applied(wire, raw, status))
        finite = np.isfinite(values)
        if np.count_nonzero(finite) < len(values):
            cause = np.where(np.isfinite(raw), np.uint32(BAD_OUT_OF_RANGE), np.uint32(BAD_NO_DATA))
            status = np.where((status == GOOD) & ~finite, cause, status)
        texts: dict[int, str] = {}
        for text in self._texts:
            if (found := text.read(wire)) is None:
                status[text.row] = BAD_ENCODING
            else:
                texts[text.row] = found
            values[text.row] = np.nan
        if np.count_nonzero(block_status):
            for blocks in (self.scale_block, self.value_block):
                missing = block_status[blocks]
                np.copyto(status, missing, where=missing != GOOD)
        if np.count_nonzero(status):
            bad = (status & np.uint32(BAD)) != 0
            values[bad] = np.nan
            texts = {row: text for row, text in texts.items() if not bad[row]}
        return values, status, texts


class _Text:
    """A string: the characters up to a NUL, without blanks behind."""

    def __init__(self, row: int, tag: ModbusTag, place: Place) -> None:
        self.row = row
        order = byte_positions(tag.order, 1)
        length = tag.length or 0
        self._bytes_at = np.array([place.byte + at - at % 2 + order[at % 2] for at in range(length)], dtype=np.intp)

    def read(self, wire: U8) -> str | None:
        """The text; None where it is neither UTF-8 nor CP949."""
        data = wire[self._bytes_at].tobytes().split(b"\0", 1)[0]
        for encoding in ("utf-8", "cp949"):
            try:
                return data.decode(encoding).rstrip()
            except UnicodeDecodeError:
                continue
        return None


def _sentinels(tags: Sequence[ModbusTag]) -> tuple[Rows, F64]:
    # A float32 register holds the float32 that is nearest to the number in the manual.
    with np.errstate(over="ignore"):
        pairs = [
            (row, float(np.float32(number)) if tag.type == "float32" else number)
            for row, tag in enumerate(tags)
            if tag.type != "string"
            for number in tag.bad_values
        ]
    return np.array([row for row, _ in pairs], dtype=np.intp), np.array([number for _, number in pairs])
