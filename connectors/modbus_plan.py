"""Which requests read a device's tags? From tables and addresses to as few block reads as the protocol allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from config.tags import ModbusTag

Table = Literal["holding", "input", "coil", "discrete"]

MAX_REGISTERS = 125
"""Most registers of one request (Modbus Application Protocol V1.1b3, 6.3 and 6.4)."""
MAX_BITS = 2000
"""Most coils or discrete inputs of one request (V1.1b3, 6.1 and 6.2)."""
HOLE_REGISTERS = 16
"""Unused registers that are read through: 32 bytes more cost less than another round trip."""
HOLE_BITS = 128
"""Unused bits that are read through: 16 bytes more."""

_TABLES: tuple[Table, ...] = ("coil", "discrete", "holding", "input")


@dataclass(frozen=True, slots=True)
class Part:
    """What a block brings for one tag: `words` registers (or one bit) from `at` on, counted from the block's start.

    tag: row of the tag in the list that was planned. scale: these are not the tag's value but its power of ten.
    """

    tag: int
    at: int
    words: int
    scale: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """One request: `count` registers or bits of a table from a zero-based address on, and whom it serves."""

    table: Table
    address: int
    count: int
    parts: tuple[Part, ...]

    @property
    def is_bits(self) -> bool:
        return self.table in ("coil", "discrete")

    def __str__(self) -> str:
        return f"{self.table} {self.address} to {self.address + self.count - 1}"


@dataclass(frozen=True, slots=True)
class _Span:
    """Registers or bits [start, end) that one answer must bring together, and the parts (by address) within."""

    start: int
    end: int
    parts: tuple[Part, ...]


def plan_blocks(tags: Sequence[ModbusTag]) -> tuple[Block, ...]:
    """Block reads that bring every tag, by table and ascending address.

    All words of a value come from one block, so that the device cannot change it between two requests. So does its
    `scale_from` register where both fit into one request; one that is further away comes from another block.
    """
    blocks: list[Block] = []
    for table in _TABLES:
        spans = [span for row, tag in enumerate(tags) if tag.table == table for span in _spans(row, tag)]
        blocks.extend(_merged(table, sorted(spans, key=lambda span: (span.start, span.end))))
    return tuple(blocks)


def _spans(row: int, tag: ModbusTag) -> list[_Span]:
    value = Part(row, tag.address, tag.words)
    end = tag.address + tag.words
    if tag.scale_from is None:
        return [_Span(tag.address, end, (value,))]
    scale = Part(row, tag.scale_from, 1, scale=True)
    first, last = min(tag.address, tag.scale_from), max(end, tag.scale_from + 1)
    if last - first <= MAX_REGISTERS:
        return [_Span(first, last, (value, scale))]
    return [_Span(tag.address, end, (value,)), _Span(tag.scale_from, tag.scale_from + 1, (scale,))]


def _merged(table: Table, spans: list[_Span]) -> list[Block]:
    bits = table in ("coil", "discrete")
    limit, hole = (MAX_BITS, HOLE_BITS) if bits else (MAX_REGISTERS, HOLE_REGISTERS)
    groups: list[list[_Span]] = []
    start = end = 0
    for span in spans:
        if groups and span.start - end <= hole and max(end, span.end) - start <= limit:
            groups[-1].append(span)
            end = max(end, span.end)
        else:
            groups.append([span])
            start, end = span.start, span.end
    return [_block(table, group) for group in groups]


def _block(table: Table, spans: list[_Span]) -> Block:
    start = min(span.start for span in spans)
    end = max(span.end for span in spans)
    parts = (Part(p.tag, p.at - start, p.words, p.scale) for span in spans for p in span.parts)
    return Block(table, start, end - start, tuple(parts))
