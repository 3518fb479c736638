"""What may registers hold whose manual is not at hand? Every decoding, and how plausible each is. Pure.

One device has one order, and its values tile the range (`connectors/modbus_tiling.py`). A decoding is as much less
plausible than the best tiling as the best one with it in is longer [bits]; the lead of the best order over the next is
said with it. What the display shows makes the decodings near to it plausible, by a power of ten too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.tags import WORDS
from connectors.modbus_coding import U16
from connectors.modbus_expected import Expected
from connectors.modbus_plan import Table
from connectors.modbus_tiling import DEVICE_ORDERS, DeviceOrder, Place, Tilings
from plant.tag import Role

_SURE_BITS, _LIKELY_BITS = 10.0, 3.0
_BESIDE_BITS = 8.0
"""Bits less for what is expected where it lies beside the address asked for: few count from 1."""
_FEW = 6
"""So few registers are asked for to read one value, which then begins at the first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked for among the registers that were read for context: the first address, how many."""

    address: int
    count: int

    def surprise(self, address: int) -> float:
        """Bits by which a value there surprises who asked; inf where it lies farther off than one register."""
        if address == self.address:
            return 0.0
        if not self.address - 1 <= address <= self.address + self.count:
            return math.inf
        return 0.0 if self.touches(address, 1) and self.count > _FEW else _BESIDE_BITS

    def touches(self, address: int, words: int) -> bool:
        """Whether a value there has a register that was asked for."""
        return address < self.address + self.count and address + words > self.address


class Confidence(StrEnum):
    """How far the order of the best tiling can be relied on. Sure: 1000 to 1, likely: 8 to 1, open: below.

    Zeros: all is 0, so that nothing can be told. Single: no value takes two registers, so that the order of words
    cannot be told. Shown: judged by what the display shows. Bits: there is no order.
    """

    SURE = "sure"
    LIKELY = "likely"
    OPEN = "open"
    ZEROS = "zeros"
    SINGLE = "single"
    SHOWN = "shown"
    BITS = "bits"


@dataclass(frozen=True, slots=True)
class Decoding:
    """One way to understand registers: where, as what, the value then (NaN: the device says that it has none; a text
    for type string), and the factor that brings it near to what is expected (1 without one).

    words: how many registers. plausibility: bits, 0 for the decodings of the best tiling and below for others; the
    nearness to what is expected is added.
    """

    table: Table
    address: int
    words: int
    type: str
    order: str
    value: float | str
    plausibility: float
    scale: float = 1.0

    @property
    def scaled(self) -> float | str:
        """The value after its scale, by a division where that is exact."""
        if isinstance(self.value, str):
            return self.value
        return self.value / round(1 / self.scale) if self.scale < 1 else self.value * self.scale

    def as_tag(self, name: str, work_unit: str, role: Role = Role.OTHER, unit: str = "") -> dict[str, Any]:
        """A tag that reads this, with the keys that a tag list has. A text needs the role of one."""
        tag: dict[str, Any] = {"name": name, "work_unit": work_unit, "role": role.value}
        if unit:
            tag["unit"] = unit
        tag |= {"table": self.table, "address": self.address}
        if self.type != "bool":
            tag["type"] = self.type
        if self.type == "string":
            tag["length"] = 2 * self.words
        if self.order not in ("ABCD", "ABCDEFGH"):
            tag["order"] = self.order
        return tag if self.scale == 1 else {**tag, "scale": self.scale}


@dataclass(frozen=True, slots=True)
class RankedOrder:
    """An order that the whole device may have. behind: bits by which its best tiling is longer than the best of all.
    bytes_of_one: the order of the bytes of a single register."""

    letters: str
    bytes_of_one: str
    behind: float


@dataclass(frozen=True, slots=True)
class Guess:
    """What a range holds. decodings: all, those of the best tiling first; best: its values by address.

    orders: the most plausible first; none of bits. lead: bits by which the order of the best tiling is more plausible
    than the next that reads something else; None where the range cannot tell. near: decodings near to what is
    expected, the nearest first.
    """

    decodings: list[Decoding]
    best: list[Decoding]
    orders: list[RankedOrder]
    lead: float | None
    near: list[Decoding]

    @property
    def confidence(self) -> Confidence:
        """How far the order can be relied on."""
        if self.near:
            return Confidence.SHOWN
        if not self.orders:
            return Confidence.BITS
        if all(one.value == 0 for one in self.best):
            return Confidence.ZEROS
        if self.lead is None or not any(one.words > 1 and one.value != 0 and one.type != "string" for one in self.best):
            return Confidence.SINGLE
        if self.lead >= _LIKELY_BITS:
            return Confidence.SURE if self.lead >= _SURE_BITS else Confidence.LIKELY
        return Confidence.OPEN

    def beside(self, address: int) -> int:
        """By how many registers what is expected lies beside where it was looked for: -1, 0 or 1."""
        if not self.near:
            return 0
        rivals = [one for one in self.near if self.near[0].plausibility - one.plausibility < _SURE_BITS]
        apart = self.near[0].address - address
        return apart if abs(apart) == 1 and all(one.address != address for one in rivals) else 0


def guess(
    table: Table,
    address: int,
    words: U16,
    expected: Expected | None = None,
    asked: Asked | None = None,
    refused: NDArray[np.bool_] | None = None,
) -> Guess:
    """Every decoding of registers (or bits) from an address on, and the values that tile them best.

    A decoding that gives no number (no decimal digits, beyond 2^53) is left out. expected: what the display of the
    device shows now; what comes near to it, also by a power of ten, comes first. asked: what of it somebody asked for;
    the other registers only tell the order. refused: which registers the device does not give, whatever stands in
    words; no value has one of them. No registers: nothing.
    """
    if table in ("coil", "discrete"):
        bits = [Decoding(table, address + at, 1, "bool", "ABCD", float(bit), 0.0) for at, bit in enumerate(words)]
        bits = [one for one in bits if refused is None or not refused[one.address - address]]
        return Guess(bits, bits, [], None, [])
    tilings = sorted((Tilings(words, order, None, refused) for order in DEVICE_ORDERS), key=lambda one: one.total)
    asked = asked or Asked(address, max(len(words), _FEW + 1))
    found = _decodings(table, address, tilings, expected, asked)
    found.sort(key=lambda one: (-one.plausibility, one.address))
    near = [one for one in found if expected is not None and expected.is_near(_number(one.scaled))]
    winner = tilings[0] if not near else _with(words, near[0], address, tilings, refused)
    best = [_of_place(table, address, words, winner, place, near[:1]) for place in winner.best()]
    best = [one for one in best if asked.touches(one.address, one.words) or one in near[:1]]
    orders = [
        RankedOrder(one.order.letters, one.order.of(1), round(one.total - tilings[0].total, 1)) for one in tilings
    ]
    return Guess(found, best, orders, None if near else _lead(tilings), near)


def _decodings(
    table: Table, address: int, tilings: Sequence[Tilings], expected: Expected | None, asked: Asked
) -> list[Decoding]:
    """One of every type, order and first register; as plausible as the device's order that makes it most so."""
    least: dict[tuple[str, str, int], tuple[float, float]] = {}
    for tiling in tilings:
        for kind, candidates in tiling.candidates.items():
            if kind == "string":
                continue
            order = tiling.order.of(WORDS[kind])
            for start, value in enumerate(candidates.values.tolist()):
                bits = tiling.bits_with[kind][start]
                if not math.isinf(bits) and bits < least.get((kind, order, start), (math.inf,))[0]:
                    least[kind, order, start] = bits, value
    found = []
    for (kind, order, start), (bits, value) in least.items():
        plausibility, scale = tilings[0].total - bits, 1.0
        surprise = asked.surprise(address + start)
        if math.isinf(surprise):
            continue
        if expected is not None:
            nearness, scale = expected.nearness(value, kind)
            plausibility += nearness - surprise
        rounded = round(plausibility, 2) + 0.0
        found.append(Decoding(table, address + start, WORDS[kind], kind, order, value, rounded, scale))
    return found


