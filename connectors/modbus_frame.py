"""Which bytes ask for a block, and with which must its answer begin? Modbus TCP frames, made once for a plan.

MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3: transaction, protocol 0, length, unit, then the PDU.
"""

import struct
from dataclasses import dataclass

from connectors.modbus_check import FUNCTION_CODES, Answer
from connectors.modbus_coding import byte_count
from connectors.modbus_plan import Block

HEADER = 7
"""Bytes before the function code: transaction, protocol, length, unit."""
SHORTEST, LONGEST = 3, 254
"""What the length field of an answer may say: unit, function code and at least one byte; a PDU of 253 bytes at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a unit, in a form that costs nothing to send and little to check.

    behind_id: what is sent behind the transaction id. head: with what a believable answer goes on behind it: protocol,
    length, unit, function code, byte count. size: bytes of such an answer, from the transaction id on.
    """

    unit: int
    block: Block
    behind_id: bytes
    head: bytes
    size: int

    def __str__(self) -> str:
        return f"unit {self.unit}, {self.block}"


def request_of(unit: int, block: Block) -> Request:
    """The request that brings a block; its function code is one of the four that read."""
    function, size = FUNCTION_CODES[block.table], byte_count(block)
    return Request(
        unit,
        block,
        struct.pack(">HHBBHH", 0, 6, unit, function, block.address, block.count),
        struct.pack(">HHBBB", 0, size + 3, unit, function, size),
        HEADER + 2 + size,
    )


@dataclass(frozen=True, slots=True)
class Header:
    """How a frame begins. length: bytes of the frame behind the length field."""

    transaction: int
    protocol: int
    length: int

    @classmethod
    def of(cls, data: bytes) -> "Header":
        """From the first six bytes of a frame."""
        return cls(*struct.unpack(">HHH", data[:6]))

    @property
    def doubt(self) -> str | None:
        """Why these are not the first bytes of a Modbus TCP answer; None where they may be."""
        if self.protocol != 0:
            return f"protocol {self.protocol} where Modbus has 0"
        if not SHORTEST <= self.length <= LONGEST:
            return f"a frame of {self.length} bytes, where {SHORTEST} to {LONGEST} are possible"
        return None

    @property
    def size(self) -> int:
        """Bytes of the frame, from the transaction id on."""
        return 6 + self.length


def answer_of(frame: bytes) -> Answer:
    """The answer in a whole frame."""
    return Answer(frame[6], frame[7], frame[8:])
