"""What is an OPC UA server asked to watch? A subscription with an item for each tag, and what it made of that."""

import contextlib
import math
import time
from collections.abc import Iterable, Sequence

import numpy as np
from asyncua import ua
from asyncua.ua.uaerrors import UaStatusCodeError
from numpy.typing import NDArray

from config.devices import OpcUaDevice
from connectors.device_health import DeviceHealth, SubscriptionHealth
from connectors.opcua_continuity import KEEP_ALIVE_S, keep_alive_count, lifetime_count, queue_size
from connectors.opcua_events import event_filter
from connectors.opcua_link import DoubtError, Link, NodeError
from connectors.opcua_resumption import Position
from plant.status_code import BAD, parse_status, status_name

RETRY_S = 60.0
_MOST_VALUES_A_MESSAGE = 10_000
_NO_RANGES = parse_status("BadIndexRangeInvalid")
_CODE_BITS = 0xFFFF0000
# what a monitored item reports when its node is deleted, or was downloaded anew (OPC 10000-4 7.39)
_VANISHED = np.array(
    [
        parse_status(name)
        for name in ("BadNodeIdUnknown", "BadNodeIdInvalid", "BadNotFound", "BadMonitoredItemIdInvalid")
    ],
    dtype=np.uint32,
)
_NONE = np.zeros(0, dtype=np.bool_)


