"""A Modbus device at the level of bytes, which tells the truth until it is told to lie.

Every true answer of registers holds the number of answers given so far in each register, so that an answer to an
earlier request can be told from the one to this; every lie holds LIE, which no reading may ever show.
"""

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from pymodbus.framer.rtu import FramerRTU

LIE = 57005


@dataclass
class Request:
    transaction: int
    unit: int
    function: int
    address: int
    count: int
    answer_value: int

    def body(self, value=None, count=None) -> bytes:
        """The function code and what belongs behind it."""
        value = self.answer_value if value is None else value
        count = self.count if count is None else count
        if self.function in (1, 2):
            data = (b"\xff" if value else b"\0") * ((count + 7) // 8)
        else:
            data = struct.pack(">H", value) * count
        return bytes([self.function, len(data) & 0xFF]) + data


def adu(request: Request, pdu: bytes, transaction=None, unit=None, protocol=0, length=None) -> bytes:
    """The frame of an answer (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1.3)."""
    return (
        struct.pack(
            ">HHHB",
            request.transaction if transaction is None else transaction,
            protocol,
            len(pdu) + 1 if length is None else length,
            request.unit if unit is None else unit,
        )
        + pdu
    )


Lie = Callable[["LyingDevice", Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class LyingDevice:
    """Serves one connection or several on a free port of the loopback address."""

    rtu: bool = False
    lie: Lie | None = None
    lies: int = 0
    answers: int = 0
    transaction_zero: bool = False
    connections: int = 0
    open_connections: int = 0
    requests: list[Request] = field(default_factory=list)
    true_values: set[int] = field(default_factory=set)
    port: int = 0
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, condition, within_s=20.0):
        """Wait until an answer, a lie or the end of a connection makes the condition true."""
        async with asyncio.timeout(within_s), self.changed:
            await self.changed.wait_for(condition)

    async def _notify(self):
        async with self.changed:
            self.changed.notify_all()

    @contextlib.asynccontextmanager
    async def serving(self, tls=None):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    _tasks: set[asyncio.Task] = field(default_factory=set)

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            while True:
                await self._answer(await self._request(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
            await self._notify()

    async def _request(self, reader) -> Request:
        if self.rtu:
            unit, function, address, count = struct.unpack(">BBHHxx", await reader.readexactly(8))
            transaction = 0
        else:
            transaction, _, _, unit, function, address, count = struct.unpack(">HHHBBHH", await reader.readexactly(12))
        request = Request(transaction, unit, function, address, count, self.answers + 1)
        self.requests.append(request)
        return request

    async def _answer(self, request, writer):
        if self.lie is None:
            self.tell_the_truth(request, writer)
        else:
            await self.lie(self, request, writer)
            self.lies += 1
        await self._notify()
        await writer.drain()

    def tell_the_truth(self, request, writer):
        self.answers += 1
        self.true_values.add(request.answer_value)
        if self.rtu:
            writer.write(rtu_frame(request))
        else:
            writer.write(adu(request, request.body(), transaction=0 if self.transaction_zero else None))


def rtu_frame(request: Request) -> bytes:
    frame = bytes([request.unit]) + request.body()
    return frame + FramerRTU.compute_CRC(frame).to_bytes(2, "big")


def _sends(make: Callable[[Request], bytes]) -> Lie:
    async def lie(device, request, writer):
        writer.write(make(request))

    return lie


async def _late(device, request, writer):
    """Answers after the client's patience, to whatever is still listening; meanwhile other requests may come."""
    await asyncio.sleep(0.4)
    writer.write(adu(request, request.body(LIE)))


async def _late_without_id(device, request, writer):
    await asyncio.sleep(0.4)
    writer.write(adu(request, request.body(LIE), transaction=0))


async def _cut(device, request, writer):
    writer.write(adu(request, request.body(LIE))[:-3])
    await writer.drain()
    writer.close()


async def _closed(device, request, writer):
    writer.close()


async def _reset(device, request, writer):
    writer.transport.abort()


async def _silent(device, request, writer):
    pass


async def _truth_then_again(device, request, writer):
    device.tell_the_truth(request, writer)
    await writer.drain()
    await asyncio.sleep(0.01)
    writer.write(adu(request, request.body(LIE)))


async def _earlier_then_truth(device, request, writer):
    writer.write(adu(request, request.body(LIE), transaction=request.transaction - 1 or 7))
    device.tell_the_truth(request, writer)


async def _byte_by_byte(device, request, writer):
    for byte in adu(request, request.body(LIE), unit=request.unit + 1):
        writer.write(bytes([byte]))
        await writer.drain()


LIES: dict[str, Lie] = {
    "other unit": _sends(lambda r: adu(r, r.body(LIE), unit=r.unit + 1)),
    "unit 0": _sends(lambda r: adu(r, r.body(LIE), unit=0)),
    "other read function": _sends(lambda r: adu(r, bytes([r.function ^ 7]) + r.body(LIE)[1:])),
    "answer to a write": _sends(lambda r: adu(r, bytes([6]) + r.body(LIE)[1:])),
    "unknown function": _sends(lambda r: adu(r, bytes([99]) + r.body(LIE)[1:])),
    "function 0x80": _sends(lambda r: adu(r, bytes([0x80]) + r.body(LIE)[1:])),
    "too few registers": _sends(lambda r: adu(r, r.body(LIE, r.count - 1))),
    "too many registers": _sends(lambda r: adu(r, r.body(LIE, r.count + 1))),
    "no registers": _sends(lambda r: adu(r, r.body(LIE, 0))),
    "no byte count": _sends(lambda r: adu(r, r.body(LIE)[:1])),
    "odd byte count": _sends(lambda r: adu(r, bytes([r.function, 2 * r.count + 1]) + r.body(LIE)[2:])),
    "data shorter than its byte count": _sends(lambda r: adu(r, r.body(LIE)[:-1])),
    "data longer than its byte count": _sends(lambda r: adu(r, r.body(LIE) + b"\1\2")),
    "length too large": _sends(lambda r: adu(r, r.body(LIE), length=200)),
    "length too small": _sends(lambda r: adu(r, r.body(LIE), length=4)),
    "length 0": _sends(lambda r: adu(r, r.body(LIE), length=0)),
    "length 1": _sends(lambda r: adu(r, r.body(LIE), length=1)),
    "other protocol": _sends(lambda r: adu(r, r.body(LIE), protocol=7)),
    "other transaction": _sends(lambda r: adu(r, r.body(LIE), transaction=r.transaction + 1)),
    "earlier transaction": _sends(lambda r: adu(r, r.body(LIE), transaction=r.transaction - 1 or 9)),
    "transaction 0 of a device that has ids": _sends(lambda r: adu(r, r.body(LIE), transaction=0)),
    "exception of another function": _sends(lambda r: adu(r, bytes([(r.function ^ 7) | 0x80, 2]))),
    "exception without code": _sends(lambda r: adu(r, bytes([r.function | 0x80]))),
    "garbled": _sends(lambda r: bytes(range(200, 255)) * 2),
    "far too long": _sends(lambda r: adu(r, r.body(LIE)) * 40),
    "its own request": _sends(lambda r: adu(r, struct.pack(">BHH", r.function, r.address, r.count))),
    "byte by byte": _byte_by_byte,
    "late": _late,
    "late without transaction id": _late_without_id,
    "cut in the middle": _cut,
    "closed": _closed,
    "reset": _reset,
    "silent": _silent,
    "more than one answer": _sends(lambda r: adu(r, r.body(LIE)) * 3),
}
"""Ways of not answering; none of them may ever bring a value."""

SURPLUS: dict[str, Lie] = {
    "a second answer later": _truth_then_again,
    "an earlier answer first": _earlier_then_truth,
}
"""True answers with something beside them that must never be taken for one."""
