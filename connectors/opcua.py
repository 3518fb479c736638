"""How is an OPC UA server read, whatever happens to it? One device, its connection, and what was lost between two."""

import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from asyncua.ua.uaerrors import UaError

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import Cause, DeviceHealth
from connectors.opcua_cause import cause_of_failure
from connectors.opcua_certificate import NotTrustedError
from connectors.opcua_connection import opened
from connectors.opcua_continuity import Backoff, Outage
from connectors.opcua_history import History
from connectors.opcua_link import DoubtError, Link, now_us, plain, status_of
from connectors.opcua_poll import Poll
from connectors.opcua_resumption import Position, digest, position
from connectors.opcua_subscription import Subscription
from connectors.opcua_types import learn_types
from connectors.opcua_values import Decoder
from connectors.pause import Pause
from plant.gap import Gap
from plant.instant import US_PER_S

log = logging.getLogger(__name__)

_MOST_UNPROVEN = 3
_EXPECTED = (DoubtError, NotTrustedError, OSError, TimeoutError, UaError)


class Reading(Protocol):
    """A way to read a device over one link. since_us: from when on nothing is missed.

    is_resumed: it goes on where the last link ended. is_proven: the server answers over this one.
    """

    since_us: int
    is_resumed: bool
    is_proven: bool

    async def start(self) -> None: ...
    async def next(self) -> Handover: ...
    async def close(self) -> None: ...
    def try_now(self) -> bool: ...


class OpcUaConnector:
    """One OPC UA server being read (`connector.Connector`).

    folder: where `trusted/<device>.der`, `certificates/own.pem` and a relative password_file lie. Handovers' `done`
    must be called in the event loop that iterates `batches`. before: position that was kept with what was stored last.
    """

    def __init__(self, device: OpcUaDevice, folder: Path, before: str | None = None) -> None:
        self.health = DeviceHealth(security_exceptions=device.security_exceptions)
        self._device = device
        self._folder = folder
        self._decoder = Decoder(device.id, device.tags, device.max_clock_error_s)
        self._history = History(device, self._decoder)
        self._before = position(before, device) or Position(digest(device), {})
        self._uris = self._before.uris
        self._said: str | None = None
        self._pause = Pause()
        self._reading_now: Reading | None = None
        self._reached: str | None = None
        self._unproven = 0

    async def batches(self) -> AsyncGenerator[Handover, None]:
        """Handovers for ever; see `connector.Connector`. A lost link is a gap from when the device was last known."""
        outage, backoff = Outage(self._device.id), Backoff()
        known_us = now_us()
        while True:
            try:
                async with self._reading() as reading:
                    while True:
                        handover = await self._history.next(reading.next)
                        closed = () if handover.known_until_us is None else outage.end(reading.since_us)
                        known_us = max(known_us, handover.known_until_us or 0)
                        self._count(handover)
                        self._reached = handover.position or self._reached
                        backoff.reset()
                        gaps = closed + handover.gaps
                        yield replace(handover, gaps=gaps, since_us=reading.since_us)
                        self.fill(gap for gap in gaps if gap.end_us != gap.start_us)
            except Exception as error:
                cause = self._failed(error)
            gaps = outage.begin(known_us, cause)
            if gaps:
                yield Handover(gaps=gaps)
            busy = self.health.last_cause is Cause.BUSY
            await self._until_next_try(backoff.busy_s() if busy else backoff.wait_s())

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
            await self._begin(reading)
            try:
                if self.health.last_good_us is not None:
                    self.health.reconnects += 1
                self.health.connected_since_us, self._reading_now = now_us(), reading
                async with self._history.over(link):
                    yield reading
            except Exception:  # not at a regular stop: small servers have few subscriptions
                self._note_how_far(reading)
                link.keeps_subscription = self._before.is_resumable
                raise
            finally:
                self.health.connected_since_us = self._reading_now = self.health.subscription = None
                self.health.refused_tags = {}
                await reading.close()

    async def _begin(self, reading: Reading) -> None:
        try:
            await reading.start()
        except Exception:
            self._note_how_far(reading)
            raise
        if reading.is_resumed:
            log.info("%s: goes on after message %d", self._device.id, self._before.number)
        else:
            self._before = replace(self._before, subscription_id=0)

    def _note_how_far(self, reading: Reading) -> None:
        """From where the next link goes on; not again with a subscription that never published after it was taken over:
        some servers transfer in name only, and some hang up on whoever asks them to."""
        is_in_doubt = self._before.is_resumable and not reading.is_proven
        reached = position(self._reached, self._device)
        if reached is not None:
            self._before, self._reached = replace(reached, uris=self._uris), None
        doubt = _MOST_UNPROVEN if reading.is_resumed else 1
        self._unproven = self._unproven + doubt if is_in_doubt else 0
        if self._unproven >= _MOST_UNPROVEN:
            self._before, self._unproven = replace(self._before, subscription_id=0), 0

    def _way(self, link: Link) -> Reading:
        if self._device.mode == "poll":
            return Poll(link, self._device, self._decoder, self.health, self._before.to_json())
        return Subscription(link, self._device, self._decoder, self.health, self._before)

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
