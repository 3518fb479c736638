"""Which values lie behind one another in a range of registers, if the whole device keeps to one order? Pure.

A device has one order of words and bytes, and its values tile the range: no register belongs to two. Values of a type
come in runs, so a type is said where it changes. The tiling that says all registers in the fewest bits (Rissanen's
minimum description length) is the best one; the order whose best tiling is shortest is the device's. So a float that
two others only seem to make, shifted by a register, loses: it breaks the tiling on both sides.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.tags import WORDS
from connectors.modbus_candidates import TYPE_BITS, Candidates, read_as, text_bits
from connectors.modbus_coding import U16

_REFUSED = "refused"
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

    total: bits of the best one, order included. candidates: by type, every reading there is; bits_with: bits of the
    best tiling that has it in it, order included, by first register (inf where it is no number).
    """

    def __init__(
        self, words: U16, order: DeviceOrder, must: Place | None = None, refused: NDArray[np.bool_] | None = None
    ) -> None:
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
        if refused is not None and refused.any():
            self._keep_out(refused)
        if must is not None:
            self._bits[must.kind][must.start] = -1e6
        self._behind = self._backwards()
        self.bits_with = {kind: [math.inf] * len(bits) for kind, bits in self._bits.items()}
        self._came: list[dict[str, str]] = []
        self._before = self._forwards()
        self.total = order.bits + min(self._before[-1].values())

    def _keep_out(self, refused: NDArray[np.bool_]) -> None:
        """No value has a register that the device refuses; such a one is of a type of its own and costs nothing."""
        for kind, bits in self._bits.items():
            for start in range(len(bits)):
                if refused[start : start + self._words[kind]].any():
                    bits[start] = math.inf
        self._words[_REFUSED] = 1
        self._bits[_REFUSED] = np.where(refused, 0.0, math.inf).tolist()

    def best(self) -> list[Place]:
        """The values of the best tiling, by address; registers of a text behind one another are one."""
        found: list[Place] = []
        at, kind = self._count, min(self._before[-1], key=self._before[-1].__getitem__)
        while at > 0:
            words = self._words[kind]
            at -= words
            if kind == "string" and found and (found[-1].kind, found[-1].start) == (kind, at + words):
                found[-1] = Place(kind, at, found[-1].words + 1)
            elif kind != _REFUSED:
                found.append(Place(kind, at, words))
            kind = self._came[at][kind]
        return found[::-1]

    def _forwards(self) -> list[dict[str, float]]:
        """Bits of the best tiling that ends before each register, by its last type.

        Notes on the way which type that was before each reading, and what the best tiling with it takes.
        """
        before = [dict.fromkeys(self._bits, math.inf) for _ in range(self._count + 1)]
        before[0][""] = 0.0
        for start, here in enumerate(before[:-1]):
            self._came.append({})
            last = min(here, key=here.__getitem__)
            changes = here[last] + _CHANGE_BITS
            for kind, bits in self._bits.items():
                end = start + self._words[kind]
                if end > self._count or math.isinf(bits[start]):
                    continue
                stays = here[kind] + _STAY_BITS
                is_new = changes + TYPE_BITS.get(kind, 0.0) < stays
                self._came[start][kind] = last if is_new else kind
                through = bits[start] + (changes + TYPE_BITS.get(kind, 0.0) if is_new else stays)
                before[end][kind] = through
                self.bits_with[kind][start] = self.order.bits + through + self._behind[end][kind]
        return before

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
            changes = min(rest + _CHANGE_BITS + TYPE_BITS.get(kind, 0.0) for kind, rest in follow.items())
            for kind in self._bits:
                behind[start][kind] = min(changes, follow.get(kind, math.inf) + _STAY_BITS)
        return behind
