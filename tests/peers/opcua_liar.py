"""An OPC UA server that lies, byte by byte: after so many good answers it breaks the rules."""

import asyncio
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from asyncua import ua
from asyncua.ua.ua_binary import struct_to_binary

PIECE = 60_000


def frame(kind: bytes, body: bytes, chunk: bytes = b"F", size: int | None = None) -> bytes:
    return kind + chunk + struct.pack("<I", 8 + len(body) if size is None else size) + body


def acknowledge(receive: int = 65536, send: int = 65536, message: int = 0, chunks: int = 0) -> bytes:
    return frame(b"ACK", struct.pack("<5I", 0, receive, send, message, chunks))


def opened() -> bytes:
    """The answer to OpenSecureChannel: channel 1, token 1, no security."""
    response = ua.OpenSecureChannelResponse()
    response.Parameters.SecurityToken.ChannelId = ua.UInt32(1)
    response.Parameters.SecurityToken.TokenId = ua.UInt32(1)
    response.Parameters.SecurityToken.RevisedLifetime = ua.UInt32(3_600_000)
    policy = b"http://opcfoundation.org/UA/SecurityPolicy#None"
    head = struct.pack("<Ii", 1, len(policy)) + policy + struct.pack("<iiII", -1, -1, 1, 1)
    return frame(b"OPN", head + struct_to_binary(response))


def part(number: int, body: bytes, chunk: bytes = b"C", request: int = 2) -> bytes:
    """The chunk with this sequence number of an answer."""
    return frame(b"MSG", struct.pack("<IIII", 1, 1, number, request) + body, chunk)


def endless(piece: Callable[[int], bytes]) -> Iterator[bytes]:
    number = 1
    while True:
        number += 1
        yield piece(number)


class Liar:
    """Answers Hello and OpenSecureChannel, or less; then sends what `lies` gives, for ever. sent: bytes of lies."""

    def __init__(self, good: list[bytes], lies: Callable[[], Iterator[bytes]], pause_s: float = 0.0) -> None:
        self._good = good
        self._lies = lies
        self._pause_s = pause_s
        self.port = 0
        self.sent = 0

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for answer in self._good:
                await reader.read(65536)
                writer.write(answer)
            await reader.read(65536)
            for lie in self._lies():
                writer.write(lie)
                await writer.drain()
                self.sent += len(lie)
                await asyncio.sleep(self._pause_s)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@contextmanager
def lying(liar: Liar) -> Iterator[Liar]:
    """The liar in a thread of its own, until the end of the block."""
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(liar.meet, "127.0.0.1", 0)
        liar.port = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.to_thread(stop.wait)
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield liar
    finally:
        stop.set()
        thread.join()
