"""Registers of meters made up by chance: what stands where in which type and order, and what a display would show."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np

from connectors.modbus_expected import Expected, expected
from connectors.modbus_guess import Asked, Guess, guess

ORDERS = (("ABCD", False), ("CDAB", False), ("BADC", True), ("DCBA", True), ("BADC", False), ("DCBA", False))
"""Letters of a device, and whether its single registers are swapped too."""
LEAST_VALUES = 6
_FORMS = {
    "float32": ">f",
    "float64": ">d",
    "uint32": ">I",
    "int32": ">i",
    "uint64": ">Q",
    "int64": ">q",
    "int16": ">h",
    "uint16": ">H",
}
_LONG = {"ABCD": "ABCDEFGH", "CDAB": "GHEFCDAB", "BADC": "BADCFEHG", "DCBA": "HGFEDCBA"}


@dataclass(frozen=True)
class Held:
    """A value in registers: its type, order and number there, and by what the display divides it."""

    type: str
    order: str
    value: float
    divided_by: float

    @property
    def words(self) -> int:
        return struct.calcsize(_FORMS[self.type]) // 2

    @property
    def shown(self) -> str:
        value = self.value / self.divided_by
        return f"{value:.2f}" if abs(value) < 1000 else f"{value:.1f}"


@dataclass
class Image:
    """The registers of a device from address 0 on, and what they hold by address."""

    name: str
    words: list[int]
    held: dict[int, Held]

    def put(self, at: int, kind: str, value: float, letters: str, swapped: bool, divided_by: float = 1) -> None:
        """Write a value."""
        data = struct.pack(_FORMS[kind], value)
        size = len(data) // 2
        order = ("BADC" if swapped else "ABCD") if size == 1 else letters if size == 2 else _LONG[letters]
        wire = data[::-1] if order == "BADC" and size == 1 else data
        if size > 1:
            wire = bytes(data["ABCDEFGH".index(letter)] for letter in order)
        self.words += [0] * (at + size - len(self.words))
        self.words[at : at + size] = struct.unpack(f">{size}H", wire)
        (stored,) = struct.unpack(_FORMS[kind], data)
        self.held[at] = Held(kind, order, stored, divided_by)

    def guess(self, shown: Expected | None = None) -> Guess:
        return guess("holding", 0, np.array(self.words, dtype=np.uint16), shown)

    def long_values(self) -> dict[int, Held]:
        """Those of several registers that are not 0, whose place nobody could tell."""
        return {at: held for at, held in self.held.items() if held.words > 1 and held.value}


def number_of(random: Random, quantity: str) -> float:
    """A number that such a quantity may have."""
    match quantity:
        case "voltage":
            return random.gauss(230, 4)
        case "current":
            return abs(random.gauss(20, 18))
        case "power":
            return random.uniform(-2000, 20000) if random.random() < 0.2 else random.uniform(10, 50000)
        case "cosphi":
            return random.uniform(0.5, 1)
        case "frequency":
            return random.gauss(50, 0.03)
    return float(10 ** random.uniform(1 if quantity == "energy" else -1, 6))


def images(random: Random, count: int) -> Iterator[Image]:
    """So many images in every order: floats, counters, scaled numbers, or all of them; zeros and texts between."""
    for _ in range(count):
        for letters, swapped in ORDERS:
            image = Image(random.choice(["floats", "counters", "scaled", "mixed"]), [], {})
            least, decimals = random.randint(LEAST_VALUES, 30), random.choice([None, None, 1, 2])
            while len(image.long_values()) < least:
                kind = _kind(random, image.name)
                for _ in range(random.randint(1, 6)):
                    value = _value(random, kind)
                    rounded = round(value, decimals) if decimals and kind == "float32" else value
                    divided_by = 1 if kind == "float32" else random.choice([1, 10, 100, 1000])
                    image.put(len(image.words), kind, rounded, letters, swapped, divided_by)
                if random.random() < 0.25:
                    image.words += [0] * random.randint(1, 4)
                if random.random() < 0.1:
                    image.words += _text(random, swapped)
            yield image


def _kind(random: Random, style: str) -> str:
    kinds = {"floats": ["float32"], "counters": ["uint32"], "scaled": ["int32", "int16", "uint32"]}
    return random.choice(kinds.get(style, ["float32", "float32", "uint32", "int16", "uint16"]))


def _value(random: Random, kind: str) -> float:
    quantity = random.choice(["voltage", "current", "power", "cosphi", "frequency", "energy", "other"])
    match kind:
        case "float32":
            return number_of(random, quantity) if random.random() < 0.9 else 0.0
        case "uint32":
            return int(10 ** random.uniform(2, 9)) if random.random() < 0.85 else 0
        case "int32":
            return int(random.choice([1, 1, 1, -1]) * 10 ** random.uniform(2, 6)) if random.random() < 0.9 else 0
        case "int16":
            return int(random.choice([1, 1, -1]) * number_of(random, "voltage") * 10)
    return random.choice([0, 1, 2, 5, 100, 231, random.randint(0, 65535)])


def _text(random: Random, swapped: bool) -> list[int]:
    data = random.choice(["EASTRON SDM630", "SN20231107-001", "Inepro PRO380", "V1.18.2 "]).encode()
    words = np.frombuffer(data + b"\0" * (len(data) % 2), dtype=">u2").astype(np.uint16)
    return (words.byteswap() if swapped else words).tolist()


@dataclass
class Share:
    """How many of the values asked for stood first."""

    right: int = 0
    asked: int = 0

    def count(self, is_right: bool) -> None:
        self.right += is_right
        self.asked += 1

    @property
    def ratio(self) -> float:
        return self.right / self.asked


def share_told(image: Image, share: Share) -> None:
    """Does the true decoding stand first at its register, if nobody says what the display shows?"""
    first = {one.address: one for one in reversed(image.guess().decodings)}
    for at, held in image.long_values().items():
        share.count((first[at].order, first[at].value) == (held.order, held.value))


def share_found(image: Image, share: Share, most: int) -> None:
    """Does a true decoding of a value that shows the same stand first, if it is said what the display shows?"""
    values = list(image.long_values().values())
    for held in values[:: max(1, len(values) // most)]:
        if not float(held.shown):
            continue
        first = image.guess(expected(held.shown)).decodings[0]
        true = image.held.get(first.address)
        same = true is not None and (true.order, true.value) == (first.order, first.value)
        share.count(bool(same and true and true.shown == held.shown))


def share_named(image: Image, share: Share, random: Random, moved_by: float) -> None:
    """Does the true decoding stand first, if two to six registers from its address on are asked for by its display?

    Eight registers to either side are context. moved_by: by what ratio the display shows more than the registers hold.
    """
    values = list(image.long_values().items())
    for at, held in values[:: max(1, len(values) // 4)]:
        value, count = held.value / held.divided_by * (1 + moved_by), random.randint(2, 6)
        shown = f"{value:.2f}" if abs(value) < 1000 else f"{value:.1f}"
        if not float(shown):
            continue
        first = max(0, at - 8)
        around = np.array(image.words[first : at + count + 8], dtype=np.uint16)
        found = guess("holding", first, around, expected(shown), Asked(at, count)).decodings[0]
        share.count((found.address, found.order, found.value) == (at, held.order, held.value))
