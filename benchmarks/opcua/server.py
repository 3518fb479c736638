"""An OPC UA server that replays prepared notifications: server.py PORT TAGS HZ SHARE LOG.

asyncua's server with `TAGS` variables, so that every client finds all that it asks for; only what it publishes once all
variables are watched is prepared. It does so `HZ` times a second, or as often as it is asked where that is 0. The log
gets a line for each notification: its time [us], how many values it has, and whether there was a request to answer
(a notification without one is skipped: what is measured did not keep pace).
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any, TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from asyncua import Server, ua
from asyncua.server.internal_subscription import InternalSubscription
from opcua.notifications import FIRST, Notification, prepared, type_of

URI = "urn:bench:plant"
_TAGS_A_FOLDER = 100
SINCE_1601_US = 11_644_473_600_000_000
_KINDS = {"double": ua.VariantType.Double, "uint32": ua.VariantType.UInt32, "boolean": ua.VariantType.Boolean}


class Replay:
    """Replaying to one subscription after another."""

    def __init__(self, tags: int, hz: float, share: float, log: TextIO) -> None:
        self._tags, self._hz, self._share, self._log = tags, hz, share, log
        self._replayed: set[int] = set()

    async def run(self, server: Server) -> None:
        """Replay to every subscription that watches all tags, for ever."""
        running: set[asyncio.Task[None]] = set()
        while True:
            for subscription in list(server.iserver.subscription_service.subscriptions.values()):
                items = subscription.monitored_item_srv._monitored_items
                if len(items) >= self._tags and id(subscription) not in self._replayed and not subscription._startup:
                    self._replayed.add(id(subscription))
                    running.add(asyncio.create_task(self._to(subscription)))
            await asyncio.sleep(0.2)

    async def _to(self, subscription: InternalSubscription) -> None:
        items = subscription.monitored_item_srv._monitored_items.values()
        handles = [item.client_handle for item in items]
        notifications = await asyncio.to_thread(prepared, handles, self._share)
        period_s = 1 / self._hz if self._hz else 0.0
        due_s, turn = time.monotonic(), 0
        while not subscription._closing:
            self._publish(subscription, notifications[turn % len(notifications)])
            due_s, turn = due_s + period_s, turn + 1
            if not self._hz:
                due_s = time.monotonic()
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))

    def _publish(self, subscription: InternalSubscription, prepared_one: Notification) -> None:
        processor: Any = subscription.pub_result_callback.__self__  # type: ignore[attr-defined]
        now_us = time.time_ns() // 1000
        asked = bool(processor._publish_requests)
        subscription._keep_alive_count = subscription._publish_cycles_count = 0
        if asked:
            request = processor._publish_requests.popleft()
            number, subscription._notification_seq = subscription._notification_seq, subscription._notification_seq + 1
            handle = request.requesthdr.RequestHandle
            ticks = (now_us + SINCE_1601_US) * 10
            body = prepared_one.body(handle, subscription.data.SubscriptionId, number, ticks)
            kind = ua.MessageType.SecureMessage
            data = processor._connection.message_to_binary(body, message_type=kind, request_id=request.seqhdr.RequestId)
            processor._transport.write(data)
        if asked or self._hz:
            self._log.write(f"{now_us} {prepared_one.count} {int(asked)}\n")


async def serve(port: int, replay: Replay, tags: int) -> None:
    """Serve until killed; says `ready` when it can be connected to."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(URI)
    plant = await server.nodes.objects.add_object(ua.NodeId("plant", index), ua.QualifiedName("Plant", index))
    for number in range(tags):
        if number % _TAGS_A_FOLDER == 0:  # asyncua looks at all siblings of what is added
            name = f"Folder{number // _TAGS_A_FOLDER}"
            folder = await plant.add_folder(ua.NodeId(name, index), ua.QualifiedName(name, index))
        value = ua.Variant(FIRST if number == 0 else 0, _KINDS[type_of(number)])
        await folder.add_variable(ua.NodeId(f"t{number}", index), ua.QualifiedName(f"t{number}", index), value)
    await server.start()
    print("ready", flush=True)  # noqa: T201
    await replay.run(server)


if __name__ == "__main__":
    with open(sys.argv[5], "w", encoding="utf-8", buffering=1) as log:
        given = Replay(int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]), log)
        asyncio.run(serve(int(sys.argv[1]), given, int(sys.argv[2])))
