"""Which values lie behind one another in a range of registers, if the whole device keeps to one order? Pure.

A device has one order of words and bytes, and its values tile the range: no register belongs to two. Values of a type
come in runs, so a type is said where it changes. The tiling that says all registers in the fewest bits (Rissanen's
minimum description length) is the best one; the order whose best tiling is shortest is the device's. So a float that
two others only seem to make, shifted by a register, loses: it breaks the tiling on both sides.
"""

import math
from dataclasses import dataclass

import numpy as np

from config.tags import WORDS
from connectors.modbus_candidates import TYPE_BITS, Candidates, read_as, text_bits
from connectors.modbus_check import U16

_STAY_BITS, _CHANGE_BITS = 0.2, 4.0
_LONG = {"ABCD": "ABCDEFGH", "CDAB": "GHEFCDAB", "BADC": "BADCFEHG", "DCBA": "HGFEDCBA"}


@dataclass(frozen=True, slots=True)
class DeviceOrder:
    """How a device orders the bytes of all its values. swapped: those of a single register too; bits: how unusual."""

    letters: str
    swapped: bool
    bits: float

    def of(self, words: int) -> str:
        """The letters for a value of so many registers."""
        if words == 1:
            return "BADC" if self.swapped else "ABCD"
        return self.letters if words == 2 else _LONG[self.letters]


DEVICE_ORDERS = (
    DeviceOrder("ABCD", False, 0.0),
    DeviceOrder("CDAB", False, 2.0),
    DeviceOrder("DCBA", True, 6.0),
    DeviceOrder("BADC", True, 6.0),
    DeviceOrder("DCBA", False, 8.0),
    DeviceOrder("BADC", False, 8.0),
)


@dataclass(frozen=True, slots=True)
class Place:
    """One value of a tiling: type, first register (counted from the range's first), registers."""

    kind: str
    start: int
    words: int

    @property
    def end(self) -> int:
        return self.start + self.words


def positions(order: str, words: int) -> tuple[int, ...]:
    """Where each byte of a value lies on the wire, the most significant first."""
    if words == 1:
        return (0, 1) if order == "ABCD" else (1, 0)
    return tuple(order.index(letter) for letter in sorted(order))


class Tilings:
    """All tilings of a range under one order.

    total: bits of the best one, order included. candidates: by type, every reading there is.
    """

    def __init__(self, words: U16, order: DeviceOrder, must: Place | None = None) -> None:
        self.order, self._count = order, len(words)
        numeric = {
            kind: read_as(words, kind, positions(order.of(size), size))
            for kind, size in WORDS.items()
            if kind != "bool"
        }
        self.candidates = numeric
        self.candidates["string"] = Candidates(np.zeros(len(words)), text_bits(words, order.swapped))
        self._words = {kind: WORDS.get(kind, 1) for kind in self.candidates}
        self._bits: dict[str, list[float]] = {kind: one.bits.tolist() for kind, one in self.candidates.items()}
        if must is not None:
            self._bits[must.kind][must.start] = -1e6
        self._before, self._from = self._forwards()
        self._behind = self._backwards()
        self.total = order.bits + min(self._before[-1].values())

    def bits_with(self, kind: str, start: int) -> float:
        """Bits of the best tiling that has this reading in it, order included."""
        bits = self._bits[kind][start]
        if math.isinf(bits):
            return math.inf
        return self.order.bits + self._entered(kind, start)[0] + bits + self._behind[start + self._words[kind]][kind]

    def best(self) -> list[Place]:
        """The values of the best tiling, by address; registers of a text behind one another are one."""
        found: list[Place] = []
        at, kind = self._count, min(self._before[-1], key=self._before[-1].__getitem__)
        while at > 0:
            words = self._words[kind]
            at -= words
            if kind == "string" and found and found[-1].kind == "string":
                found[-1] = Place(kind, at, found[-1].words + 1)
            else:
                found.append(Place(kind, at, words))
            kind = self._from[at][kind]
        return found[::-1]

    def _forwards(self) -> tuple[list[dict[str, float]], list[dict[str, str]]]:
        """Bits of the best tiling that ends before each register, by its last type; by the next type, which that is."""
        self._before = [{kind: math.inf for kind in self._bits} for _ in range(self._count + 1)]
        self._before[0][""] = 0.0
        came: list[dict[str, str]] = []
        for start in range(self._count):
            came.append({})
            here = self._before[start]
            last = min(here, key=here.__getitem__)
            for kind, bits in self._bits.items():
                end = start + self._words[kind]
                if end > self._count or math.isinf(bits[start]):
                    continue
                entered, changed = self._entered(kind, start, last)
                came[start][kind] = last if changed else kind
                self._before[end][kind] = min(self._before[end][kind], entered + bits[start])
        return self._before, came

    def _entered(self, kind: str, start: int, last: str | None = None) -> tuple[float, bool]:
        """Bits up to a reading of this type, the type said; and whether it is another than the one before."""
        here = self._before[start]
        last = min(here, key=here.__getitem__) if last is None else last
        stays = here[kind] + _STAY_BITS
        changes = here[last] + _CHANGE_BITS + TYPE_BITS[kind]
        return (changes, True) if changes < stays else (stays, False)

    def _backwards(self) -> list[dict[str, float]]:
        """Bits of the best tiling from each register on, by the type before it."""
        behind = [dict.fromkeys(self._bits, math.inf) for _ in range(self._count)]
        behind.append(dict.fromkeys(self._bits, 0.0))
        for start in reversed(range(self._count)):
            follow = {}
            for kind, bits in self._bits.items():
                end = start + self._words[kind]
                if end <= self._count and not math.isinf(bits[start]):
                    follow[kind] = bits[start] + behind[end][kind]
            changes = min(rest + _CHANGE_BITS + TYPE_BITS[kind] for kind, rest in follow.items())
            for kind in self._bits:
                behind[start][kind] = min(changes, follow.get(kind, math.inf) + _STAY_BITS)
        return behind
