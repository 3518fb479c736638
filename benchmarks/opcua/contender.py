"""What does it cost to take what an OPC UA server publishes? One contender: contender.py NAME PORT TAGS SECONDS."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from asyncua import Client, ua
from modbus.processes import own_use
from opcua.notifications import COUNT_AT, FIRST

URI = "urn:bench:plant"
WARM_S = 1.5


class Count:
    """Values taken. first: of the tag that never changes. Nothing counts before replayed ones came, and a warm-up."""

    def __init__(self, tags: int) -> None:
        self._tags = tags
        self.values = 0
        self.first = 0.0
        self._begun = asyncio.Event()

    def add(self, values: int) -> None:
        """So many more were taken."""
        self.values += values
        if self.values > 1.5 * self._tags:
            self._begun.set()

    async def measured(self, seconds: float) -> str:
        """What was taken from now on."""
        await self._begun.wait()
        await asyncio.sleep(WARM_S)
        before, begun_s, begun_cpu_s = self.values, time.perf_counter(), time.process_time()
        await asyncio.sleep(seconds)
        return own_use(self.values - before, begun_s, begun_cpu_s, [self.first])


async def ours(port: int, tags: int, count: Count) -> None:
    """The reader of Smart Wings, wire to Batch; each handover is committed at once."""
    from config.devices import OpcUaDevice
    from connectors.opcua import OpcUaConnector

    listed = [
        {"name": f"t{n}", "work_unit": "w", "role": "other", "node": f"nsu={URI};s=t{n}"}  # as a tag list has them
        for n in range(tags)
    ]
    device = OpcUaDevice.model_validate(
        {
            "id": "d",
            "protocol": "opcua",
            "endpoint": f"opc.tcp://127.0.0.1:{port}",
            "security": "none",
            "sampling_ms": 100,
            "publishing_ms": 100,
            "tags": listed,
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        async for handover in OpcUaConnector(device, Path(folder)).batches():
            if handover.batch is not None:
                if not handover.batch.snapshot:
                    count.add(len(handover.batch))
                if handover.batch.tags[0] == 0:
                    count.first = float(handover.batch.values[0])
            handover.done()


async def asyncua(port: int, tags: int, count: Count) -> None:
    """asyncua's client with its documented handler, which keeps the value."""
    kept: dict[Any, Any] = {}

    class Handler:
        def datachange_notification(self, node: Any, val: Any, data: Any) -> None:
            kept[node] = val
            count.add(1)

    async with Client(f"opc.tcp://127.0.0.1:{port}", timeout=60) as client:
        index = await client.get_namespace_index(URI)
        nodes = [client.get_node(ua.NodeId(f"t{n}", index)) for n in range(tags)]
        subscription = await client.create_subscription(100, Handler())
        await subscription.subscribe_data_change(nodes)
        while True:
            await asyncio.sleep(0.2)
            count.first = float(kept.get(nodes[0], 0.0))


async def wire(port: int, tags: int, count: Count) -> None:
    """asyncua's session without any decoding: what the server can do, and what the wire alone costs."""
    from connectors.opcua_session import QuietSession

    client = Client(f"opc.tcp://127.0.0.1:{port}", timeout=60)
    client.uaclient.session = QuietSession(client.uaclient)
    await client.connect_socket()
    await client.send_hello()
    await client.open_secure_channel()
    await client.create_session()
    await client.activate_session()
    session = client.uaclient.session
    index = await client.get_namespace_index(URI)
    asked = ua.CreateSubscriptionParameters(100, 10_000, 100, 0, True, 0)
    created = await session.create_subscription(asked, lambda result: None)
    for start in range(0, tags, 1000):
        items = [
            ua.MonitoredItemCreateRequest(
                ua.ReadValueId(ua.NodeId(f"t{n}", index), ua.AttributeIds.Value),
                ua.MonitoringMode.Reporting,
                ua.MonitoringParameters(n, 100, None, 10, True),
            )
            for n in range(start, min(tags, start + 1000))
        ]
        timestamps = ua.TimestampsToReturn.Both
        await session.create_monitored_items(
            ua.CreateMonitoredItemsParameters(created.SubscriptionId, timestamps, items)
        )
    count.first = FIRST

    async def publish() -> None:
        while True:
            body = bytes(await session._send_request(ua.PublishRequest(), timeout=0))
            if len(body) > COUNT_AT + 4:
                count.add(int.from_bytes(body[COUNT_AT : COUNT_AT + 4], "little"))

    await asyncio.gather(*(publish() for _ in range(4)))


async def main() -> None:
    """Be one contender."""
    name, port, tags, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    count = Count(tags)
    taking = asyncio.create_task({"ours": ours, "asyncua": asyncua, "wire alone": wire}[name](port, tags, count))
    measuring = asyncio.create_task(count.measured(seconds))
    await asyncio.wait({taking, measuring}, return_when=asyncio.FIRST_COMPLETED)
    if taking.done():
        taking.result()
    print(measuring.result(), flush=True)  # noqa: T201
    taking.cancel()
    await asyncio.gather(taking, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main())
