"""Which units answer, and who they are: over real sockets and a pseudo terminal, with servers that others wrote."""

import asyncio
import contextlib
import json
import os
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lying_device import LyingDevice, adu
from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu.device import ModbusDeviceIdentification
from pymodbus.server import ModbusTcpServer

from connectors import modbus_unit_scan
from tests.acceptance.plant_files import run


def scan(device: LyingDevice, *arguments: str) -> Any:
    async def asked() -> Any:
        async with device.serving() as meter:
            return await asyncio.to_thread(run, "probe", "modbus", f"127.0.0.1:{meter.port}", *arguments)

    return asyncio.run(asked())


def gateway(units: dict[int, bytes], missing: bytes | None) -> LyingDevice:
    """A gateway behind which these units answer so; what it says for others, or nothing."""

    async def answer(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        pdu = units.get(request.unit, missing)
        if pdu is not None:
            writer.write(adu(request, pdu))

    return LyingDevice(lie=answer)


VALUE, NO_ADDRESS, NO_TARGET = b"\x03\x02\x00\x07", b"\x83\x02", b"\x83\x0b"


@pytest.mark.parametrize("missing", [None, NO_TARGET])
def test_units_that_answer_are_found_also_those_that_refuse(missing: bytes | None) -> None:
    device = gateway({2: VALUE, 5: NO_ADDRESS}, missing)
    found = json.loads(scan(device, "--units", "2-6", "--wait", "0.1", "--json").out)
    assert found["units"] == [
        {"unit": 2, "said": "answers"},
        {"unit": 5, "said": "exception 2, illegal data address"},
    ]
    assert (found["asked"], found["complete"], found["answers_to_every_unit"]) == (5, True, False)
    assert [one.unit for one in device.requests] == [2, 3, 4, 5, 6]
    assert {one.function for one in device.requests} == {3}


def test_a_device_that_looks_at_no_unit_is_recognised() -> None:
    everywhere = {unit: VALUE for unit in range(256)}
    said = scan(gateway(everywhere, None), "--units", "1-20").out
    assert said == "this device answers to every unit id: any will do, 1 or 255 is usual\nunit   1  answers\n"


def test_a_late_answer_is_not_taken_for_the_next_units() -> None:
    async def answer(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        if request.unit == 2:
            await asyncio.sleep(0.3)
        if request.unit in (1, 2, 4):
            with contextlib.suppress(ConnectionError):
                writer.write(adu(request, VALUE))

    found = json.loads(scan(LyingDevice(lie=answer), "--units", "1-4", "--wait", "0.1", "--json").out)
    assert {one["unit"] for one in found["units"]} <= {1, 2, 4}
    assert {1, 4} <= {one["unit"] for one in found["units"]}


def test_a_gateway_is_given_the_time_it_takes_to_say_that_nobody_is_there() -> None:
    async def answer(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        if request.unit != 4:
            await asyncio.sleep(0.25)
        writer.write(adu(request, VALUE if request.unit == 4 else NO_TARGET))

    device = LyingDevice(lie=answer)
    found = json.loads(scan(device, "--units", "1-4", "--wait", "0.05", "--json").out)
    assert [one["unit"] for one in found["units"]] == [4]
    assert len(device.requests) == 4


def test_nobody_there_says_what_to_try() -> None:
    said = scan(gateway({}, NO_TARGET), "--units", "7").out
    assert said.startswith(
        "no unit answered, 1 asked (unit 7: exception 11, gateway target did not respond): check wiring"
    )
    refused = run("probe", "modbus", "127.0.0.1:1", "--units", "1")
    assert (refused.code, "nothing listens at this port" in refused.err) == (2, True)


def test_what_was_found_until_ctrl_c_is_said() -> None:
    device = gateway({1: VALUE}, None)

    async def asked() -> tuple[int, bytes]:
        async with device.serving() as meter:
            # Patient, so that unit 1 is heard on a busy machine too and Ctrl-C comes while unit 2 is waited for.
            command = ("probe", "modbus", f"127.0.0.1:{meter.port}", "--units", "1-200", "--wait", "10", "--json")
            # A test run started in the background ignores Ctrl-C, and its children would inherit that.
            heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
            start = f"{heard}; from commands.main import main; main()"
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", start, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            await device.until(lambda: bool(device.requests) and device.requests[-1].unit == 2)
            child.send_signal(signal.SIGINT)
            out, _ = await child.communicate()
            return child.returncode or 0, out

    code, out = asyncio.run(asked())
    found = json.loads(out)
    assert (code, found["units"], found["complete"]) == (0, [{"unit": 1, "said": "answers"}], False)


@contextlib.contextmanager
def pymodbus_server() -> Iterator[int]:
    """Units 1 and 3 of pymodbus's own server, which says who it is."""
    ready, port = threading.Event(), list[int]()
    end: list[Callable[[], object]] = []

    async def serve() -> None:
        block = ModbusSequentialDataBlock(1, [7] * 20)
        units = {unit: ModbusDeviceContext(hr=block, ir=block) for unit in (1, 3)}
        who = ModbusDeviceIdentification(info={0: "Hanbit", 1: "HB-200", 2: "V2.11"})
        server = ModbusTcpServer(
            ModbusServerContext(devices=units, single=False), identity=who, address=("127.0.0.1", 0)
        )
        await server.serve_forever(background=True)
        port.append(server.transport.sockets[0].getsockname()[1])
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        end.append(lambda: loop.call_soon_threadsafe(ended.set))
        ready.set()
        await ended.wait()
        await server.shutdown()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield port[0]
    finally:
        end[0]()
        thread.join(20)


def test_a_server_of_others_identifies_itself() -> None:
    with pymodbus_server() as port:
        said = run("probe", "modbus", f"127.0.0.1:{port}", "--identify")
        assert said.out == "vendor        Hanbit\nproduct_code  HB-200\nrevision      V2.11\n"
        found = run("probe", "modbus", f"127.0.0.1:{port}", "--units", "1-3", "--wait", "0.2", "--identify", "--json")
        units = json.loads(found.out)["units"]
        assert [one["unit"] for one in units if one["said"] == "answers"] == [1, 3]
        assert units[0]["identity"]["product_code"] == "HB-200"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"\xab\x01", "exception 1, illegal function: it does not say who it is"),
        (b"\x2b\x0e\x01\x01\xff\x00\x00", "it goes round in circles"),
        (b"\x2b\x0e\x01\x01\x00\x00\x09", "an object ends behind it"),
    ],
)
def test_a_device_that_does_not_identify_itself(answer: bytes, said: str) -> None:
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(7)
                pdu = await reader.readexactly(struct.unpack(">HHHB", head)[2] - 1)
                asked.append(pdu)
                writer.write(struct.pack(">HHHB", *struct.unpack(">HH", head[:4]), len(answer) + 1, head[6]) + answer)
        writer.close()

    async def identify() -> Any:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            return await asyncio.to_thread(run, "probe", "modbus", f"127.0.0.1:{port}", "--identify")
        finally:
            server.close()

    done = asyncio.run(identify())
    assert (done.code, said in done.err) == (2, True)
    assert asked == [b"\x2b\x0e\x01\x00"]


