"""Which requests read a device's tags? From tables and addresses to as few block reads as the device allows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from config.devices import MAX_BITS as MAX_BITS
from config.devices import MAX_REGISTERS as MAX_REGISTERS
from config.devices import ModbusDevice
from config.tags import ModbusTag

Table = Literal["holding", "input", "coil", "discrete"]

HOLE_REGISTERS = 16
"""Unused registers that are read through: 32 bytes more cost less than another round trip."""
HOLE_BITS = 8 * HOLE_REGISTERS
"""Unused bits that are read through: 16 bytes more."""


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

    @property
    def unused(self) -> tuple[tuple[int, int], ...]:
        """Addresses read through, first and last of each hole: no tag asks for them."""
        found, end = [], 0
        for part in sorted(self.parts, key=lambda part: part.at):
            if part.at > end:
                found.append((self.address + end, self.address + part.at - 1))
            end = max(end, part.at + part.words)
        return tuple(found)

    def __str__(self) -> str:
        last = f"-{self.address + self.count - 1}" if self.count > 1 else ""
        return f"{self.table} {self.address}{last}"


@dataclass(frozen=True, slots=True)
class Span:
    """Registers or bits [start, end) that one answer must bring together, and the parts within, by address."""

    table: Table
    start: int
    end: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device bears. hole_…: most registers or bits in a row that are read though no tag asks for them.

    forbidden: table, first and last address of what is never read through. start_at_zero: requests begin at address 0
    wherever that reaches. one_request_per_tag: spans are never put together.
    """

    max_registers: int = MAX_REGISTERS
    max_bits: int = MAX_BITS
    hole_registers: int = HOLE_REGISTERS
    hole_bits: int = HOLE_BITS
    forbidden: tuple[tuple[Table, int, int], ...] = ()
    start_at_zero: bool = False
    one_request_per_tag: bool = False


def limits_of(device: ModbusDevice) -> Limits:
    """The limits that a device's settings name."""
    return Limits(
        device.max_registers,
        device.max_bits,
        device.max_hole,
        8 * device.max_hole,
        device.forbidden,
        device.start_at_zero,
        device.one_request_per_tag,
    )


def plan_blocks(tags: Sequence[ModbusTag], limits: Limits = Limits()) -> tuple[Block, ...]:
    """Block reads that bring every tag, by table and ascending address; none for no tags."""
    return blocks_of(spans_of(tags, limits), limits)


def spans_of(tags: Iterable[ModbusTag], limits: Limits) -> tuple[Span, ...]:
    """What must come from one answer each, by table and address; tags of the same registers share a span.

    All words of a value do, so that the device cannot change it between two requests. So does its `scale_from`
    register where one request may hold both; one that is further away, or beyond forbidden addresses, has its own.
    """
    found: dict[tuple[Table, int, int], list[Part]] = {}
    for row, tag in enumerate(tags):
        for parts in _together(row, tag, limits):
            start, end = min(part.at for part in parts), max(part.at + part.words for part in parts)
            found.setdefault((tag.table, start, end), []).extend(parts)
    return tuple(Span(*place, tuple(found[place])) for place in sorted(found))


def _together(row: int, tag: ModbusTag, limits: Limits) -> list[list[Part]]:
    value = Part(row, tag.address, tag.words)
    if tag.scale_from is None:
        return [[value]]
    scale = Part(row, tag.scale_from, 1, scale=True)
    before, after = sorted((value, scale), key=lambda part: part.at)
    gap_start, gap_end = before.at + before.words, after.at
    fits = after.at + after.words - before.at <= limits.max_registers
    passable = gap_end <= gap_start or (limits.hole_registers > 0 and not _bars(limits, tag.table, gap_start, gap_end))
    return [[value, scale]] if fits and passable else [[value], [scale]]


def blocks_of(spans: Iterable[Span], limits: Limits) -> tuple[Block, ...]:
    """Requests that bring every span whole and once, by table and ascending address: as few as there can be.

    A span on forbidden addresses is a request of its own, so that it harms no other. All spans that a request from 0
    reaches come from that one, where requests have to begin there.
    """
    groups: list[list[Span]] = []
    from_zero: dict[Table, list[Span]] = {}
    others: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.table, span.start, span.end)):
        if limits.one_request_per_tag or _bars(limits, span.table, span.start, span.end):
            groups.append([span])
        elif _begins_at_zero(span.table, span.end, limits):
            from_zero.setdefault(span.table, []).append(span)
        else:
            others.append(span)
    groups += [*from_zero.values(), *_merged(others, limits)]
    blocks = (_block(group, limits) for group in groups)
    return tuple(sorted(blocks, key=lambda block: (block.table, block.address, block.count)))


def _merged(spans: Iterable[Span], limits: Limits) -> list[list[Span]]:
    """Spans, given by their start, in groups that one request brings: each joins the last group or begins another.

    No other way takes fewer requests. A span that does not join would make the request too long or lies behind a
    hole, so it ends behind all spans of the group. A later one that could still have joined lies within it and comes
    with it for nothing; and an earlier group, which begins further left, reaches no later span that the last does not.
    """
    groups: list[list[Span]] = []
    start = end = 0
    for span in spans:
        bits = span.table in ("coil", "discrete")
        most, hole = (limits.max_bits, limits.hole_bits) if bits else (limits.max_registers, limits.hole_registers)
        fits = groups and groups[-1][0].table == span.table and max(end, span.end) - start <= most
        if fits and span.start - end <= hole and not _bars(limits, span.table, end, span.start):
            groups[-1].append(span)
            end = max(end, span.end)
        else:
            groups.append([span])
            start, end = span.start, span.end
    return groups


def _begins_at_zero(table: Table, end: int, limits: Limits) -> bool:
    """Whether a request for addresses before `end` is to begin at 0."""
    most = limits.max_bits if table in ("coil", "discrete") else limits.max_registers
    return limits.start_at_zero and end <= most and not _bars(limits, table, 0, end)


def _bars(limits: Limits, table: Table, start: int, end: int) -> bool:
    """Whether a forbidden address lies in [start, end)."""
    return any(where == table and first < end and last >= start for where, first, last in limits.forbidden)


def _block(spans: Sequence[Span], limits: Limits) -> Block:
    table, end = spans[0].table, max(span.end for span in spans)
    start = 0 if _begins_at_zero(table, end, limits) else spans[0].start
    parts = (Part(p.tag, p.at - start, p.words, p.scale) for span in spans for p in span.parts)
    return Block(table, start, end - start, tuple(parts))
