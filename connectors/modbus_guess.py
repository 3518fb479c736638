"""What may registers hold whose manual is not at hand? Every decoding, and how plausible each is. Pure.

A decoding costs the bits that it takes to say its value, where small numbers and floats of everyday size are short and
unusual types and orders long. The best reading of a range is the one that says all its registers in the fewest bits;
a decoding is as much less plausible as the best reading with it in is longer. So a float32 that shows 230.1, or two
words that make 1234, stand out from noise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from config.tags import WORDS, ModbusTag
from connectors.modbus_coding import U16, wire_of
from connectors.modbus_plan import Block, Part, Table
from connectors.modbus_words import Decoder
from plant.status_code import GOOD
from plant.tag import Role

ORDERS = {
    1: ("ABCD", "BADC"),
    2: ("ABCD", "CDAB", "BADC", "DCBA"),
    4: ("ABCDEFGH", "GHEFCDAB", "BADCFEHG", "HGFEDCBA"),
}
"""Orders that devices are known to have, by words: as the standard's words, low word first, low byte first, both."""

_TYPE_BITS = {
    "uint16": 0.0,
    "int16": 2.0,
    "uint32": 1.0,
    "float32": 2.0,
    "int32": 3.0,
    "float64": 4.0,
    "bcd16": 7.0,
    "bcd32": 8.0,
    "uint64": 10.0,
    "int64": 12.0,
}
"""Bits that say the type: the more unusual, the more."""
_ORDER_BITS = (0.0, 3.0, 8.0, 8.0)
_ZERO_BITS = 4.0
"""A word of zeros: no shorter as a part of a long value than alone."""
_EVERYDAY = (1e-3, 1e9)
_STRANGE_BITS = 8.0
_CLOSEST_BITS = 14.0
_FAR_BITS = -100.0
_SCALES = {1.0: 0.0, 0.1: 1.0, 0.01: 2.0, 0.001: 3.0, 10.0: 3.0, 100.0: 4.0}
"""Powers of ten by which registers hold whole numbers for fractions, and bits that say them."""


@dataclass(frozen=True, slots=True)
class Decoding:
    """One way to understand registers: where, as what, the number then, and the factor that brings it near to what
    is expected (1 without one). plausibility: bits, 0 for the decodings of the best reading and below for others; the
    nearness to what is expected is added.
    """

    table: Table
    address: int
    type: str
    order: str
    value: float
    plausibility: float
    scale: float = 1.0

    @property
    def words(self) -> int:
        return 1 if self.table in ("coil", "discrete") else WORDS[self.type]

    @property
    def scaled(self) -> float:
        """The number in the unit that was expected; divided where that is exact."""
        return self.value / round(1 / self.scale) if self.scale < 1 else self.value * self.scale

    def as_tag(self, name: str, work_unit: str, role: Role = Role.OTHER) -> dict[str, Any]:
        """A tag that reads this, with the keys that a tag list has."""
        tag: dict[str, Any] = {"name": name, "work_unit": work_unit, "role": role.value, "table": self.table}
        tag["address"] = self.address
        if self.type != "bool":
            tag["type"] = self.type
        if self.order not in ("ABCD", "ABCDEFGH"):
            tag["order"] = self.order
        return tag if self.scale == 1 else {**tag, "scale": self.scale}


def decodings(table: Table, address: int, words: U16, expect: float | None = None) -> list[Decoding]:
    """Every decoding of registers (or bits) from an address on, the most plausible first.

    A decoding that gives no number (NaN, no decimal digits, beyond 2^53) is left out. expect: what the display of the
    device shows now; what comes near to it, also by a power of ten, comes first.
    """
    tags = _candidates(table, address, len(words))
    parts = tuple(Part(row, tag.address - address, tag.words) for row, tag in enumerate(tags))
    block = Block(table, address, len(words), parts)
    wire = wire_of(words, block.is_bits)
    values, status, _ = Decoder(tags, (block,)).decode(wire, np.zeros(1, dtype=np.uint32))
    numbers = [(tag, float(value)) for tag, value, code in zip(tags, values, status, strict=True) if code == GOOD]
    bits = [_bits(tag, value) for tag, value in numbers]
    excess = _excess([(tag.address - address, tag.words) for tag, _ in numbers], bits, len(words))
    found = [_decoding(tag, value, more, expect) for (tag, value), more in zip(numbers, excess, strict=True)]
    return sorted(found, key=lambda one: (-one.plausibility, one.address))


