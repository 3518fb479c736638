"""How are tags of an OPC UA server read by subscription? What the server reports becomes handovers, none missing."""

import time
from collections import deque
from collections.abc import Iterable

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth, SubscriptionHealth
from connectors.opcua_continuity import (
    KEEP_ALIVE_S,
    MessageNumbers,
    keep_alive_count,
    lifetime_count,
    queue_size,
)
from connectors.opcua_link import DoubtError, Link, NodeError, now_us
from connectors.opcua_publishing import Arrival, PublishLoop
from connectors.opcua_values import Decoder, Sample
from plant.gap import Gap
from plant.status_code import status_name

RETRY_S = 60.0
_MOST_VALUES_A_MESSAGE = 10_000
_MOST_REPUBLISHED = 100
_MOST_MISSING = 100_000


class Subscription:
    """All tags of a device on one subscription. since_us: when the server began to watch them."""

    def __init__(self, link: Link, device: OpcUaDevice, decoder: Decoder, health: DeviceHealth) -> None:
        self.since_us = 0
        self._link = link
        self._device = device
        self._decoder = decoder
        self._health = health
        self._numbers = MessageNumbers()
        self._ready: deque[Handover] = deque()
        self._reported: set[int] = set()  # rows whose first value came
        self._last_times_us: dict[int, int] = {}
        self._refused: dict[int, int] = {}
        self._retry_s = 0.0
        self._complete_us = 0  # when the last message came after which the server had nothing left to send

    async def start(self) -> None:
        """Create the subscription and its items. Raises what a lost link raises."""
        created = await self._create()
        interval_ms = created.RevisedPublishingInterval
        keep_alive_s = interval_ms * created.RevisedMaxKeepAliveCount / 1000
        if keep_alive_s > KEEP_ALIVE_S and created.RevisedMaxKeepAliveCount > 1:
            keep_alive_s = await self._shorten(created)
        self._id = created.SubscriptionId
        self._loop = PublishLoop(self._link.session, self._id, 3 * keep_alive_s, self._link.lost)
        self._notes = []
        if interval_ms > self._device.publishing_ms:
            self._notes.append(f"publishes every {interval_ms:g} ms, asked for {self._device.publishing_ms:g} ms")
        if keep_alive_s > KEEP_ALIVE_S:
            self._notes.append(f"sends keep-alives every {keep_alive_s:g} s only")
        self._queue_size = queue_size(self._device.sampling_ms, interval_ms, self._device.outage_s)
        lifetime_s = interval_ms * created.RevisedLifetimeCount / 1000
        self._health.subscription = SubscriptionHealth(
            publishing_ms=interval_ms,
            asked_publishing_ms=self._device.publishing_ms,
            sampling_ms=self._device.sampling_ms,
            asked_sampling_ms=self._device.sampling_ms,
            queue=self._queue_size,
            asked_queue=self._queue_size,
            keep_alive_s=keep_alive_s,
            bridges_s=min(lifetime_s, self._queue_size * self._device.sampling_ms / 1000),
        )
        self._refused = dict.fromkeys(range(len(self._device.tags)), 0)
        await self._watch_refused()
        self.since_us = self._complete_us = now_us()

    async def close(self) -> None:
        """Give up what is outstanding; the session's end deletes the subscription."""
        await self._loop.close()

    def try_now(self) -> bool:
        """Ask the server for a sign of life at once, and with its next message for what it refused."""
        self._retry_s = 0.0
        return self._link.probe_now()

    async def next(self) -> Handover:
        """The next handover: values, a keep-alive, or a gap. Raises DoubtError and what a lost link raises."""
        while not self._ready:
            if self._refused and time.monotonic() >= self._retry_s:
                await self._watch_refused()
                continue
            await self._take(await self._loop.next())
        return self._ready.popleft()

    # ---- what the server is asked for

    async def _create(self) -> ua.CreateSubscriptionResult:
        publishing_ms = self._device.publishing_ms
        return await self._link.session.create_subscription(
            ua.CreateSubscriptionParameters(
                RequestedPublishingInterval=publishing_ms,
                RequestedLifetimeCount=lifetime_count(publishing_ms, self._device.outage_s),
                RequestedMaxKeepAliveCount=keep_alive_count(publishing_ms),
                MaxNotificationsPerPublish=_MOST_VALUES_A_MESSAGE,
                PublishingEnabled=True,
            ),
            _no_callback,
        )

    async def _shorten(self, created: ua.CreateSubscriptionResult) -> float:
        """The server slowed publishing down: ask again for keep-alives in time. What it grants [s]."""
        interval_ms = created.RevisedPublishingInterval
        modified = await self._link.session.modify_subscription(
            ua.ModifySubscriptionParameters(
                SubscriptionId=created.SubscriptionId,
                RequestedPublishingInterval=interval_ms,
                RequestedLifetimeCount=lifetime_count(interval_ms, self._device.outage_s),
                RequestedMaxKeepAliveCount=keep_alive_count(interval_ms),
                MaxNotificationsPerPublish=_MOST_VALUES_A_MESSAGE,
            )
        )
        return float(modified.RevisedPublishingInterval * modified.RevisedMaxKeepAliveCount / 1000)

    async def _watch_refused(self) -> None:
        """Create the items that are not watched yet; those refused become Bad readings, once for each reason."""
        before, self._refused = self._refused, {}
        nodes: dict[int, ua.NodeId] = {}
        for row in before:
            try:
                nodes[row] = self._link.node_id(self._device.tags[row].node)
            except NodeError as error:
                self._refused[row] = error.status
        rows = list(nodes)
        for start in range(0, len(rows), self._link.items_a_call):
            await self._watch({row: nodes[row] for row in rows[start : start + self._link.items_a_call]})
        news = [self._decoder.bad(row, status) for row, status in self._refused.items() if status != before[row]]
        self._hand_over(news, now_us(), snapshot=True)
        self._retry_s = time.monotonic() + RETRY_S
        self._note()

    async def _watch(self, nodes: dict[int, ua.NodeId]) -> None:
        items = [
            ua.MonitoredItemCreateRequest(
                ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=AttributeIds.Value),
                MonitoringMode=ua.MonitoringMode.Reporting,
                RequestedParameters=ua.MonitoringParameters(
                    ClientHandle=row,
                    SamplingInterval=self._device.sampling_ms,
                    Filter=None,
                    QueueSize=self._queue_size,
                    DiscardOldest=True,
                ),
            )
            for row, node in nodes.items()
        ]
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._id, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=items
        )
        results = await self._link.session.create_monitored_items(parameters)
        for row, result in zip(nodes, results, strict=True):
            if result.StatusCode.is_bad():
                self._refused[row] = int(result.StatusCode.value)
                continue
            self._reported.discard(row)
            self._note_revised(row, result)
            if self._health.subscription is not None:
                queue, sampling_ms = result.RevisedQueueSize, result.RevisedSamplingInterval
                self._health.subscription = self._health.subscription.with_item(queue, sampling_ms)

    def _note_revised(self, row: int, result: ua.MonitoredItemCreateResult) -> None:
        name = self._decoder.names[row]
        if result.RevisedQueueSize < self._queue_size:
            self._notes.append(f"{name}: queue of {result.RevisedQueueSize}, asked for {self._queue_size}")
        if result.RevisedSamplingInterval > self._device.sampling_ms:
            asked = self._device.sampling_ms
            self._notes.append(f"{name}: sampled every {result.RevisedSamplingInterval:g} ms, asked for {asked:g} ms")

    def _note(self) -> None:
        names = self._decoder.names
        self._health.refused_tags = {names[row]: status_name(status) for row, status in self._refused.items()}
        refused = [
            f"{name}: refused with {status}, tried again every {RETRY_S:.0f} s"
            for name, status in self._health.refused_tags.items()
        ]
        self._health.notes[:] = self._notes + refused

    # ---- what the server sends

    async def _take(self, arrival: Arrival) -> None:
        message = arrival.result.NotificationMessage
        number, has_data = message.SequenceNumber, bool(message.NotificationData)
        if has_data and self._numbers.is_repeat(number):
            self._loop.took()
            self._loop.committed(number)
            return
        missing = self._numbers.missing(number)
        if len(missing) > _MOST_MISSING:
            raise DoubtError(f"message numbers jumped by {len(missing)} to {number}")
        if missing:
            await self._recover(list(missing), arrival.received_us)
        if has_data:
            self._numbers.take(number)
            self._hand_over_message(message, arrival.received_us)
        else:
            self._ready.append(Handover(known_until_us=arrival.received_us))
        if not arrival.result.MoreNotifications:
            self._complete_us = arrival.received_us

    async def _recover(self, missing: list[int], received_us: int) -> None:
        """Ask for messages that did not come; what the server no longer has is a gap, and is read again."""
        lost = missing[:-_MOST_REPUBLISHED]
        for number in missing[-_MOST_REPUBLISHED:]:
            message = await self._republished(number)
            self._numbers.take(number)
            if message is None:
                lost.append(number)
            else:
                self._hand_over_message(message, received_us)
        if lost:
            cause = f"notification messages {lost[0]} to {lost[-1]} were lost and the server no longer had them"
            gap = Gap(self._device.id, None, min(self._complete_us, received_us), received_us, cause)
            self._ready.append(Handover(gaps=(gap,)))
            await self._read_again()

    async def _republished(self, number: int) -> ua.NotificationMessage | None:
        try:
            message = await self._link.session.republish(self._id, number)
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # BadMessageNotAvailable, or a message that cannot be understood: gone either way
            return None
        return message if message.SequenceNumber == number and message.NotificationData else None

    async def _read_again(self) -> None:
        rows = [row for row in range(len(self._device.tags)) if row not in self._refused]
        values = await self._link.read([self._link.node_id(self._device.tags[row].node) for row in rows])
        samples = [self._decoder.sample(row, data, first=True) for row, data in zip(rows, values, strict=True)]
        self._hand_over(samples, now_us(), snapshot=True)

    def _hand_over_message(self, message: ua.NotificationMessage, received_us: int) -> None:
        """First values of items are readings again, all others events; acknowledged when both are stored."""
        number = message.SequenceNumber
        self._loop.took()
        first: list[Sample] = []
        events: list[Sample] = []
        for item in _items(message):
            row = item.ClientHandle
            if not 0 <= row < len(self._device.tags):
                continue
            is_first = row not in self._reported
            self._reported.add(row)
            (first if is_first else events).append(self._decoder.sample(row, item.Value, is_first))
        self._hand_over(first, received_us, snapshot=True)
        self._hand_over(events, received_us, snapshot=False)

        def done() -> None:
            self._loop.committed(number)

        last = self._ready.pop() if first or events else Handover()
        self._ready.append(Handover(last.batch, received_us, last.gaps, done))

    def _hand_over(self, samples: list[Sample], received_us: int, snapshot: bool) -> None:
        if not samples:
            return
        batch = self._decoder.batch(samples, received_us, self._complete_us, snapshot)
        gaps: list[Gap] = []
        for sample, time_us in zip(samples, batch.times_us.tolist(), strict=True):
            if sample.overflowed:
                start_us = self._last_times_us.get(sample.row, self._complete_us)
                name = self._decoder.names[sample.row]
                gaps.append(
                    Gap(self._device.id, name, min(start_us, time_us), time_us, "the server's queue overflowed")
                )
            self._last_times_us[sample.row] = time_us
        self._ready.append(Handover(batch, gaps=tuple(gaps)))


def _items(message: ua.NotificationMessage) -> Iterable[ua.MonitoredItemNotification]:
    for data in message.NotificationData:
        if isinstance(data, ua.DataChangeNotification):
            yield from data.MonitoredItems


def _no_callback(result: ua.PublishResult) -> None:
    """asyncua wants one for a loop that never runs here."""