def _with(
    words: U16, sure: Decoding, address: int, tilings: Sequence[Tilings], refused: NDArray[np.bool_] | None
) -> Tilings:
    """The best tiling that has a decoding in it."""
    place = Place(sure.type, sure.address - address, sure.words)
    orders = [one.order for one in tilings if one.order.of(sure.words) == sure.order]
    return min((Tilings(words, order, place, refused) for order in orders), key=lambda one: one.total)


def _of_place(
    table: Table, address: int, words: U16, tiling: Tilings, place: Place, sure: Sequence[Decoding]
) -> Decoding:
    order = tiling.order.of(1 if place.kind == "string" else place.words)
    if place.kind == "string":
        letters = words[place.start : place.end]
        text = (letters.byteswap() if tiling.order.swapped else letters).astype(">u2").tobytes()
        return Decoding(table, address + place.start, place.words, "string", order, _text(text), 0.0)
    where = address + place.start, place.kind, order
    for one in sure:
        if (one.address, one.type, one.order) == where:
            return one
    value = float(tiling.candidates[place.kind].values[place.start])
    return Decoding(table, address + place.start, place.words, place.kind, order, value, 0.0)


def _text(data: bytes) -> str:
    return data.split(b"\0", 1)[0].decode("ascii").rstrip()


def _number(value: float | str) -> float:
    return math.nan if isinstance(value, str) else value


def _lead(tilings: Sequence[Tilings]) -> float | None:
    """Bits to the next order under which a value of the best tiling would be another; None where there is none."""
    best = tilings[0]
    sizes = {
        1 if place.kind == "string" else place.words
        for place in best.best()
        if place.kind == "string" or best.candidates[place.kind].values[place.start] != 0
    }

    def reads_alike(order: DeviceOrder) -> bool:
        return all(order.of(size) == best.order.of(size) for size in sizes)

    others = [one.total - best.total for one in tilings[1:] if not reads_alike(one.order)]
    return round(min(others), 1) if others else None