class Items:
    """The monitored items of a device, one for each tag; its row is the item's client handle.

    refused: rows that the server does not watch, or whose node is gone, with its reason (0: not asked yet). id: of the
    subscription. keep_alive_s: how often the server says at least that it has nothing to say.
    """

    def __init__(self, link: Link, device: OpcUaDevice, health: DeviceHealth) -> None:
        self.id = 0
        self.keep_alive_s = 0.0
        self.refused: dict[int, int] = dict.fromkeys(range(len(device.tags)), 0)
        self._link = link
        self._device = device
        self._health = health
        self._names = [tag.name for tag in device.tags]
        self._notes: dict[str, None] = {}  # each once, in order
        self._retry_s = 0.0
        self._queue_size = 0
        self._ids: dict[int, int] = {}  # of items at the server, by row

    async def create(self) -> None:
        """Create the subscription, without items yet. Raises what a lost link raises."""
        created = await self._created()
        interval_ms = created.RevisedPublishingInterval
        keep_alive_s = interval_ms * created.RevisedMaxKeepAliveCount / 1000
        if keep_alive_s > KEEP_ALIVE_S and created.RevisedMaxKeepAliveCount > 1:
            keep_alive_s = await self._shorten(created)
        if not 0 < keep_alive_s < math.inf:  # no watchdog would ever end
            raise DoubtError(f"the server sends keep-alives every {keep_alive_s:g} s")
        self.id, self.keep_alive_s = created.SubscriptionId, keep_alive_s
        if interval_ms > self._device.publishing_ms:
            self._notes[f"publishes every {interval_ms:g} ms, asked for {self._device.publishing_ms:g} ms"] = None
        if keep_alive_s > KEEP_ALIVE_S:
            self._notes[f"sends keep-alives every {keep_alive_s:g} s only"] = None
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

    def resume(self, position: Position) -> None:
        """Take over the items of a subscription that lives on at the server."""
        granted = position.granted
        assert granted is not None
        self.id, self.keep_alive_s = position.subscription_id, granted.keep_alive_s
        self.refused = dict(position.refused or {})
        self._queue_size = granted.asked_queue
        self._health.subscription = granted
        self._note()

    @property
    def sampling_ms(self) -> float:
        """The longest time after which a change is noticed, as the server granted it."""
        granted = self._health.subscription
        return granted.sampling_ms if granted is not None else self._device.sampling_ms

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask again for what was refused."""
        return bool(self.refused) and time.monotonic() >= self._retry_s

    def hasten(self) -> None:
        """Ask for it again with the next message."""
        self._retry_s = 0.0

    def reported(self, rows: NDArray[np.uint32], status: NDArray[np.uint32]) -> None:
        """Note which of the rows were reported with a StatusCode that means that the node is no longer there: their
        items are made anew from time to time, since many servers never report a node that comes back."""
        waiting = self.refused.keys() & self._ids.keys()
        if waiting:
            for row in waiting & set(rows[status < BAD].tolist()):
                del self.refused[row]
            self._note()
        gone = np.isin(status & _CODE_BITS, _VANISHED) if status.max(initial=0) >= BAD else _NONE
        if not gone.any():
            return
        if not self.refused:
            self._retry_s = time.monotonic() + RETRY_S
        for row, code in zip(rows[gone].tolist(), status[gone].tolist(), strict=True):
            self.refused.setdefault(row, code)
        self._note()

    async def watch_refused(self) -> tuple[list[int], dict[int, int]]:
        """Create the items that are not watched yet: rows that are from now on; rows that are refused for a new
        reason, with it."""
        before, self.refused = self.refused, {}
        wanted: dict[int, ua.ReadValueId] = {}
        for row in before:
            try:
                wanted[row] = self._link.wanted(self._device.tags[row])
            except NodeError as error:
                self.refused[row] = error.status
        await self._forget(before)
        requests = [self._request(row, item) for row, item in wanted.items()]
        results = await self._link.items.in_parts(requests, self._create, _refusal)
        for row, result in zip(wanted, results, strict=True):
            self._take(row, result)
        self._retry_s = time.monotonic() + RETRY_S
        self._note()
        news = {row: status for row, status in self.refused.items() if status != before[row]}
        return [row for row in wanted if row not in self.refused and not self._device.tags[row].events], news

    async def _created(self) -> ua.CreateSubscriptionResult:
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

    async def _forget(self, rows: Iterable[int]) -> None:
        ids = [self._ids.pop(row) for row in rows if row in self._ids]
        for start in range(0, len(ids), self._link.items.most):
            some = ids[start : start + self._link.items.most]
            with contextlib.suppress(UaStatusCodeError):  # gone with its node at some servers
                await self._link.session.delete_monitored_items(
                    ua.DeleteMonitoredItemsParameters(SubscriptionId=self.id, MonitoredItemIds=some)
                )

    def _request(self, row: int, wanted: ua.ReadValueId) -> ua.MonitoredItemCreateRequest:
        is_event = self._device.tags[row].events
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=wanted,
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=row,
                SamplingInterval=0.0 if is_event else self._device.sampling_ms,
                Filter=event_filter() if is_event else None,
                QueueSize=self._queue_size,
                DiscardOldest=True,
            ),
        )

    async def _create(self, requests: Sequence[ua.MonitoredItemCreateRequest]) -> list[ua.MonitoredItemCreateResult]:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self.id, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=list(requests)
        )
        results = await self._link.session.create_monitored_items(parameters)
        if len(results) != len(requests):
            raise DoubtError(f"{len(requests)} items were asked for, {len(results)} came")
        return list(results)

    def _take(self, row: int, result: ua.MonitoredItemCreateResult) -> None:
        if result.StatusCode.is_bad():
            self.refused[row] = int(result.StatusCode.value)
            if self.refused[row] == _NO_RANGES:  # for items, though it answers Reads with one: the whole array then
                self._link.ranges.discard((self._device.tags[row].node, self._device.tags[row].index))
            return
        self._ids[row] = result.MonitoredItemId
        self._note_revised(row, result)
        if self._health.subscription is not None:
            queue, sampling_ms = result.RevisedQueueSize, result.RevisedSamplingInterval
            self._health.subscription = self._health.subscription.with_item(queue, sampling_ms)

    def _note_revised(self, row: int, result: ua.MonitoredItemCreateResult) -> None:
        name = self._names[row]
        if result.RevisedQueueSize < self._queue_size:
            self._notes[f"{name}: queue of {result.RevisedQueueSize}, asked for {self._queue_size}"] = None
        if result.RevisedSamplingInterval > self._device.sampling_ms:
            asked = self._device.sampling_ms
            self._notes[f"{name}: sampled every {result.RevisedSamplingInterval:g} ms, asked for {asked:g} ms"] = None

    def _note(self) -> None:
        self._health.refused_tags = {self._names[row]: status_name(status) for row, status in self.refused.items()}
        refused = [
            f"{name}: refused with {status}, tried again every {RETRY_S:.0f} s"
            for name, status in self._health.refused_tags.items()
        ]
        self._health.notes[:] = [*self._link.notes, *self._notes, *refused]


def _refusal(status: int) -> ua.MonitoredItemCreateResult:
    return ua.MonitoredItemCreateResult(StatusCode=ua.StatusCode(ua.UInt32(status)))


def _no_callback(result: ua.PublishResult) -> None:
    """asyncua wants one for a loop that never runs here."""
