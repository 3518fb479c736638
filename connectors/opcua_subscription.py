"""How are tags of an OPC UA server read by subscription? What the server reports becomes handovers, none missing."""

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from connectors.opcua_items import Items
from connectors.opcua_link import Link, now_us
from connectors.opcua_messages import Messages
from connectors.opcua_publishing import PublishLoop
from connectors.opcua_values import Decoder


class Subscription:
    """All tags of a device on one subscription. since_us: when the server began to watch them."""

    def __init__(self, link: Link, device: OpcUaDevice, decoder: Decoder, health: DeviceHealth) -> None:
        self.since_us = 0
        self._link = link
        self._device = device
        self._decoder = decoder
        self._items = Items(link, device, health)

    async def start(self) -> None:
        """Create the subscription and its items. Raises what a lost link raises."""
        await self._items.create()
        self._loop = PublishLoop(self._link.session, self._items.id, 3 * self._items.keep_alive_s, self._link.lost)
        self._messages = Messages(self._link, self._device, self._decoder, self._loop, self._items)
        await self._watch_refused()
        self.since_us = self._messages.complete_us = now_us()

    async def close(self) -> None:
        """Give up what is outstanding; the session's end deletes the subscription."""
        await self._loop.close()

    def try_now(self) -> bool:
        """Ask the server for a sign of life at once, and with its next message for what it refused."""
        self._items.hasten()
        return self._link.probe_now()

    async def next(self) -> Handover:
        """The next handover: values, a keep-alive, or a gap. Raises DoubtError and what a lost link raises."""
        messages = self._messages
        while not messages.ready:
            if self._items.is_due:
                await self._watch_refused()
            else:
                await messages.take(await self._loop.next())
        return messages.ready.popleft()

    async def _watch_refused(self) -> None:
        self._messages.begin(*await self._items.watch_refused())
