"""What does a Modbus device hold at some addresses now? One connection, few requests, nothing but reading."""

import asyncio
import struct
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from config.devices import ModbusDevice
from connectors.modbus_asking import Asking, LinkError
from connectors.modbus_check import Refused
from connectors.modbus_coding import U16
from connectors.modbus_plan import MAX_BITS, MAX_REGISTERS, Block, Table
from connectors.reachability import Obstacle, UnreachableError, obstacle_of, obstacle_of_exception, require_listener

ANSWER_S = 2.0
MOST_REGISTERS = 1000
MOST_PROBED_BITS = 2000
CONTEXT = 8
"""Registers read to either side of those that somebody asked for, where the device has them."""
MOST_REQUESTS = 200
_OF_ADDRESSES = (2, 3, 4)
"""Exceptions that may be due to some of the addresses only."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What to read: so many registers (or bits) of a table from a zero-based address on."""

    table: Table
    address: int
    count: int

    def fault(self) -> str | None:
        """Why it cannot be read, in words; None where it can."""
        most = MOST_PROBED_BITS if self.table in ("coil", "discrete") else MOST_REGISTERS
        if not 0 <= self.address <= 65535:
            return "address: must be 0 to 65535"
        if not 1 <= self.count <= most:
            return f"count: must be 1 to {most}"
        return None if self.address + self.count <= 65536 else "count: must end at address 65535"

    def around(self) -> tuple["Probe | None", "Probe | None"]:
        """The registers before it and behind it that tell the order of its own; None where there are none."""
        end = self.address + self.count
        before, behind = min(CONTEXT, self.address), min(CONTEXT, 65536 - end)
        return (
            Probe(self.table, self.address - before, before) if before else None,
            Probe(self.table, end, behind) if behind else None,
        )


