"""What does a Modbus device hold at some addresses now? One connection, few requests, nothing but reading."""

import asyncio
import struct
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from config.devices import ModbusDevice
from connectors.modbus_asking import Asking, LinkError
from connectors.modbus_check import Refused
from connectors.modbus_coding import U16
from connectors.modbus_plan import MAX_BITS, MAX_REGISTERS, Block, Table
from connectors.reachability import Obstacle, UnreachableError, obstacle_of, obstacle_of_exception, require_listener

ANSWER_S = 2.0
MOST_REGISTERS = 1000
MOST_PROBED_BITS = 2000


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

    def widened(self) -> list["Probe"]:
        """Itself with a register to either side, then with one to one side, where there are such."""
        last = self.address + self.count == 65536
        below, above = (self.address > 0) * 1, (not last) * 1
        pairs = dict.fromkeys(((below, above), (below, 0), (0, above)))
        wider = [Probe(self.table, self.address - b, self.count + b + a) for b, a in pairs if b or a]
        return [one for one in wider if one.fault() is None]


async def probed(device: ModbusDevice, probe: Probe) -> U16:
    """The registers of a probe as they are now (bits as 0 and 1). Raises UnreachableError."""
    asking = await _introduced(device)
    try:
        return await _read(asking, probe)
    except LinkError as error:
        raise await _explained(device, error) from None
    finally:
        await asking.close()


async def probed_around(device: ModbusDevice, probe: Probe) -> tuple[int, U16]:
    """The registers of a probe with one to either side where the device has it: first address, words.

    Raises UnreachableError where what was asked for itself cannot be read.
    """
    asking = await _introduced(device)
    try:
        for wider in probe.widened():
            with suppress(LinkError, UnreachableError):
                return wider.address, await _read(asking, wider)
        return probe.address, await _read(asking, probe)
    except LinkError as error:
        raise await _explained(device, error) from None
    finally:
        await asking.close()


async def _introduced(device: ModbusDevice) -> Asking:
    asking = Asking(device)
    if device.transport != "rtu":
        await require_listener(device.host or "", device.tcp_port)
    return asking


async def _read(asking: Asking, probe: Probe) -> U16:
    return np.concatenate([await _answer(asking, block) for block in _blocks(probe)])


def _blocks(probe: Probe) -> list[Block]:
    most = MAX_BITS if probe.table in ("coil", "discrete") else MAX_REGISTERS
    end = probe.address + probe.count
    return [Block(probe.table, at, min(most, end - at), ()) for at in range(probe.address, end, most)]


async def _answer(asking: Asking, block: Block) -> U16:
    words = await asking.read(block, ANSWER_S)
    if isinstance(words, Refused):
        raise UnreachableError(obstacle_of_exception(words.code), f"{block}: {words}")
    return words


async def _explained(device: ModbusDevice, error: LinkError) -> UnreachableError:
    """Why there was no answer: whether whoever listens there speaks Modbus at all is asked for once more."""
    spoken = await _speaks_modbus(device) if device.transport == "tcp" else None
    if spoken is False:
        return UnreachableError(Obstacle.NOT_MODBUS, str(error))
    return UnreachableError(obstacle_of(error.cause), str(error))


async def _speaks_modbus(device: ModbusDevice) -> bool | None:
    """Whether the first bytes that come back are those of a Modbus answer; None where none come.

    MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3: transaction, protocol 0, length, unit.
    """
    writer = None
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
