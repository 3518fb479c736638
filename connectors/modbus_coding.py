"""Where do the bytes of a value lie on the wire?

Modbus Application Protocol V1.1b3, 4.2: a register travels with its high byte first; 6.1 and 6.2: bits travel packed,
the least significant first. The order of the words of a longer value is the maker's choice; letters name it: A is the
most significant byte, the first letter the first on the wire.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectors.modbus_plan import Block
from plant.status_code import parse_status

U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
Rows = NDArray[np.intp]

BAD_OUT_OF_RANGE = parse_status("BadOutOfRange")
BAD_ENCODING = parse_status("BadDataEncodingInvalid")


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


def byte_count(block: Block) -> int:
    """Bytes of data in a believable answer to a block's request."""
    return (block.count + 7) // 8 if block.is_bits else 2 * block.count


def wire_of(words: U16, is_bits: bool) -> U8:
    """Registers (or bits, as 0 and 1) as they travel."""
    if is_bits:
        return np.packbits(words.astype(np.bool_), bitorder="little")
    return words.astype(">u2").view(np.uint8)


def words_of(wire: U8, block: Block) -> U16:
    """The registers of a block's answer, or its bits as 0 and 1."""
    if block.is_bits:
        return np.unpackbits(wire, count=block.count, bitorder="little").astype(np.uint16)
    return wire.view(">u2").astype(np.uint16)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value begins in the answers of a poll: the block's row, the byte, and the bit where it is one of many."""

    block: int
    byte: int
    bit: int = 0


def places_of(blocks: Sequence[Block], starts: Sequence[int]) -> dict[tuple[int, bool], Place]:
    """Where each tag's value (row, False) and its power of ten (row, True) begins; starts: first byte of each block."""
    return {
        (part.tag, part.scale): Place(row, start + part.at // 8, part.at % 8)
        if block.is_bits
        else Place(row, start + 2 * part.at)
        for row, (block, start) in enumerate(zip(blocks, starts, strict=False))
        for part in block.parts
    }
