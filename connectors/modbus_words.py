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
    groups_of,
)
from connectors.modbus_plan import Block
from plant.reading import F64, U32
from plant.status_code import BAD, BAD_NO_DATA, GOOD
from plant.unit import IDENTITY

LARGEST_POWER = 22
"""Powers of ten beyond it have no exact f64, and no register has a reason for one."""


class Decoder:
    """Turns the bytes of a poll's answers, as they came and one block behind the other, into one row for each tag.

    Made once for a plan; raises KeyError for a tag that no block brings. size: how many bytes a poll has; starts:
    where each block begins in them, and behind the last the size. value_block, scale_block: row of the block that
    brings each tag's value and its power of ten (where it has none, the value's).
    """

    def __init__(self, tags: Sequence[ModbusTag], blocks: Sequence[Block]) -> None:
        self.starts = list(accumulate((byte_count(block) for block in blocks), initial=0))
        self.size = self.starts[-1]
        found = _places(blocks, self.starts)
        values_at = [found[row, False] for row in range(len(tags))]
        self.value_block = np.array([place.block for place in values_at], dtype=np.intp)
        powers_at = [found.get((row, True), values_at[row]) for row in range(len(tags))]
        self.scale_block = np.array([place.block for place in powers_at], dtype=np.intp)
        self._lay_out_numbers(tags, values_at)
        self._powers = _Powers(tags, powers_at)
        self._texts = [_Text(row, tag, values_at[row]) for row, tag in enumerate(tags) if tag.type == "string"]
        self._conversion = _Conversion(tags)
        self._sentinel_rows, self._sentinels = _sentinels(tags)

    def _lay_out_numbers(self, tags: Sequence[ModbusTag], values_at: Sequence[Place]) -> None:
        """Groups lie one behind the other; tags of no group (texts) come last. From there, where each row's tag is."""
        groups = groups_of(tags, values_at)
        self._bytes_at = np.concatenate([np.empty(0, np.intp), *(group.bytes_at.ravel() for group in groups)])
        byte_ends = list(accumulate((group.bytes_at.size for group in groups), initial=0))
        ends = list(accumulate((len(group.rows) for group in groups), initial=0))
        self._parts = [
            (group, slice(byte_ends[at], byte_ends[at + 1]), slice(ends[at], ends[at + 1]))
            for at, group in enumerate(groups)
        ]
        grouped = [row for group in groups for row in group.rows]
        grouped += sorted(set(range(len(tags))) - set(grouped))
        self._grouped_at = np.argsort(np.array(grouped, dtype=np.intp))
        self._in_order = grouped == sorted(grouped)

    def decode(self, wire: U8, block_status: U32) -> tuple[F64, U32, Mapping[int, str]]:
        """Values (NaN where Bad), StatusCodes, and the text of each row that is one (its value NaN under Good).

        wire: `size` bytes, registers high byte first, bits packed and the least significant first. block_status: Good
        for each block that came, else the StatusCode of all its tags; its bytes are not looked at.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a signalling NaN is data here
            raw, status = self._numbers(wire)
            if len(self._sentinels):
                status[self._sentinel_rows[raw[self._sentinel_rows] == self._sentinels]] = BAD_NO_DATA
            values = self._conversion.in_storage_unit(self._powers.applied(wire, raw, status))
        finite = np.isfinite(values)
        if np.count_nonzero(finite) < len(values):
            cause = np.where(np.isfinite(raw), np.uint32(BAD_OUT_OF_RANGE), np.uint32(BAD_NO_DATA))
            status = np.where((status == GOOD) & ~finite, cause, status)
        texts = {}
        for text in self._texts:
            if (found := text.read(wire)) is None:
                status[text.row] = BAD_ENCODING
            else:
                texts[text.row] = found
            values[text.row] = np.nan
        if np.count_nonzero(block_status):
            for blocks in (self.scale_block, self.value_block):
                missing = block_status[blocks]
                status = np.where(missing != GOOD, missing, status)
        if np.count_nonzero(status):
            bad = (status & np.uint32(BAD)) != 0
            values[bad] = np.nan
            texts = {row: text for row, text in texts.items() if not bad[row]}
        return values, status, texts

    def _numbers(self, wire: U8) -> tuple[F64, U32]:
        """What the registers say, texts being 0, and StatusCodes of what no number can be made of."""
        stored = wire[self._bytes_at]
        raw = np.zeros(len(self._grouped_at))
        status = np.zeros(len(raw), dtype=np.uint32)
        for group, at, cells in self._parts:
            raw[cells], bad = group.numbers(stored[at])
            if bad is not None:
                status[cells] = bad
        if self._in_order:
            return raw, status
        return raw[self._grouped_at], status[self._grouped_at]


class _Powers:
    """Powers of ten that come from registers of their own (int16)."""

    def __init__(self, tags: Sequence[ModbusTag], places: Sequence[Place]) -> None:
        scaled = [row for row, tag in enumerate(tags) if tag.scale_from is not None and tag.type != "string"]
        self._rows: Rows = np.array(scaled, dtype=np.intp)
        swapped = [byte_positions(tags[row].order, 1)[::-1] for row in scaled]
        at = [[places[row].byte + byte for byte in order] for row, order in zip(scaled, swapped, strict=True)]
        self._bytes_at: Rows = np.array(at, dtype=np.intp).ravel()

    def applied(self, wire: U8, raw: F64, status: U32) -> F64:
        """Raw values with their powers; a senseless power is written into status."""
        if not len(self._rows):
            return raw
        power = wire[self._bytes_at].view("<i2").astype(np.int32)
        senseless = np.abs(power) > LARGEST_POWER
        good = status[self._rows] == GOOD
        status[self._rows[senseless & good & np.isfinite(raw[self._rows])]] = BAD_OUT_OF_RANGE
        exact = np.power(10.0, np.where(senseless, 0, np.abs(power)))
        values = raw.copy()
        # Divided where the power is negative: 1234 / 100 is the f64 nearest to 12.34, 1234 * 0.01 need not be.
        values[self._rows] = np.where(power < 0, raw[self._rows] / exact, raw[self._rows] * exact)
        return values


class _Conversion:
    """From numbers to the unit of storage: scale and offset of the tag, then those of its unit."""

    def __init__(self, tags: Sequence[ModbusTag]) -> None:
        units = [IDENTITY if tag.type == "string" else tag.tag().to_storage() for tag in tags]
        self._scale = np.array([tag.scale for tag in tags])
        self._offset = np.array([tag.offset for tag in tags])
        self._factor = np.array([unit.factor for unit in units])
        self._unit_offset = np.array([unit.offset for unit in units])
        # What changes no value of any tag is left out; the first offset also turns -0.0 into 0.0.
        self._has_scale = bool((self._scale != 1).any())
        self._has_unit = any(unit != IDENTITY for unit in units)

    def in_storage_unit(self, raw: F64) -> F64:
        values: F64 = raw * self._scale + self._offset if self._has_scale else raw + self._offset
        return values * self._factor + self._unit_offset if self._has_unit else values


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


def _places(blocks: Sequence[Block], starts: Sequence[int]) -> dict[tuple[int, bool], Place]:
    """Where each tag's value (False) and its power of ten (True) begins; in several blocks, where it is last."""
    return {
        (part.tag, part.scale): Place(row, start + part.at // 8, part.at % 8)
        if block.is_bits
        else Place(row, start + 2 * part.at)
        for row, (block, start) in enumerate(zip(blocks, starts[:-1], strict=True))
        for part in block.parts
    }


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
