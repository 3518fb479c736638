"""The Modbus reader against modbus-serial from npm: a server of another maker in another language."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from collected import Collected
from node_server import installed, served_by_node

from config.devices import ModbusDevice
from connectors.modbus import ModbusConnector
from plant.status_code import status_name

pytestmark = pytest.mark.timeout(240)

SOURCES = Path(__file__).with_name("node_modbus")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served_by_node(SOURCES, installed(SOURCES, tmp_path_factory.mktemp("node_modbus"))) as number:
        yield number


def device(port, tags, unit=3, poll_s=0.02):
    common = {"work_unit": "w", "role": "other"}
    keys = {"id": "d", "protocol": "modbus", "host": "127.0.0.1", "port": port, "unit": unit, "poll_s": poll_s}
    keys |= {"answer_timeout_s": 0.3}
    return ModbusDevice(**keys, tags=[common | tag for tag in tags])


def tag(name, address, kind="bool", table="holding", **keys):
    return {"name": name, "table": table, "address": address, "type": kind, **keys}


def read_once(settings):
    batch = asyncio.run(ModbusConnector(settings).read_once()).batch
    rows = zip(batch.names, batch.values.tolist(), batch.status.tolist(), strict=True)
    values = {name: status_name(status) if status else value for name, value, status in rows}
    return values, {batch.names[row]: text for row, text in batch.texts.items()}


def test_every_table_and_type(port):
    tags = [
        tag("f32", 0, "float32"),
        tag("i32", 2, "int32"),
        tag("i64", 4, "int64"),
        tag("f64", 8, "float64"),
        tag("lot", 12, "string", role="order_id", length=8),
        *(tag(f"h{at}", at, "uint16") for at in range(20, 400, 7)),
        *(tag(f"i{at}", at, "uint16", "input") for at in range(0, 400, 11)),
        *(tag(f"c{at}", at, table="coil") for at in range(0, 2100, 50)),
        *(tag(f"d{at}", at, table="discrete") for at in range(0, 2100, 41)),
        tag("beyond", 500, "uint16", "input"),
    ]
    values, texts = read_once(device(port, tags))
    assert texts == {"lot": "LOT-4711"}
    values.pop("lot")
    assert values == {
        "f32": 12.5,
        "i32": -123456789,
        "i64": -1234567890123456,
        "f64": 0.1,
        **{f"h{at}": 1000 + at for at in range(20, 400, 7)},
        **{f"i{at}": at ^ 0x5A5A for at in range(0, 400, 11)},
        **{f"c{at}": float(at % 3 == 0) for at in range(0, 2100, 50)},
        **{f"d{at}": float(at % 5 == 0) for at in range(0, 2100, 41)},
        "beyond": "BadConfigurationError",
    }


def test_polled(port):
    async def run():
        tags = [tag("a", 0, "float32"), tag("b", 399, "uint16", "input"), tag("c", 3, table="coil")]
        async with Collected(ModbusConnector(device(port, tags))) as collected:
            await collected.more_readings(150)
        assert {(name, value) for name, _, value, _ in collected.good()} == {("a", 12.5), ("b", 399 ^ 0x5A5A), ("c", 1)}
        assert collected.outages() == []

    asyncio.run(run())


def test_a_unit_that_is_not_there_is_bad_and_not_guessed(port):
    values, _ = read_once(device(port, [tag("a", 0, "float32")], unit=4))
    assert values == {"a": "BadTimeout"}
