"""Who suffers when one unit of a gateway is dead, or some addresses of a device are refused? Nobody else.

Every count is held against that of a twin without the trouble, read at the same time by the same process, so that a
busy machine hurts both.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from typing import Any

from config.devices import ModbusDevice
from connectors.modbus import ModbusConnector
from connectors.modbus_line import Lines
from plant.status_code import status_name
from tests.acceptance.modbus_bus import ModbusBus

UNITS, DEAD, SLOW = range(1, 26), 7, 9
GATEWAY_S, SCATTERED_S = 30.0, 12.0
A_SLOT = 1
"""Which of two that are read at the same time loses a slot to a busy machine is chance."""


def device(name: str, port: int, tags: Sequence[dict[str, Any]], unit: int = 1) -> ModbusDevice:
    common = {"work_unit": "w", "role": "other", "table": "holding"}
    return ModbusDevice(
        id=name,
        protocol="modbus",
        host="127.0.0.1",
        port=port,
        unit=unit,
        tags=[common | {"name": f"{name}.{n}"} | tag for n, tag in enumerate(tags)],  # type: ignore[misc]
    )


class Read:
    """What a device handed over: how many good readings of each tag, statuses of the Bad ones."""

    def __init__(self, connector: ModbusConnector) -> None:
        self.connector = connector
        self.good: Counter[str] = Counter()
        self.bad: dict[str, str] = {}

    async def run(self) -> None:
        async with contextlib.aclosing(self.connector.batches()) as batches:
            async for handover in batches:
                if handover.batch is not None:
                    self._take(handover.batch)

    def _take(self, batch: Any) -> None:
        for tag, status in zip(batch.tags.tolist(), batch.status.tolist(), strict=True):
            name = batch.names[tag]
            if status:
                self.bad[name] = status_name(status)
            else:
                self.good[name] += 1


@contextlib.asynccontextmanager
async def reading(connectors: Sequence[ModbusConnector]) -> AsyncIterator[list[Read]]:
    """Read them all until the end of the block."""
    found = [Read(connector) for connector in connectors]
    tasks = [asyncio.create_task(read.run()) for read in found]
    try:
        yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def units_behind(bus: ModbusBus) -> list[ModbusConnector]:
    lines = Lines()
    tags = [{"address": 0, "type": "float32"}, {"address": 2, "type": "uint16"}]
    return [ModbusConnector(device(f"u{unit}", bus.port, tags, unit), lines) for unit in UNITS]


def kept(found: list[Read]) -> dict[int, int]:
    """Polls of each unit that brought its readings."""
    return {unit: read.good[f"u{unit}.0"] for unit, read in zip(UNITS, found, strict=True)}


def test_of_25_units_behind_one_gateway_a_dead_and_a_slow_one_cost_the_others_5_percent_at_most() -> None:
    async def scenario() -> list[dict[int, int]]:
        buses = [
            ModbusBus(answer_s=0.008),
            ModbusBus(answer_s=0.008, slow={SLOW: 0.3}, dead=frozenset({DEAD})),
            ModbusBus(answer_s=0.008, slow={SLOW: 0.3}, dead=frozenset({DEAD}), says_so=True),
        ]
        async with contextlib.AsyncExitStack() as stack:
            for bus in buses:
                await stack.enter_async_context(bus.serving())
            found = [await stack.enter_async_context(reading(units_behind(bus))) for bus in buses]
            await asyncio.sleep(GATEWAY_S)
            assert all(bus.asked[DEAD] > 1 for bus in buses), "a dead unit is still looked for"
            return [kept(one) for one in found]

    healthy, silent, with_exception = asyncio.run(scenario())
    for troubled in (silent, with_exception):
        assert troubled[DEAD] == 0
        share = {unit: (troubled[unit] + A_SLOT) / healthy[unit] for unit in UNITS if unit != DEAD}
        assert sum(share.values()) / len(share) >= 0.95, share
        assert min(share.values()) >= 0.9, share


def scattered() -> tuple[list[dict[str, Any]], frozenset[int], set[int]]:
    """1,000 tags on some 20,000 registers; 3 refused addresses: of a tag, of the second half of one, of a hole that is
    read through. Then the tags that cannot be read."""
    chance = random.Random(7)
    tags, at = [], 0
    for _ in range(1000):
        at += chance.choice([0, 0, 0, 1, 3, 9, 30, 120])
        tags.append({"address": at, "type": chance.choice(["float32", "uint16"])})
        at += 2 if tags[-1]["type"] == "float32" else 1
    ends = [tag["address"] + (2 if tag["type"] == "float32" else 1) for tag in tags]
    hole = next(n for n in range(300, 1000) if tags[n]["address"] - ends[n - 1] == 3)
    single = next(n for n in range(500, 1000) if tags[n]["type"] == "uint16")
    double = next(n for n in range(800, 1000) if tags[n]["type"] == "float32")
    return tags, frozenset({ends[hole - 1] + 1, tags[single]["address"], ends[double] - 1}), {single, double}


def test_of_1000_scattered_tags_all_are_on_time_but_those_of_3_refused_addresses() -> None:
    tags, refused, lost = scattered()

    async def scenario() -> list[Read]:
        async with contextlib.AsyncExitStack() as stack:
            buses = [
                await stack.enter_async_context(ModbusBus(refused=found).serving()) for found in (frozenset(), refused)
            ]
            connectors = [ModbusConnector(device("d", bus.port, tags)) for bus in buses]
            found = await stack.enter_async_context(reading(connectors))
            await asyncio.sleep(SCATTERED_S)
            return found

    twin, read = asyncio.run(scenario())
    names = [f"d.{n}" for n in range(len(tags))]
    assert read.bad == {f"d.{n}": "BadConfigurationError" for n in lost}
    assert all(read.good[name] == 0 for name in read.bad)
    for name in set(names) - set(read.bad):
        assert read.good[name] >= 0.9 * twin.good[name] - A_SLOT
