"""How are tags of an OPC UA server read by subscription? What the server reports becomes handovers, none missing."""

from dataclasses import replace

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from connectors.opcua_items import Items
from connectors.opcua_link import DoubtError, Link, now_us
from connectors.opcua_messages import Messages
from connectors.opcua_publishing import PublishLoop
from connectors.opcua_resumption import Position
from connectors.opcua_values import Decoder

_MOST_REFUSED = 1000


class Subscription:
    """All tags of a device on one subscription. since_us: from when on nothing is missed.

    before: how far the server was read; where its subscription lives, it is taken over (`is_resumed`), and what it
    sent since is asked for again. is_proven: it has published over this link.
    """

    def __init__(
        self, link: Link, device: OpcUaDevice, decoder: Decoder, health: DeviceHealth, before: Position
    ) -> None:
        self.since_us = 0
        self.is_resumed = self.is_proven = False
        self._before = before
        self._link = link
        self._device = device
        self._decoder = decoder
        self._health = health
        self._items = Items(link, device, health)

    async def start(self) -> None:
        """Take over the subscription of before, or create one and its items. Raises what a lost link raises."""
        available = await self._taken_over()
        self.is_resumed = available is not None
        if available is None:
            await self._items.create()
        else:
            self._items.resume(self._before)
        self._loop = PublishLoop(self._link.session, self._items.id, 3 * self._items.keep_alive_s, self._link.lost)
        self._messages = Messages(self._link, self._device, self._decoder, self._loop, self._items)
        self._messages.position_at = self._position
        if available is None:
            await self._watch_refused()
            self.since_us = self._messages.complete_us = now_us()
        else:
            self.since_us = self._before.complete_us
            await self._messages.resume(self._before.number, self.since_us, available)
            self._know_nothing_yet()

    async def close(self) -> None:
        """Give up what is outstanding."""
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
                self.is_proven = True
        return messages.ready.popleft()

    async def _taken_over(self) -> list[int] | None:
        session, started = self._link.session, await self._link.started()
        is_same_run, self._before = started == self._before.started, replace(self._before, started=started)
        self._before = replace(self._before, can_transfer=session.can_transfer)
        if not is_same_run or not self._before.is_resumable:
            return None
        available = await session.take_over(self._before.subscription_id)
        self._before = replace(self._before, can_transfer=session.can_transfer)
        if self._link.lost.done():
            raise DoubtError(self._link.lost.result())
        return available

    def _know_nothing_yet(self) -> None:
        """Messages that were sent again say nothing of the time up to now: more may wait, or the server may go again
        before it publishes."""
        ready = self._messages.ready
        for at, handover in enumerate(ready):
            ready[at] = replace(handover, known_until_us=None)

    def _position(self, number: int, complete_us: int) -> str:
        if len(self._items.refused) > _MOST_REFUSED:  # too much for each commit; what an index meant must be kept
            return replace(self._before, subscription_id=0).to_json()
        if not self.is_proven:
            complete_us = min(complete_us, self.since_us or complete_us)
        found = replace(
            self._before,
            subscription_id=self._items.id,
            granted=self._health.subscription,
            refused=self._items.refused,
        )
        return found.after(number, complete_us).to_json()

    async def _watch_refused(self) -> None:
        self._messages.begin(*await self._items.watch_refused())