@dataclass(frozen=True, slots=True)
class RefusedRange:
    """Addresses that a device refuses, first and last one; said: the exception."""

    first: int
    last: int
    said: str

    def __str__(self) -> str:
        return f"{self.first}{f'-{self.last}' if self.last > self.first else ''} refused: {self.said}"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What registers from an address on hold (bits as 0 and 1); those of refused ranges count as 0."""

    address: int
    words: U16
    refused: tuple[RefusedRange, ...] = ()

    def shown(self, asked: Probe) -> "Held":
        """What was asked for, with the register to either side if it was read, and without the rest of the context."""
        end = asked.address + asked.count
        first = max(self.address, asked.address - 1)
        refused = tuple(one for one in self.refused if one.first < end and one.last >= asked.address)
        flags = self.is_refused[first - self.address : end + 1 - self.address]
        words = self.words[first - self.address : end + 1 - self.address]
        if first < asked.address and flags[0]:
            first, words, flags = asked.address, words[1:], flags[1:]
        if len(words) > end - first and flags[-1]:
            words = words[:-1]
        return Held(first, words, refused)

    @property
    def is_refused(self) -> NDArray[np.bool_]:
        """Whether each register is refused."""
        flags = np.zeros(len(self.words), dtype=np.bool_)
        for one in self.refused:
            flags[max(0, one.first - self.address) : max(0, one.last + 1 - self.address)] = True
        return flags


async def probed(device: ModbusDevice, probe: Probe) -> U16:
    """The registers of a probe as they are now (bits as 0 and 1). Raises UnreachableError where one is refused."""
    held = await _asked(device, probe, (None, None), splits=False)
    return held.words


async def probed_parts(device: ModbusDevice, probe: Probe, with_context: bool = False) -> Held:
    """The registers of a probe as they are now, but for those that the device refuses, which are found by halves.

    with_context: with some registers to either side that the device has. Raises UnreachableError where nothing of what
    was asked for can be read.
    """
    return await _asked(device, probe, probe.around() if with_context else (None, None), splits=True)


async def _asked(device: ModbusDevice, probe: Probe, around: tuple[Probe | None, Probe | None], splits: bool) -> Held:
    asking = await _introduced(device)
    try:
        held = await _read(asking, probe, splits)
        for beside in around:
            if beside is not None:
                with suppress(LinkError, UnreachableError):
                    held = _joined(held, await _read(asking, beside, splits))
        return held
    except LinkError as error:
        raise await _explained(device, error) from None
    finally:
        await asking.close()


def _joined(held: Held, beside: Held) -> Held:
    """Two ranges of which one ends where the other begins."""
    low, high = sorted((held, beside), key=lambda one: one.address)
    return Held(low.address, np.concatenate([low.words, high.words]), low.refused + high.refused)


async def _introduced(device: ModbusDevice) -> Asking:
    asking = Asking(device)
    if device.transport != "rtu":
        await require_listener(device.host or "", device.tcp_port)
    return asking


async def _read(asking: Asking, probe: Probe, splits: bool) -> Held:
    """Blocks that are refused are halved, as long as it takes no more requests than somebody waits for."""
    words = np.zeros(probe.count, dtype=np.uint16)
    waiting, refused, asked = deque(_blocks(probe)), dict[int, tuple[Block, Refused]](), 0
    while waiting:
        block, asked = waiting.popleft(), asked + 1
        answer = await asking.read(block, ANSWER_S)
        if not isinstance(answer, Refused):
            words[block.address - probe.address :][: block.count] = answer
        elif splits and answer.code in _OF_ADDRESSES and block.count > 1 and asked + len(waiting) < MOST_REQUESTS:
            waiting += _halves(block)
        elif not splits:
            raise _refusal(block, answer)
        else:
            refused[block.address] = block, answer
    if sum(block.count for block, _ in refused.values()) == probe.count:
        raise _refusal(*next(iter(refused.values())))
    return Held(probe.address, words, _ranges(refused))


def _halves(block: Block) -> tuple[Block, Block]:
    """Two parts, the first of an even number: some devices give registers only in pairs."""
    first = block.count // 2
    first += first % 2 if block.count > 2 else 0
    rest = Block(block.table, block.address + first, block.count - first, ())
    return Block(block.table, block.address, first, ()), rest


def _ranges(refused: dict[int, tuple[Block, Refused]]) -> tuple[RefusedRange, ...]:
    found: list[RefusedRange] = []
    for address in sorted(refused):
        block, answer = refused[address]
        last = address + block.count - 1
        if found and found[-1].last == address - 1 and found[-1].said == str(answer):
            found[-1] = RefusedRange(found[-1].first, last, str(answer))
        else:
            found.append(RefusedRange(address, last, str(answer)))
    return tuple(found)


def _blocks(probe: Probe) -> list[Block]:
    most = MAX_BITS if probe.table in ("coil", "discrete") else MAX_REGISTERS
    end = probe.address + probe.count
    return [Block(probe.table, at, min(most, end - at), ()) for at in range(probe.address, end, most)]


def _refusal(block: Block, answer: Refused) -> UnreachableError:
    return UnreachableError(obstacle_of_exception(answer.code), f"{block}: {answer}")


async def _explained(device: ModbusDevice, error: LinkError) -> UnreachableError:
    """Why there was no answer: whether whoever listens there speaks Modbus at all is asked for once more."""
    if await speaks_modbus(device) is False:
        return UnreachableError(Obstacle.NOT_MODBUS, str(error))
    return UnreachableError(obstacle_of(error.cause), str(error))


async def speaks_modbus(device: ModbusDevice) -> bool | None:
    """Whether the first bytes that come back are those of a Modbus TCP answer; None where none come or others may.

    MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3: transaction, protocol 0, length, unit.
    """
    writer = None
    if device.transport != "tcp":
        return None
    try:
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(device.host, device.tcp_port)
            writer.write(struct.pack(">HHHBBHH", 1, 0, 6, device.unit, 3, 0, 1))
            _, protocol, length = struct.unpack(">HHH", await reader.readexactly(6))
            return bool(protocol == 0 and 3 <= length <= 254)
    except asyncio.IncompleteReadError as error:
        return False if error.partial else None
    except OSError:
        return None
    finally:
        if writer is not None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
