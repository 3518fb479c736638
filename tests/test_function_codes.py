"""Would it be noticed if anything but a request to read left a process? The watch over the whole suite is watched."""

import ast
import asyncio
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import wire_recorder
from function_codes import forbidden, noted
from liar import Liar
from lied_to import BITS, EQUAL, RTU, TCP, codes_of_random_settings, device
from pymodbus.client.mixin import ModbusClientMixin

from connectors.modbus import ModbusConnector
from connectors.modbus_check import FUNCTION_CODES
from simulators.certificate import key_pair

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = [ROOT / name for name in ("connectors", "collector", "commands", "config", "broker", "programme")]

WRITES = {
    "a frame of one's own": """
        import socket
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(bytes.fromhex("000100000006010600010002"))""",
    "a frame of one's own byte by byte": """
        import socket
        with socket.create_connection(("127.0.0.1", port)) as line:
            for byte in bytes.fromhex("000100000006010600010002"):
                line.send(bytes([byte]))""",
    "a write behind a read": """
        import socket
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(bytes.fromhex("000100000006010300010002" + "000200000006010600010002"))""",
    "asyncio": """
        import asyncio
        async def run():
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.writelines([bytes.fromhex("000100000006"), bytes.fromhex("010600010002")])
            await writer.drain()
            writer.close()
        asyncio.run(run())""",
    "the library over TCP": """
        import asyncio
        from pymodbus.client import AsyncModbusTcpClient
        async def run():
            client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.1, retries=0)
            await client.connect()
            try:
                await client.write_register(1, 2, device_id=1)
            except Exception:
                pass
            client.close()
        asyncio.run(run())""",
    "the library with RTU over TCP": """
        from pymodbus.client import ModbusTcpClient
        from pymodbus import FramerType
        client = ModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU, timeout=0.1, retries=0)
        client.connect()
        try:
            client.write_register(1, 2, device_id=1)
        except Exception:
            pass
        client.close()""",
    "a serial port": """
        import os, serial, tty
        far, near = os.openpty()
        tty.setraw(near)
        serial.Serial(os.ttyname(near)).write(bytes.fromhex("010600010002" + "59cb"))""",
}


def run_python(code: str, folder: Path) -> list[dict]:
    """What another process sent, as this test's watch sees it."""
    lines = "\n".join(line.removeprefix("        ") for line in code.splitlines())
    environment = os.environ | {wire_recorder.FOLDER: str(folder)}
    subprocess.run([sys.executable, "-c", lines], check=True, env=environment, cwd=ROOT, timeout=60)
    return noted(folder)


@pytest.mark.parametrize("way", WRITES)
def test_a_write_in_another_process_is_noticed_whatever_sends_it(way: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        notes = run_python(f"port = {server.getsockname()[1]}\n{WRITES[way]}", tmp_path)
    assert {note["code"] for note in forbidden(notes)} == {6}


def test_a_write_inside_tls_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(wire_recorder.FOLDER, str(tmp_path))
    monkeypatch.setattr(wire_recorder, "_noted", set())
    key_pair(tmp_path, "d", "urn:d")
    ours, theirs = ssl.create_default_context(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(tmp_path / "simulated" / "d.pem", tmp_path / "simulated" / "d.key")
    ours.check_hostname, ours.verify_mode = False, ssl.CERT_NONE

    async def run() -> None:
        def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=theirs) as server:
            port = server.sockets[0].getsockname()[1]
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=ours)
            writer.write(bytes.fromhex("000100000006010600010002"))
            writer.transport.abort()

    asyncio.run(run())
    assert [note["code"] for note in noted(tmp_path)] == [6]


def test_what_fits_no_frame_on_a_modbus_connection_is_noticed() -> None:
    stream = wire_recorder.Stream()
    assert stream.feed(bytes.fromhex("000100000006010300010002")) == [(3, None)]
    assert stream.feed(b"\xff" * 12) == [(wire_recorder.UNREADABLE, None)]


def test_other_protocols_are_left_alone() -> None:
    for first in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"HELF\x20\0\0\0" + bytes(24),
        b"\x10\x10\0\4MQTT\5\2\0\x3c",
        b"\x16\3\1\0\xa5\1",
    ):
        stream = wire_recorder.Stream()
        assert stream.feed(first * 2) == []
        assert stream.kind == "other"


