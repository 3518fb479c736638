"""One timer serves all runs of a connection: each run still waits as long as it is meant to."""

import asyncio

import pytest

from connectors.modbus_connection import Pace, SilentError
from connectors.modbus_departure import Departures
from connectors.modbus_frame import request_of
from connectors.modbus_plan import Block
from connectors.modbus_tcp import connect

REQUEST = request_of(1, Block("holding", 0, 1, ()))


async def answers_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A device that falls silent after its first answer."""
    frame = await reader.readexactly(12)
    writer.write(frame[:4] + bytes([0, 5]) + frame[6:8] + bytes([2, 0, 7]))
    await reader.read()
    writer.close()
    await writer.wait_closed()


def test_a_hurried_run_does_not_wait_for_the_timer_of_a_patient_one() -> None:
    async def scenario() -> None:
        async with await asyncio.start_server(answers_once, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            connection = await connect("127.0.0.1", port, None, None, 3.0, Departures(), None)
            values: list[bytes] = []
            take = lambda _, data, *__: values.append(bytes(data)) is None  # noqa: E731
            await connection.run([REQUEST], take, Pace(answer_timeout_s=30.0))
            async with asyncio.timeout(10):
                with pytest.raises(SilentError):
                    await connection.run([REQUEST], take, Pace(answer_timeout_s=0.2))
            assert values == [b"\0\7"]
            connection.close()
            await asyncio.sleep(0.05)  # the device sees the end

    asyncio.run(scenario())
