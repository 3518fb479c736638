"""What else than the truth can a Modbus answer be? Kinds of answers, as bytes, pauses and ends of the connection.

Every register holds a word that follows from its table, its address and the number of the request (`generation`), so
that a value that is foreign, late, shifted or torn is known from the value alone: at one address no two of 65,536
requests in a row find the same word.

What no reader could ever tell from the truth is left out, since it carries the right header, count and check sum: the
data of another address, and a refusal with a true exception code. Where answers carry no transaction id (RTU, and
gateways that answer 0) an earlier answer of equal size that comes after the request is left out too, unless the
client's patience ended before: whoever does not give the connection up then deserves it.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from pymodbus.framer.rtu import FramerRTU

MASK = 0xFFFF


class Worth(Enum):
    """What a reader owes to an answer: TRUE must become values, MIXED may (truth beside bytes of no worth), FALSE
    must not."""

    TRUE = auto()
    MIXED = auto()
    FALSE = auto()


class End(Enum):
    CLOSE = auto()
    RESET = auto()
    HALF_CLOSE = auto()
    MUTE = auto()
    """The device takes requests but is silent until the connection is given up."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Bytes that reach the next connection: as soon as it is there, or with its first answer."""

    frame: bytes
    at_once: bool


Script = tuple[bytes | float | End | Stray, ...]
"""What is done one after the other: bytes are sent, a number is a pause in parts of the client's patience."""


@dataclass(frozen=True, slots=True)
class Request:
    transaction: int
    unit: int
    function: int
    address: int
    count: int
    generation: int = 0


def word(function: int, address: int, generation: int, unit: int = 1) -> int:
    """The word that a request finds at an address: each step is one to one, so generations never share a word."""
    mixed = (generation * 40503 + address * 25173 + function * 13849 + unit * 30011) & MASK
    mixed = ((mixed ^ (mixed >> 7)) * 0x9E3B) & MASK
    return mixed ^ (mixed >> 9)


