"""How is an OPC UA server read, whatever happens to it? One device, its connection, and what was lost between two."""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from connectors.opcua_cause import cause_of_failure
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_connection import opened
from connectors.opcua_continuity import Backoff, Outage
from connectors.opcua_history import History
from connectors.opcua_link import DoubtError, Link, now_us, plain, status_of
from connectors.opcua_poll import Poll
from connectors.opcua_subscription import Subscription
from connectors.opcua_types import learn_types
from connectors.opcua_values import Decoder
from connectors.pause import Pause
from plant.gap import Gap
from plant.instant import US_PER_S

log = logging.getLogger(__name__)

_EXPECTED = (DoubtError, NotTrustedError, OSError, TimeoutError, UaError)


class Reading(Protocol):
    """A way to read a device over one link. since_us: from when on nothing is missed."""

    since_us: int

    async def start(self) -> None: ...
    async def next(self) -> Handover: ...
    async def close(self) -> None: ...
    def try_now(self) -> bool: ...


class OpcUaConnector:
    """One OPC UA server being read (`connector.Connector`).

    folder: where `trusted/<device>.der`, `certificates/own.pem` and a relative password_file lie. Handovers' `done`
    must be called in the event loop that iterates `batches`.
    """

    def __init__(self, device: OpcUaDevice, folder: Path) -> None:
        self.health = DeviceHealth(security_exceptions=device.security_exceptions)
        self._device = device
        self._folder = folder
        self._decoder = Decoder(device.id, device.tags, device.max_clock_error_s)
        self._history = History(device, self._decoder)
        self._uris: dict[int, str] = {}
        self._said: str | None = None
        self._pause = Pause()
        self._reading_now: Reading | None = None

    async def batches(self) -> AsyncIterator[Handover]:
        """Handovers for ever; see `connector.Connector`. A lost link is a gap from when the device was last known."""
        outage, backoff = Outage(self._device.id), Backoff()
        known_us = now_us()
        while True:
            try:
                async with self._reading() as reading:
                    while True:
                        handover = await self._history.next(reading.next)
                        closed = outage.end(reading.since_us)
                        known_us = max(known_us, handover.known_until_us or 0)
                        self._count(handover)
                        backoff.reset()
                        yield replace(handover, gaps=closed + handover.gaps)
                        self.fill(closed + handover.gaps)
            except Exception as error:
                cause = self._failed(error)
            gaps = outage.begin(known_us, cause)
            if gaps:
                yield Handover(gaps=gaps)
            await self._until_next_try(backoff.wait_s())

    def try_now(self) -> bool:
        """See `connector.Connector`: connects at once, reads at once, or asks the server for a sign of life."""
        return self._reading_now.try_now() if self._reading_now is not None else self._pause.end()

    def fill(self, gaps: Iterable[Gap]) -> None:
        """See `connector.Connector`: from the server's history, where it keeps one."""
        self._history.fill(gaps)

    async def _until_next_try(self, wait_s: float) -> None:
        self.health.next_try_us = now_us() + round(wait_s * US_PER_S)
        await self._pause.wait(wait_s)
        self.health.next_try_us = None

    async def read_once(self) -> Handover:
        """See `connector.Connector`; `health.last_error` says in words why nothing could be read."""
        try:
            async with opened(self._device, self._folder, self._uris, self.health.latency) as link:
                await learn_types(link, self._device, self._decoder)
                return await Poll(link, self._device, self._decoder, self.health).read()
        except Exception as error:
            self._failed(error)
            samples = [self._decoder.bad(row, status_of(error)) for row in range(len(self._device.tags))]
            return Handover(self._decoder.batch(samples, now_us(), now_us(), snapshot=True))

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[Reading]:
        async with opened(self._device, self._folder, self._uris, self.health.latency) as link:
            await learn_types(link, self._device, self._decoder)
            reading = self._way(link)
            await reading.start()
            try:
                if self.health.last_good_us is not None:
                    self.health.reconnects += 1
                self.health.connected_since_us, self._reading_now = now_us(), reading
                async with self._history.over(link):
                    yield reading
            finally:
                self.health.connected_since_us = self._reading_now = self.health.subscription = None
                self.health.refused_tags = {}
                await reading.close()

    def _way(self, link: Link) -> Reading:
        way = Subscription if self._device.mode == "subscribe" else Poll
        return way(link, self._device, self._decoder, self.health)

    def _count(self, handover: Handover) -> None:
        if handover.known_until_us is not None:
            self._said = None
            self.health.last_good_us = handover.known_until_us
        batch = handover.batch
        if batch is not None and len(batch):
            self.health.readings += len(batch)
            offset_us = int(batch.source_offset_us[np.abs(batch.source_offset_us).argmax()])
            if offset_us:  # of a reading whose clock was not believed
                self.health.clock_offset_s, self.health.clock_offset_us = offset_us / US_PER_S, batch.received_us

    def _failed(self, error: Exception) -> str:
        cause = plain(error)
        if cause != self._said:  # changes, not repeats
            self._said = cause
            log.warning("%s: %s", self._device.id, cause)
            if not isinstance(error, _EXPECTED):
                log.error("%s: not foreseen", self._device.id, exc_info=error)
        self.health.failed(cause, cause_of_failure(error))
        return cause