def apart(ranked: Sequence[Decoding]) -> list[Decoding]:
    """The most plausible decodings that share no register, by address."""
    taken: set[int] = set()
    chosen = []
    for one in ranked:
        mine = range(one.address, one.address + one.words)
        if taken.isdisjoint(mine):
            taken.update(mine)
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.address)


def _excess(places: Sequence[tuple[int, int]], bits: Sequence[float], count: int) -> list[float]:
    """Bits by which the best reading of all registers is longer if it must have a decoding; place: start and words."""
    by_start: list[list[int]] = [[] for _ in range(count)]
    for row, (start, _) in enumerate(places):
        by_start[start].append(row)
    before, behind = [0.0] + [math.inf] * count, [math.inf] * count + [0.0]
    for start in range(count):
        for row in by_start[start]:
            end = start + places[row][1]
            before[end] = min(before[end], before[start] + bits[row])
    for start in reversed(range(count)):
        behind[start] = min(bits[row] + behind[start + places[row][1]] for row in by_start[start])
    return [
        before[start] + own + behind[start + words] - behind[0]
        for (start, words), own in zip(places, bits, strict=True)
    ]


def _candidates(table: Table, address: int, count: int) -> list[ModbusTag]:
    if table in ("coil", "discrete"):
        return [_tag(table, address + at, "bool", "ABCD") for at in range(count)]
    return [
        _tag(table, address + at, kind, order)
        for kind in _TYPE_BITS
        for order in ORDERS[WORDS[kind]]
        for at in range(count - WORDS[kind] + 1)
    ]


def _tag(table: Table, address: int, kind: Any, order: str) -> ModbusTag:
    # Not validated: what is asked of every one of thousands holds by construction.
    return ModbusTag.model_construct(
        name="guess", work_unit="guess", role=Role.OTHER, table=table, address=address, type=kind, order=order
    )


def _decoding(tag: ModbusTag, value: float, excess: float, expect: float | None) -> Decoding:
    plausibility, scale = -excess, 1.0
    if expect is not None:
        whole = not tag.type.startswith("float") and tag.type != "bool"
        plausibility, scale = max(
            (_closeness(value * factor, expect) - cost - excess, factor)
            for factor, cost in _SCALES.items()
            if whole or factor == 1.0
        )
    return Decoding(tag.table, tag.address, tag.type, tag.order, value, round(plausibility, 2) + 0.0, scale)


def _bits(tag: ModbusTag, value: float) -> float:
    if tag.type == "bool":
        return 1.0
    size = 16 * tag.words
    unusual = _TYPE_BITS[tag.type] + _ORDER_BITS[ORDERS[tag.words].index(tag.order)]
    if value == 0:
        return unusual + _ZERO_BITS * tag.words
    return unusual + (_bits_of_float(value, size) if tag.type.startswith("float") else _bits_of_whole(value, size))


def _bits_of_whole(value: float, bits: int) -> float:
    """Bits that say a whole number, if every length of a number is as likely."""
    return math.log2(bits + 1) + math.log2(abs(value) + 1)


def _bits_of_float(value: float, bits: int) -> float:
    """Bits that say a float: those of its everyday exponent, and of its mantissa up to the last one that is set."""
    mantissa = 23 if bits == 32 else 52
    low, high = _EVERYDAY
    if not low <= abs(value) < high:
        return bits + _STRANGE_BITS
    fraction = int(math.frexp(abs(value))[0] * 2.0 ** (mantissa + 1))
    trailing = (fraction & -fraction).bit_length() - 1
    return 1 + math.log2(math.log2(high / low)) + max(mantissa - trailing, 4)


def _closeness(value: float, expect: float) -> float:
    """Bits by which a value's nearness to the expected one is no chance; far away counts against it."""
    apart_by = abs(value - expect) / max(abs(expect), 1e-9)
    if apart_by > 0.5:
        return _FAR_BITS
    return min(-math.log2(max(apart_by, 1e-9)), _CLOSEST_BITS)