def bit(function: int, address: int, generation: int, unit: int = 1) -> int:
    return word(function, address // 16, generation, unit) >> (address % 16) & 1


def truth(request: Request, count: int | None = None) -> bytes:
    """The data of a true answer: registers, or bits with the first in the lowest place."""
    count = request.count if count is None else count
    addresses = range(request.address, request.address + count)
    if request.function in (3, 4):
        return struct.pack(
            f">{count}H", *(word(request.function, at, request.generation, request.unit) for at in addresses)
        )
    bits = sum(
        bit(request.function, at, request.generation, request.unit) << place for place, at in enumerate(addresses)
    )
    return bits.to_bytes((count + 7) // 8, "little")


def pdu(request: Request, data: bytes | None = None, byte_count: int | None = None, function=None) -> bytes:
    data = truth(request) if data is None else data
    byte_count = len(data) if byte_count is None else byte_count
    return bytes([request.function if function is None else function, byte_count & 0xFF]) + data


def rtu_frame(unit: int, body: bytes) -> bytes:
    frame = bytes([unit]) + body
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def crc_is_right(frame: bytes) -> bool:
    return len(frame) > 3 and FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big"))


@dataclass(frozen=True, slots=True)
class Wire:
    """How answers are framed. ids: whether they carry the transaction id of their request; else 0, or RTU none."""

    rtu: bool = False
    ids: bool = True

    def frame(self, request: Request, body: bytes, transaction=None, protocol=0, length=None, unit=None) -> bytes:
        unit = request.unit if unit is None else unit
        if self.rtu:
            return rtu_frame(unit, body)
        if transaction is None:
            transaction = request.transaction if self.ids else 0
        length = len(body) + 1 if length is None else length
        return struct.pack(">HHHB", transaction & MASK, protocol, length & MASK, unit) + body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, the true answer to it, and what the device said before."""

    wire: Wire
    request: Request
    earlier: Request
    chance: random.Random = field(repr=False)

    @property
    def true(self) -> bytes:
        return self.framed()

    @property
    def stale(self) -> bytes:
        """The true answer to an earlier request, as it was sent then."""
        return self.wire.frame(self.earlier, pdu(self.earlier))

    def framed(self, body: bytes | None = None, **wrong: int) -> bytes:
        return self.wire.frame(self.request, pdu(self.request) if body is None else body, **wrong)

    def other(self, *excluded: int, below: int = 65536) -> int:
        """A number that is none of these."""
        return next(n for n in iter(lambda: self.chance.randrange(below), None) if n not in excluded)

    def cut(self) -> bytes:
        return self.true[: self.chance.randrange(1, len(self.true))]

    def noise(self) -> bytes:
        return self.chance.randbytes(self.chance.randrange(1, 300))


Kind = Callable[[Asked], Script]


def _data_of(asked: Asked, more: int) -> bytes:
    """The answer with so many registers (or 8 bits each) more than asked, in itself without fault."""
    step = 1 if asked.request.function in (3, 4) else 8
    return pdu(asked.request, truth(asked.request, max(0, asked.request.count + more * step)))


def _one_by_one(frame: bytes) -> Script:
    return tuple(frame[at : at + 1] for at in range(len(frame)))


def _in_pieces(asked: Asked) -> Script:
    frame, script = asked.true, []
    while frame:
        size = asked.chance.randrange(1, 2 + len(frame) // 2)
        script += [frame[:size], asked.chance.uniform(0.005, 0.03)]
        frame = frame[size:]
    return tuple(script)


TRUE: dict[str, Kind] = {
    "the truth": lambda a: (a.true,),
    "the truth byte by byte": lambda a: _one_by_one(a.true),
    "the truth in pieces": _in_pieces,
    "the truth slowly": lambda a: (a.chance.uniform(0.1, 0.3), a.true),
}

MIXED: dict[str, Kind] = {
    "the truth and an earlier answer in one segment": lambda a: (a.true + a.stale,),
    "the truth twice in one segment": lambda a: (a.true * 2,),
    "the truth forty times in one segment": lambda a: (a.true * 40,),
    "the truth and half an answer": lambda a: (a.true + a.cut(),),
    "the truth and garbage": lambda a: (a.true + a.noise(),),
    "the truth and then closed": lambda a: (a.true, End.CLOSE),
    "the truth and then reset": lambda a: (a.true, End.RESET),
    "the truth and then half closed": lambda a: (a.true, End.HALF_CLOSE),
    "the truth when patience may be over": lambda a: (a.chance.uniform(0.9, 1.1), a.true),
    "the truth far too late": lambda a: (a.chance.uniform(1.1, 1.6), a.true),
}

WITH_IDS_MIXED: dict[str, Kind] = {
    "the truth and later an earlier answer": lambda a: (a.true, a.chance.uniform(0.01, 0.1), a.stale),
    "the truth and later again": lambda a: (a.true, a.chance.uniform(0.01, 0.1), a.true),
    "an earlier answer and then the truth": lambda a: (a.stale + a.true,),
}

FALSE: dict[str, Kind] = {
    "other unit": lambda a: (a.framed(unit=a.other(a.request.unit, below=256)),),
    "next unit": lambda a: (a.framed(unit=a.request.unit + 1),),
    "unit 0": lambda a: (a.framed(unit=0),),
    "other unit byte by byte": lambda a: _one_by_one(a.framed(unit=a.request.unit + 1)),
    "another read function": lambda a: (a.framed(pdu(a.request, function=a.request.function % 4 + 1)),),
    "the table beside it": lambda a: (a.framed(pdu(a.request, function=(a.request.function - 1 ^ 1) + 1)),),
    "a write's function": lambda a: (a.framed(pdu(a.request, function=a.chance.choice((5, 6, 15, 16, 22, 23)))),),
    "unknown function": lambda a: (a.framed(pdu(a.request, function=a.chance.randrange(25, 128))),),
    "function 0": lambda a: (a.framed(pdu(a.request, function=0)),),
    "function 128": lambda a: (a.framed(pdu(a.request, function=128)),),
    "function alone": lambda a: (a.framed(bytes([a.request.function])),),
    "exception with data": lambda a: (a.framed(pdu(a.request, function=a.request.function | 128)),),
    "exception without code": lambda a: (a.framed(bytes([a.request.function | 128])),),
    "exception code 0": lambda a: (a.framed(bytes([a.request.function | 128, 0])),),
    "exception with two codes": lambda a: (a.framed(bytes([a.request.function | 128, 2, 2])),),
    "exception of another function": lambda a: (a.framed(bytes([(a.request.function % 4 + 1) | 128, 2])),),
    "byte count too small": lambda a: (a.framed(pdu(a.request, byte_count=len(truth(a.request)) - 1)),),
    "byte count too large": lambda a: (a.framed(pdu(a.request, byte_count=len(truth(a.request)) + 1)),),
    "byte count of one register less": lambda a: (a.framed(pdu(a.request, byte_count=len(truth(a.request)) - 2)),),
    "byte count 0": lambda a: (a.framed(pdu(a.request, byte_count=0)),),
    "byte count 255": lambda a: (a.framed(pdu(a.request, byte_count=255)),),
    "no data": lambda a: (a.framed(pdu(a.request, b"")),),
    "odd data": lambda a: (a.framed(pdu(a.request, truth(a.request) + b"\1")),),
    "data one byte short": lambda a: (a.framed(pdu(a.request, truth(a.request)[:-1])),),
    "data short of their byte count": lambda a: (a.framed(pdu(a.request)[:-1]),),
    "data beyond their byte count": lambda a: (a.framed(pdu(a.request) + b"\1\2"),),
    "fewer than asked": lambda a: (a.framed(_data_of(a, -1)),),
    "more than asked": lambda a: (a.framed(_data_of(a, 1)),),
    "many more than asked": lambda a: (a.framed(_data_of(a, 9)),),
    "cut and closed": lambda a: (a.cut(), End.CLOSE),
    "cut and reset": lambda a: (a.cut(), End.RESET),
    "cut and half closed": lambda a: (a.cut(), End.HALF_CLOSE),
    "cut and silent": lambda a: (a.cut(), End.MUTE),
    "closed": lambda a: (End.CLOSE,),
    "reset": lambda a: (End.RESET,),
    "half closed": lambda a: (End.HALF_CLOSE,),
    "silent": lambda a: (),
    "silent from now on": lambda a: (End.MUTE,),
    "garbage": lambda a: (a.noise(),),
    "garbage as the next connection begins": lambda a: (Stray(a.noise(), at_once=True), End.CLOSE),
    "all FF": lambda a: (b"\xff" * a.chance.randrange(1, 300),),
    "all 0": lambda a: (b"\0" * a.chance.randrange(1, 300),),
    "its own request": lambda a: (
        a.framed(struct.pack(">BHH", a.request.function, a.request.address, a.request.count)),
    ),
    "the truth in the other framing": lambda a: (replace(a.wire, rtu=not a.wire.rtu).frame(a.request, pdu(a.request)),),
}
"""Right but for what its name says."""

TCP_FALSE: dict[str, Kind] = {
    "other protocol": lambda a: (a.framed(protocol=a.other(0)),),
    "length one too small": lambda a: (a.framed(length=len(pdu(a.request))),),
    "length one too large": lambda a: (a.framed(length=len(pdu(a.request)) + 2),),
    "length 0": lambda a: (a.framed(length=0),),
    "length 1": lambda a: (a.framed(length=1),),
    "length 260": lambda a: (a.framed(length=260),),
    "length huge": lambda a: (a.framed(length=a.chance.randrange(300, 65536)),),
    "other transaction": lambda a: (a.framed(transaction=a.other(0, a.request.transaction)),),
}

WITH_IDS_FALSE: dict[str, Kind] = {
    "next transaction": lambda a: (a.framed(transaction=a.request.transaction + 1 & MASK or 1),),
    "transaction before": lambda a: (a.framed(transaction=a.request.transaction - 1 & MASK or 9),),
    "transaction of an earlier request": lambda a: (a.framed(transaction=_another(a)),),
    "transaction 0 after others": lambda a: (a.framed(transaction=0),),
    "transaction with its bytes swapped": lambda a: (a.framed(transaction=_swapped(a.request.transaction)),),
    "an earlier answer": lambda a: (a.stale,),
    "late and over the next connection": lambda a: (Stray(a.true, at_once=False), End.MUTE),
    "late and as the next connection begins": lambda a: (Stray(a.true, at_once=True), End.MUTE),
    "an earlier answer as the next connection begins": lambda a: (Stray(a.stale, at_once=True), End.CLOSE),
    "an earlier answer's first half": lambda a: (a.stale[:9] + a.true[9:],),
}

RTU_FALSE: dict[str, Kind] = {
    "check sum wrong": lambda a: (a.true[:-1] + bytes([a.true[-1] ^ 1 << a.chance.randrange(8)]),),
    "check sum in the wrong order": lambda a: (a.true[:-2] + _other(a.true[-2:])[::-1],),
    "no check sum": lambda a: (a.true[:-2], End.MUTE),
    "up to three bits turned": lambda a: (turned(a.true, a.chance, a.chance.randrange(1, 4)),),
}


def _another(asked: Asked) -> int:
    """The id of an earlier request, which must not be this one's."""
    earlier, transaction = asked.earlier.transaction, asked.request.transaction
    return earlier if earlier != transaction else asked.other(0, transaction)


def _swapped(transaction: int) -> int:
    swapped = (transaction & 0xFF) << 8 | transaction >> 8
    return swapped if swapped not in (transaction, 0) else transaction ^ 0x0101 or 9


def _other(pair: bytes) -> bytes:
    return pair if pair[0] != pair[1] else bytes([pair[0], pair[1] ^ 1])


def turned(frame: bytes, chance: random.Random, bits: int) -> bytes:
    """A frame with so many of its bits turned: CRC-16 (x16 + x15 + x2 + 1) finds any three in frames below 4 kB."""
    damaged = int.from_bytes(frame, "big")
    for place in chance.sample(range(8 * len(frame)), bits):
        damaged ^= 1 << place
    return damaged.to_bytes(len(frame), "big")


def kinds(wire: Wire, serial: bool = False) -> dict[str, tuple[Worth, Kind]]:
    """Every kind of answer that makes sense on a wire. A serial line can neither be closed nor forgotten."""
    false, mixed = dict(FALSE), dict(MIXED)
    if wire.rtu:
        false |= RTU_FALSE
    else:
        false |= TCP_FALSE
        if wire.ids:
            false |= WITH_IDS_FALSE
            mixed |= WITH_IDS_MIXED
    every = {name: (Worth.TRUE, kind) for name, kind in TRUE.items()}
    every |= {name: (Worth.MIXED, kind) for name, kind in mixed.items()}
    every |= {name: (Worth.FALSE, kind) for name, kind in false.items()}
    if serial:
        impossible = ("closed", "reset", "connection begins", "forty times in one segment")
        every = {name: found for name, found in every.items() if not name.endswith(impossible)}
    return every
