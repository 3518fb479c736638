"""Our reader against pymodbus's server, and pymodbus's client against our simulated devices."""

import asyncio
import random
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from simulated_plant import free_port, served, site_of, truth_of

from config.devices import ModbusDevice
from connectors.modbus import ModbusConnector
from plant.status_code import status_name

REGISTERS, BITS, UNIT = 1000, 4000, 17
FORMATS = {"uint16": ">H", "int16": ">h", "uint32": ">I", "int32": ">i"}
_chance = random.Random(5)
MEMORY = {
    "coil": [_chance.random() < 0.5 for _ in range(BITS)],
    "discrete": [_chance.random() < 0.5 for _ in range(BITS)],
    "holding": [_chance.randrange(65536) for _ in range(REGISTERS)],
    "input": [_chance.randrange(65536) for _ in range(REGISTERS)],
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """pymodbus's server in a thread: random bits and registers, each table of its own."""
    number, loop, stop, ready = free_port(), asyncio.new_event_loop(), asyncio.Event(), threading.Event()
    kinds = {"coil": DataType.BITS, "discrete": DataType.BITS, "holding": DataType.REGISTERS}
    blocks = [[SimData(0, values=MEMORY[table], datatype=kinds.get(table, DataType.REGISTERS))] for table in MEMORY]

    async def serve() -> None:
        server = ModbusTcpServer(SimDevice(UNIT, simdata=tuple(blocks)), address=("127.0.0.1", number))
        await server.serve_forever(background=True)
        ready.set()
        await stop.wait()
        await server.shutdown()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield number
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@st.composite
def tags(draw):
    """Bits and numbers anywhere in the server's tables, and sometimes beyond their end."""
    if draw(st.booleans()):
        table = draw(st.sampled_from(["coil", "discrete"]))
        return {"table": table, "address": draw(st.integers(0, BITS + 20)), "type": "bool"}
    kind, table = draw(st.sampled_from(list(FORMATS))), draw(st.sampled_from(["holding", "input"]))
    return {"table": table, "address": draw(st.integers(0, REGISTERS + 20)), "type": kind}


def expected(tag):
    """What the memory says; None beyond its end."""
    size = 1 if tag["type"] == "bool" else struct.calcsize(FORMATS[tag["type"]]) // 2
    cells = MEMORY[tag["table"]][tag["address"] : tag["address"] + size]
    if len(cells) < size:
        return None
    if tag["type"] == "bool":
        return float(cells[0])
    return float(struct.unpack(FORMATS[tag["type"]], struct.pack(f">{size}H", *cells))[0])


@settings(max_examples=40, deadline=None)
@given(st.lists(tags(), min_size=1, max_size=60))
def test_what_pymodbus_serves_is_read(port, found):
    common = {"work_unit": "w", "role": "other"}
    device = ModbusDevice(
        id="d",
        protocol="modbus",
        host="127.0.0.1",
        port=port,
        unit=UNIT,
        tags=[common | {"name": f"t{n}"} | tag for n, tag in enumerate(found)],
    )
    batch = asyncio.run(ModbusConnector(device).read_once()).batch
    inside = {n for n, tag in enumerate(found) if expected(tag) is not None}
    values = dict(zip(batch.tags.tolist(), zip(batch.values.tolist(), batch.status.tolist(), strict=True), strict=True))
    assert set(values) == set(range(len(found)))
    for n, tag in enumerate(found):
        value, status = values[n]
        if status == 0:
            assert value == expected(tag)
        else:
            assert status_name(status) == "BadConfigurationError"
    if len(inside) == len(found):
        assert not any(status for _, status in values.values())


DEVICE = """
  - {{id: press, protocol: modbus, host: 127.0.0.1, port: {port}, unit: 9, tags: [
      {{name: good, work_unit: w1, role: good_count, table: holding, address: 10, type: uint32}},
      {{name: total, work_unit: w1, role: produced_count, table: holding, address: 12, type: int64}},
      {{name: state, work_unit: w1, role: state, table: holding, address: 16, type: int16}},
      {{name: power, work_unit: w1, role: power, table: input, address: 52, type: float64}},
      {{name: energy, work_unit: w1, role: energy_import, table: input, address: 56, type: float32}},
      {{name: running, work_unit: w2, role: state, table: coil, address: 5}},
      {{name: door, work_unit: w3, role: state, table: discrete, address: 9}}]}}
"""


def test_pymodbus_reads_from_simulated_devices_what_the_truth_log_says(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(tmp_path, DEVICE.format(port=port))

    async def scenario() -> dict[str, float]:
        async with served(site, tmp_path):
            client = AsyncModbusTcpClient("127.0.0.1", port=port)
            await client.connect()
            kinds, read = client.DATATYPE, client.convert_from_registers
            holding = (await client.read_holding_registers(10, count=7, device_id=9)).registers
            inputs = (await client.read_input_registers(52, count=6, device_id=9)).registers
            coils = (await client.read_coils(5, count=1, device_id=9)).bits
            discrete = (await client.read_discrete_inputs(9, count=1, device_id=9)).bits
            client.close()
        return {
            "good": read(holding[:2], kinds.UINT32),
            "total": read(holding[2:6], kinds.INT64),
            "state": read(holding[6:], kinds.INT16),
            "power": read(inputs[:4], kinds.FLOAT64),
            "energy": read(inputs[4:], kinds.FLOAT32),
            "running": float(coils[0]),
            "door": float(discrete[0]),
        }

    seen = asyncio.run(scenario())
    assert {tag: value for _, tag, value in truth_of(tmp_path)} == pytest.approx(seen)
