"""A dead link is noticed within 5 s and read within 10 s of its return, with the settings that a device has anyway."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from collector.device_trouble import device_troubles
from config.devices import ModbusDevice
from connectors.device_health import now_us
from connectors.modbus import ModbusConnector
from connectors.modbus_line import Lines
from tests.acceptance.modbus_bus import ModbusBus
from tests.acceptance.test_modbus_neighbours import Read, device, reading

NOTICED_S, BACK_S = 5.0, 10.0
LONG_AWAY = 50
"""Misses in a row after which every pause is as long as it can become."""
SERVER = """
import asyncio
from tests.acceptance.modbus_bus import ModbusBus

async def serve():
    async with ModbusBus().serving() as bus:
        print(bus.port, flush=True)
        await asyncio.Event().wait()

asyncio.run(serve())
"""


async def until(is_so: Callable[[], bool]) -> float:
    """How long that took [s]."""
    begun_s = time.monotonic()
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 (what is waited for are facts of several connectors)
            await asyncio.sleep(0.02)
    return time.monotonic() - begun_s


def away(read: Sequence[Read]) -> list[str]:
    """What people are told of devices that are not read."""
    known = [(one.connector._device, one.connector.health) for one in read]
    return [one.what.en for one in device_troubles(known, 0, now_us()) if one.kind == "not_connected"]


def meter(port: int, unit: int = 1) -> ModbusDevice:
    found = device(f"u{unit}", port, [{"address": 0, "type": "uint16"}], unit)
    assert (found.answer_timeout_s, found.poll_s) == (1.0, 1.0)
    return found


async def timed(port: int, units: int, die: Callable[[], None], live: Callable[[], None]) -> list[str]:
    """What is said of a link of so many devices that dies and is back after it had been away for long, both in time."""
    lines = Lines()
    async with reading([ModbusConnector(meter(port, unit), lines) for unit in range(1, units + 1)]) as read:
        await until(lambda: all(one.good for one in read))
        die()
        assert await until(lambda: bool(away(read))) <= NOTICED_S
        said = away(read)
        await until(lambda: all(one.connector.health.connected_since_us is None for one in read))
        for one in read:
            for _ in range(LONG_AWAY):
                one.connector._missed()
            one.connector._line._failures = LONG_AWAY
        await asyncio.sleep(2.0)  # the pause that grew so long has begun
        before = [one.good.total() for one in read]
        live()
        assert await until(lambda: all(one.good.total() > was for one, was in zip(read, before, strict=True))) <= BACK_S
        assert away(read) == []
        return said


def test_a_link_that_keeps_its_connection_and_says_nothing_is_noticed_within_5_s_and_back_within_10_s() -> None:
    async def silent(units: int) -> tuple[list[str], int]:
        async with ModbusBus().serving() as bus:
            every = frozenset(range(256))
            die, live = (lambda: setattr(bus, "dead", every)), (lambda: setattr(bus, "dead", frozenset()))
            return await timed(bus.port, units, die, live), bus.port

    async def both() -> list[tuple[list[str], int]]:
        return list(await asyncio.gather(silent(1), silent(4)))

    (alone, port), (shared, gateway) = asyncio.run(both())
    assert alone == [f"u1: unit 1 at 127.0.0.1:{port} is silent."]
    assert len(shared) == 1
    assert shared[0].endswith(f": nothing behind 127.0.0.1:{gateway} answers.")


@contextlib.contextmanager
def server_process() -> Iterator[tuple["subprocess.Popen[str]", int]]:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def test_a_device_whose_process_stands_still_is_noticed_within_5_s_and_back_within_10_s() -> None:
    with server_process() as (process, port):
        stopped = lambda: os.kill(process.pid, signal.SIGSTOP)  # noqa: E731
        going = lambda: os.kill(process.pid, signal.SIGCONT)  # noqa: E731
        assert asyncio.run(timed(port, 1, stopped, going)) == [f"u1: unit 1 at 127.0.0.1:{port} is silent."]