def test_identification_is_for_those_who_ask_for_it_by_name() -> None:
    note = {"code": 43, "interface": 14, "test": "tests/x.py::test_reading", "command": ["smartwings", "run"]}
    assert forbidden([note]) == [note]
    assert forbidden([note | {"command": ["smartwings", "probe", "modbus", "--identify"]}]) == []
    assert forbidden([note | {"test": "tests/x.py::test_a_device_identifies_itself"}]) == []
    changed = note | {"interface": 13, "command": ["--identify"]}
    assert forbidden([changed]) == [changed]


A_TEST_THAT_WRITES = """
import socket, subprocess, sys

WRITE = bytes.fromhex("000100000006010600010002")

def test_here():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as line:
        line.sendall(WRITE)
"""
A_TEST_WHOSE_CHILD_WRITES = """
import socket, subprocess, sys

CHILD = "import socket; socket.create_connection(('127.0.0.1', {})).sendall(bytes.fromhex('000100000006010600010002'))"

def test_child():
    with socket.create_server(("127.0.0.1", 0)) as server:
        subprocess.run([sys.executable, "-c", CHILD.format(server.getsockname()[1])], check=True)
"""


@pytest.mark.parametrize("test", [A_TEST_THAT_WRITES, A_TEST_WHOSE_CHILD_WRITES], ids=["itself", "a child"])
def test_a_run_in_which_anything_writes_fails_with_workers_too(tmp_path: Path, test: str) -> None:
    hooks = f"import sys\nsys.path.insert(0, {str(ROOT / 'tests' / 'recorder')!r})\nfrom function_codes import *\n"
    for name, text in {"conftest.py": hooks, "test_it.py": test, "pytest.ini": "[pytest]\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != wire_recorder.FOLDER}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "xdist", "-n", "1", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=100)
    assert "1 passed" in done.stdout
    assert done.returncode == 1
    assert "FORBIDDEN Modbus function code" in done.stdout


def test_all_that_a_connector_sends_is_noted_and_reads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(wire_recorder.FOLDER, str(tmp_path))
    monkeypatch.setattr(wire_recorder, "_noted", set())

    async def run() -> None:
        for wire in (TCP, RTU):
            async with Liar(wire, 1, 1.0, honest=True).serving() as liar:
                for tags in (EQUAL, BITS):
                    await ModbusConnector(device(liar, tags, {})).read_once()
        async with Liar(RTU, 1, 1.0, serial=True, honest=True).on_a_line() as liar:
            await ModbusConnector(device(liar, EQUAL, {})).read_once()

    asyncio.run(run())
    assert {note["code"] for note in noted(tmp_path)} == {1, 2, 3, 4}


SITE = """
plant: {{id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}}
devices:
  - {{id: d, protocol: modbus, host: 127.0.0.1, port: {port}, tags: [
      {{name: a, work_unit: w, role: other, table: holding, address: 0, type: uint16}},
      {{name: b, work_unit: w, role: other, table: coil, address: 0}}]}}
"""


def test_commands_are_watched_too(tmp_path: Path) -> None:
    async def run() -> list[dict]:
        async with Liar(TCP, 1, 1.0, honest=True).serving() as liar:
            (tmp_path / "site.yaml").write_text(SITE.format(port=liar.port), encoding="utf-8")
            command = f"import sys; from commands.main import main; sys.argv[1:] = {['check', '--connect']!r}"
            return await asyncio.to_thread(
                run_python, f"{command} + [{str(tmp_path / 'site.yaml')!r}]; main()", tmp_path
            )

    assert {note["code"] for note in asyncio.run(run())} == {1, 3}


def test_whatever_the_settings_say_only_four_codes_are_sent() -> None:
    assert asyncio.run(codes_of_random_settings(200, seed=1)) == {1, 2, 3, 4}


def test_no_request_of_the_library_but_four_is_so_much_as_named() -> None:
    """Neither as an attribute nor as text that one could be looked up by."""
    allowed = {f"read_{what}" for what in ("coils", "discrete_inputs", "holding_registers", "input_registers")}
    requests = {name for name in vars(ModbusClientMixin) if name.islower() and not name.startswith(("_", "convert"))}
    refused = requests - allowed - {"execute"}
    assert "write_register" in refused
    named = {}
    for path in (path for folder in PRODUCT for path in folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not any(name in text for name in refused):
            continue
        tree = ast.parse(text)
        words = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        words |= {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        words |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        if words & refused:
            named[path.name] = words & refused
    assert named == {}


def test_four_function_codes_are_all_there_are() -> None:
    assert sorted(FUNCTION_CODES.values()) == [1, 2, 3, 4]