@contextlib.contextmanager
def serial_meter(unit: int, speed: int = 0) -> Iterator[str]:
    """A meter at the far end of a pseudo terminal, that hears one speed alone or any; the terminal to open."""
    ours, theirs = os.openpty()
    ended = threading.Event()

    def serve() -> None:
        held = b""
        while not ended.is_set():
            try:
                held += os.read(ours, 64)
            except OSError:
                time.sleep(0.01)
                continue
            while len(held) >= 8:
                frame, held = held[:8], held[8:]
                if frame[0] == unit and speed in (0, termios.tcgetattr(theirs)[5]):
                    answer = frame[:2] + b"\x02\x00\x07"
                    os.write(ours, answer + FramerRTU.compute_CRC(answer).to_bytes(2, "big"))

    os.set_blocking(ours, False)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        ended.set()
        thread.join(20)
        os.close(ours)
        os.close(theirs)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")
def test_units_on_a_serial_line_are_found() -> None:
    with serial_meter(3) as port:
        where = ("--serial-port", port, "--parity", "none")  # a pseudo terminal has no other
        found = run("probe", "modbus", *where, "--units", "0-4", "--wait", "0.1", "--json").json
        assert [one["unit"] for one in found["units"]] == [3]
        assert found["asked"] == 4  # 0 is everybody on a serial line
        assert "line: 9600 bit/s, parity none, 1 stop bit" in run("probe", "modbus", *where, "--units", "3").out
        held = run("probe", "modbus", *where, "--unit", "3", "--table", "holding", "--address", "0", "--count", "1")
        assert "holding     0  0x0007" in held.out
        assert "asked over tcp alone" in run("probe", "modbus", *where, "--identify").err
    gone = run("probe", "modbus", *where, "--units", "1")
    assert (gone.code, "There is no such serial port" in gone.err) == (2, True)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo terminals on this system")
def test_line_settings_are_tried_until_a_unit_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus_unit_scan, "PARITIES", ("none",))
    with serial_meter(2, termios.B38400) as port:
        where = ("--serial-port", port, "--parity", "none", "--line")
        found = run("probe", "modbus", *where, "--units", "1-2", "--wait", "0.1", "--json").json
        assert [one["unit"] for one in found["units"]] == [2]
        assert found["line"] == {"baudrate": 38400, "parity": "none", "stopbits": 1}
