"""A store in memory behind an OPC UA reader: what a collector would hold, and when it would have committed it."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from opcua_server import URI

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.opcua import OpcUaConnector
from plant.gap import Gap

TAGS = (
    {"name": "press.count", "role": "produced_count", "node": f"nsu={URI};s=Count"},
    {"name": "press.power", "role": "power", "unit": "W", "node": f"nsu={URI};s=Power"},
    {"name": "press.state", "role": "state", "node": f"nsu={URI};s=State"},
    {"name": "press.order", "role": "order_id", "node": f"nsu={URI};s=Order"},
    {"name": "press.running", "role": "other", "node": f"nsu={URI};s=Running"},
)
COUNT = TAGS[:1]


Run = Callable[[Any], Any]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def device(port: int, tags: Any = TAGS, **settings: Any) -> OpcUaDevice:
    given = {"id": "press", "protocol": "opcua", "security": "none", "sampling_ms": 10, "publishing_ms": 50}
    tags = [{"work_unit": "press", **tag} for tag in tags]
    return OpcUaDevice.model_validate(given | settings | {"endpoint": f"opc.tcp://127.0.0.1:{port}", "tags": tags})


class Store:
    """What a collector would hold: handovers are committed here, in commit_s."""

    def __init__(self, connector: OpcUaConnector, commit_s: float = 0.0) -> None:
        self.rows: list[tuple[str, int, float, int, bool]] = []
        self.texts: list[str] = []
        self.gaps: list[Gap] = []
        self.handovers: list[Handover] = []
        self.connector = connector
        self._commit_s = commit_s
        self._changed = asyncio.Event()

    async def run(self) -> None:
        async with contextlib.aclosing(self.connector.batches()) as batches:
            async for handover in batches:
                await asyncio.sleep(self._commit_s)
                self.commit(handover)
                handover.done()
                self._changed.set()

    def commit(self, handover: Handover) -> None:
        self.handovers.append(handover)
        self.gaps += handover.gaps
        batch = handover.batch
        if batch is not None:
            columns = (batch.tags, batch.times_us, batch.values, batch.status)
            for row, time_us, value, status in zip(*(column.tolist() for column in columns), strict=True):
                self.rows.append((batch.names[row], time_us, value, status, batch.snapshot))
            self.texts += batch.texts.values()

    def values(self, tag: str, snapshot: bool | None = None) -> list[float]:
        return [row[2] for row in self.rows if row[0] == tag and snapshot in (None, row[4])]

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def stored(connector: OpcUaConnector, commit_s: float = 0.0) -> AsyncIterator[Store]:
    store = Store(connector, commit_s)
    task = asyncio.create_task(store.run())
    try:
        yield store
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@contextlib.contextmanager
def process(port: int, log: Path = Path(os.devnull)) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("opcua_server.py")), str(port), str(log)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield server
    finally:
        server.kill()
        server.communicate()
