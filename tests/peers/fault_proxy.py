"""What lies between a client and its server on a bad day? A TCP proxy whose faults are set for each direction alone.

async with FaultProxy(server_port).serving() as proxy:
    proxy.to_client.fault = Fault.SWALLOW
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from enum import StrEnum


class Fault(StrEnum):
    """What becomes of bytes on their way. Swallowed and corrupted ones are gone for good, stalled ones are kept."""

    PASS = "pass"
    SWALLOW = "swallow"
    STALL = "stall"
    DELAY = "delay"
    SPLIT = "split"
    CORRUPT = "corrupt"


class Direction:
    """One way through the proxy. A new fault holds from the next byte on, for all connections.

    delay_s: of Fault.DELAY, for each piece that is read. read, passed: bytes so far. seen: called with each piece that
    was read, before anything becomes of it.
    """

    def __init__(self) -> None:
        self.delay_s = 0.1
        self.read = self.passed = 0
        self.seen: Callable[[bytes], None] = lambda _: None
        self._fault = Fault.PASS
        self._changed = asyncio.Event()
        self._came = asyncio.Event()

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._fault = fault
        self._changed.set()

    async def until_read(self, total: int) -> None:
        """Wait until so many bytes were read in all, whatever became of them."""
        while self.read < total:
            self._came.clear()
            await self._came.wait()

    async def carry(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        """Let bytes through, or not."""
        self.read += len(data)
        self.seen(data)
        self._came.set()
        if self._fault is Fault.DELAY:
            await asyncio.sleep(self.delay_s)
        while self._fault is Fault.STALL:
            self._changed.clear()
            await self._changed.wait()
        if self._fault is Fault.SWALLOW:
            return
        if self._fault is Fault.CORRUPT:
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        step = 1 if self._fault is Fault.SPLIT else len(data)
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            self.passed += step
            await writer.drain()


class FaultProxy:
    """Listens on `port` and passes on to `server_port` of this machine, which may change.

    to_server, to_client: faults of either direction. connections: how many there were. refusing: new connections are
    closed at once.
    """

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = 0
        self.to_server, self.to_client = Direction(), Direction()
        self.connections = 0
        self.refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def live(self) -> int:
        """Connections of clients that are open."""
        return len(self._writers) // 2

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["FaultProxy"]:
        """Listen for as long as the block runs; then everything is cut."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            for task in self._carrying:
                task.cancel()
            await asyncio.gather(*self._carrying, return_exceptions=True)

    def cut(self) -> None:
        """Reset all connections, on both sides and without what is still buffered."""
        for writer in self._writers:
            writer.transport.abort()

    def heal(self) -> None:
        """No faults from now on."""
        self.to_server.fault = self.to_client.fault = Fault.PASS
        self.refusing = False

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._carrying.add(task)
        try:
            await self._carry(reader, writer)
        except asyncio.CancelledError:
            pass  # the stream's own callback would say that a task of the end of a test was cancelled
        finally:
            self._carrying.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            return
        pair = (writer, far_writer)
        self._writers.update(pair)
        ways = [
            asyncio.create_task(_pump(reader, far_writer, self.to_server)),
            asyncio.create_task(_pump(far_reader, writer, self.to_client)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._writers.difference_update(pair)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            far_writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction) -> None:
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            await direction.carry(data, writer)
