"""Who made a Modbus device, and which is it? Function code 43/14, on request alone, on a connection of its own.

MODBUS Application Protocol V1.1b3, 6.21 (Read Device Identification): basic identification, as a stream that may take
several answers. It reads, as 1 to 4 do, and is the only other function code that this system can send.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from config.devices import ModbusDevice
from connectors.modbus_check import EXCEPTION_CODES
from connectors.reachability import CONNECT_S

ANSWER_S = 2.0
MOST_ANSWERS = 8
"""A device that says more often that more follows is not believed."""
OBJECTS = {
    0: "vendor",
    1: "product_code",
    2: "revision",
    3: "vendor_url",
    4: "product",
    5: "model",
    6: "application",
}
"""Names of the objects (V1.1b3, 6.21, table of object ids); the first three are the basic ones."""

_FUNCTION, _MEI, _BASIC = 0x2B, 0x0E, 0x01
_EXCEPTION = 0x80


class IdentityError(Exception):
    """A device did not say who it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one answer brings: texts by object id, and the object to ask for next (None: that was all)."""

    texts: Mapping[int, str]
    next: int | None


def request(first: int) -> bytes:
    """The PDU that asks for the basic objects from one on.

    >>> request(0).hex()
    '2b0e0100'
    """
    return bytes([_FUNCTION, _MEI, _BASIC, first])


def part_of(pdu: bytes) -> Part:
    """What an answer says. Raises IdentityError for a refusal and for what is no answer to this."""
    if len(pdu) == 2 and pdu[0] == _FUNCTION | _EXCEPTION:
        known = EXCEPTION_CODES.get(pdu[1])
        raise IdentityError(f"exception {pdu[1]}{', ' + known.name if known else ''}: it does not say who it is")
    if len(pdu) < 7 or pdu[:3] != bytes([_FUNCTION, _MEI, _BASIC]):
        raise IdentityError("unbelievable answer: not one to function code 43/14")
    more, following, count = pdu[4], pdu[5], pdu[6]
    texts, at = {}, 7
    for _ in range(count):
        if at + 2 > len(pdu) or at + 2 + pdu[at + 1] > len(pdu):
            raise IdentityError("unbelievable answer: an object ends behind it")
        text = pdu[at + 2 : at + 2 + pdu[at + 1]].decode("utf-8", "replace")
        texts[pdu[at]] = "".join(letter if letter.isprintable() else " " for letter in text).strip()
        at += 2 + pdu[at + 1]
    if at != len(pdu) or more not in (0, 0xFF):
        raise IdentityError("unbelievable answer: bytes behind its objects")
    return Part(texts, following if more else None)


async def identity(device: ModbusDevice) -> dict[str, str]:
    """Vendor, product code, revision and what else the device says, by the names of `OBJECTS`.

    Raises IdentityError, also for transports other than tcp, and OSError where nothing listens.
    """
    if device.transport != "tcp":
        raise IdentityError(f"asked over tcp alone, not over {device.transport}")
    async with asyncio.timeout(CONNECT_S):
        reader, writer = await asyncio.open_connection(device.host, device.tcp_port)
    transaction = 0

    async def ask(pdu: bytes) -> bytes:
        nonlocal transaction
        transaction += 1
        writer.write(struct.pack(">HHHB", transaction, 0, len(pdu) + 1, device.unit) + pdu)
        return await _answer(reader, transaction, device.unit)

    try:
        return {OBJECTS.get(key, f"object_{key}"): text for key, text in (await collected(ask)).items()}
    except TimeoutError:
        raise IdentityError(f"no answer within {ANSWER_S:g} s: it does not say who it is") from None
    except (EOFError, ConnectionError):
        raise IdentityError("connection closed by the device: it does not say who it is") from None
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def collected(ask: Callable[[bytes], Awaitable[bytes]]) -> dict[int, str]:
    """The texts of all answers by object id; ask: sends a PDU and brings the answer's. Raises IdentityError."""
    texts: dict[int, str] = {}
    first = 0
    for _ in range(MOST_ANSWERS):
        part = part_of(await ask(request(first)))
        texts.update(part.texts)
        if part.next is None:
            return texts
        if part.next <= first:
            raise IdentityError("unbelievable answer: it goes round in circles")
        first = part.next
    raise IdentityError(f"unbelievable answer: more than {MOST_ANSWERS} parts")


async def _answer(reader: asyncio.StreamReader, transaction: int, unit: int) -> bytes:
    async with asyncio.timeout(ANSWER_S):
        head = await reader.readexactly(7)
        found, protocol, length, of = struct.unpack(">HHHB", head)
        if protocol or not 3 <= length <= 254 or of != unit or found not in (transaction, 0):
            raise IdentityError("unbelievable answer: not one to this request")
        return await reader.readexactly(length - 1)
