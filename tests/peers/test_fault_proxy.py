"""Does the proxy do to bytes what its faults say, one way only? Tests of faults are worth what their proxy is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fault_proxy import Fault, FaultProxy


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[FaultProxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    async with (
        await asyncio.start_server(echo, "127.0.0.1", 0) as server,
        FaultProxy(server.sockets[0].getsockname()[1]).serving() as proxy,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        yield proxy, reader, writer
        writer.transport.abort()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> bytes:
    writer.write(data)
    return await asyncio.wait_for(reader.readexactly(len(data)), 10)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """What still comes until the connection is closed or reset."""
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("fault", [Fault.PASS, Fault.DELAY, Fault.SPLIT])
def test_what_is_passed_delayed_or_split_arrives_whole(fault: Fault) -> None:
    async def run() -> None:
        async with echoing() as (proxy, reader, writer):
            proxy.to_client.fault = proxy.to_server.fault = fault
            assert await said(reader, writer, b"0123456789") == b"0123456789"
            assert proxy.to_server.passed == proxy.to_client.passed == 10

    asyncio.run(run())


@pytest.mark.parametrize("way", ["to_server", "to_client"])
def test_what_is_swallowed_is_gone_and_the_connection_stays(way: str) -> None:
    async def run() -> None:
        async with echoing() as (proxy, reader, writer):
            direction = getattr(proxy, way)
            direction.fault = Fault.SWALLOW
            writer.write(b"lost")
            await direction.until_read(4)
            proxy.heal()
            assert await said(reader, writer, b"kept") == b"kept"
            assert proxy.connections == 1

    asyncio.run(run())


def test_what_stalls_comes_in_order_when_the_stall_is_over() -> None:
    async def run() -> None:
        async with echoing() as (proxy, reader, writer):
            proxy.to_client.fault = Fault.STALL
            writer.write(b"first ")
            await proxy.to_client.until_read(6)
            proxy.heal()
            assert await said(reader, writer, b"second") == b"first "
            assert await reader.readexactly(6) == b"second"

    asyncio.run(run())


def test_what_is_corrupted_has_one_wrong_byte() -> None:
    async def run() -> None:
        async with echoing() as (proxy, reader, writer):
            proxy.to_client.fault = Fault.CORRUPT
            assert await said(reader, writer, b"\x01\x02") == b"\x01\xfd"

    asyncio.run(run())


def test_a_cut_resets_and_a_refusing_proxy_takes_nobody() -> None:
    async def run() -> None:
        async with echoing() as (proxy, reader, writer):
            assert await said(reader, writer, b"here") == b"here"
            proxy.refusing = True
            proxy.cut()
            assert not await rest(reader)
            again, other = await asyncio.open_connection("127.0.0.1", proxy.port)
            assert not await rest(again)
            other.transport.abort()
            assert proxy.connections == 2

    asyncio.run(run())
