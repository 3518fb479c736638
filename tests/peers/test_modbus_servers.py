"""The Modbus reader against servers that others wrote: pyModbusTCP, and libmodbus in C."""

import asyncio
import contextlib
import os
import shutil
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from collected import Collected
from pyModbusTCP.server import DataBank, ModbusServer

from config.devices import ModbusDevice
from connectors import modbus_line
from connectors.modbus import ModbusConnector
from plant.status_code import status_name


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(modbus_line, "BACKOFF_MAX_S", 0.2)


def device(port, tags, poll_s=0.05):
    return ModbusDevice(
        id="d", protocol="modbus", host="127.0.0.1", port=port, poll_s=poll_s, tags=[tag | COMMON for tag in tags]
    )


COMMON = {"work_unit": "w"}


def register(name, address, kind, table="holding", role="other", **keys):
    return {"name": name, "role": role, "table": table, "address": address, "type": kind, **keys}


def bit(name, address, table):
    return {"name": name, "role": "other", "table": table, "address": address}


def read_once(port, tags):
    """{tag: value, or the name of its bad status} and {tag: text} of one reading of all tags."""
    batch = asyncio.run(ModbusConnector(device(port, tags)).read_once()).batch
    rows = zip(batch.names, batch.values.tolist(), batch.status.tolist(), strict=True)
    values = {name: status_name(status) if status else value for name, value, status in rows}
    return values, {batch.names[row]: text for row, text in batch.texts.items()}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def py_modbus_tcp(bank, port=None):
    server = ModbusServer("127.0.0.1", port or free_port(), no_block=True, data_bank=bank)
    server.start()
    assert server._evt_running.wait(5)
    try:
        yield server
    finally:
        server.stop()
        server._serve_th.join(5)


def words(fmt, *numbers):
    data = struct.pack(fmt, *numbers)
    return list(struct.unpack(f">{len(data) // 2}H", data))


def test_py_modbus_tcp_every_table_and_type():
    bank = DataBank()
    bank.set_input_registers(72, words(">f", 4711.5))
    bank.set_holding_registers(0, words(">Iqd", 4_000_000_000, -5, 0.1))
    bank.set_holding_registers(20, [0x1234, 0xFFFE, *words(">8s", b"LOT-4711")])
    bank.set_coils(1990, [True] * 10)
    bank.set_discrete_inputs(3, [True])
    tags = [
        register("energy", 72, "float32", "input", "energy_import", unit="MWh"),
        register("u32", 0, "uint32"),
        register("i64", 2, "int64"),
        register("f64", 6, "float64"),
        register("bcd", 20, "bcd16", scale_from=21),
        register("lot", 22, "string", role="order_id", length=8),
        *(bit(f"c{at}", at, "coil") for at in range(0, 2000, 199)),
        bit("c1990", 1990, "coil"),
        bit("d2", 2, "discrete"),
        bit("d3", 3, "discrete"),
    ]
    with py_modbus_tcp(bank) as server:
        values, texts = read_once(server.port, tags)
    assert texts == {"lot": "LOT-4711"}
    numbers = {name: value for name, value in values.items() if name != "lot" and not name.startswith("c")}
    assert numbers == {"energy": 4711500.0, "u32": 4e9, "i64": -5, "f64": 0.1, "bcd": 12.34, "d2": 0.0, "d3": 1.0}
    assert {name: value for name, value in values.items() if name.startswith("c")} == {
        f"c{at}": float(at >= 1990) for at in [*range(0, 2000, 199), 1990]
    }


def test_py_modbus_tcp_refuses_an_address_beyond_its_end():
    with py_modbus_tcp(DataBank(h_regs_size=100)) as server:
        values, _ = read_once(server.port, [register("in", 0, "uint16"), register("out", 200, "uint16")])
    assert values == {"in": 0.0, "out": "BadConfigurationError"}


def test_py_modbus_tcp_restarts_and_every_poll_is_read_again():
    async def run():
        bank = DataBank()
        tags = [register("count", 0, "uint32")]
        with py_modbus_tcp(bank) as server:
            port = server.port
            collected = Collected(ModbusConnector(device(port, tags)))
            await collected.__aenter__()
            await collected.more_readings()
        await collected.until(lambda: collected.outages())
        bank.set_holding_registers(0, [0, 99])
        with py_modbus_tcp(bank, port):
            await collected.until(lambda: any(value == 99 for _, _, value, _ in collected.good()))
            await collected.__aexit__()
        opened, closed = collected.outages()
        assert opened.end_us is None
        assert closed.end_us == next(time for _, time, value, _ in collected.good() if value == 99)
        assert not any(opened.start_us < time < closed.end_us for _, time, _, _ in collected.good())

    asyncio.run(run())


@pytest.fixture(scope="module")
def libmodbus_port(tmp_path_factory):
    program = tmp_path_factory.mktemp("libmodbus") / "server"
    missing = _build(program)
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    with subprocess.Popen([program], stdout=subprocess.PIPE, text=True) as server:
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def _build(program):
    """Build the server; returns what is missing for it, if anything."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return "libmodbus peer left out: no C compiler (Debian: gcc)"
    source = Path(__file__).with_name("libmodbus_server.c")
    includes = [f"-I{root}/include/modbus" for root in ("/usr", "/usr/local", "/opt/homebrew")]
    built = subprocess.run(
        [compiler, *includes, "-o", program, source, "-lmodbus"], capture_output=True, text=True, check=False
    )
    return f"libmodbus peer left out: needs libmodbus-dev: {built.stderr.strip()}" if built.returncode else None


def test_libmodbus_every_table_and_order(libmodbus_port):
    tags = [
        register("abcd", 0, "float32"),
        register("cdab", 2, "float32", order="CDAB"),
        register("badc", 4, "float32", order="BADC"),
        register("dcba", 6, "float32", order="DCBA"),
        register("i32", 8, "int32"),
        register("i64", 10, "int64"),
        register("bit0", 14, "bool", bit=0),
        register("bit4", 14, "bool", bit=4),
        *(register(f"r{at}", at, "uint16", "input") for at in range(0, 400, 7)),
        register("beyond", 500, "uint16", "input"),
        *(bit(f"c{at}", at, "coil") for at in range(0, 2100, 50)),
        *(bit(f"d{at}", at, "discrete") for at in range(0, 2100, 41)),
    ]
    values, _ = read_once(libmodbus_port, tags)
    expected = {
        "abcd": 12.5,
        "cdab": -0.15625,
        "badc": 1e10,
        "dcba": 3.25,
        "i32": -123456789,
        "i64": -1234567890123456,
        "bit0": 1.0,
        "bit4": 0.0,
        "beyond": "BadConfigurationError",
        **{f"r{at}": 1000 + at for at in range(0, 400, 7)},
        **{f"c{at}": float(at % 3 == 0) for at in range(0, 2100, 50)},
        **{f"d{at}": float(at % 5 == 0) for at in range(0, 2100, 41)},
    }
    assert values == expected


def test_libmodbus_polled(libmodbus_port):
    async def run():
        tags = [register("a", 0, "float32"), register("b", 399, "uint16", "input"), bit("c", 3, "coil")]
        async with Collected(ModbusConnector(device(libmodbus_port, tags, poll_s=0.01))) as collected:
            await collected.more_readings(300)
        assert {(name, value) for name, _, value, _ in collected.good()} == {("a", 12.5), ("b", 1399.0), ("c", 1.0)}
        assert collected.outages() == []

    asyncio.run(run())
