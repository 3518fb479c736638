"""How are tags of an OPC UA server read by asking, for servers whose subscriptions are not to be trusted?"""

import math
import time

from asyncua import ua

from config.devices import OpcUaDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from connectors.opcua_events import notifies
from connectors.opcua_link import DoubtError, Link, NodeError, now_us
from connectors.opcua_values import ABSENT, Decoder, Sample
from connectors.pause import Pause
from plant.gap import Gap
from plant.status_code import is_bad, status_name


class Poll:
    """All tags of a device read every poll_s with batched Read (OPC 10000-4 5.11.2). since_us: before the first."""

    def __init__(self, link: Link, device: OpcUaDevice, decoder: Decoder, health: DeviceHealth) -> None:
        self.since_us = now_us()
        self._link = link
        self._device = device
        self._decoder = decoder
        self._health = health
        self._last: dict[int, tuple[int, float, int, str | None]] = {}
        self._last_us = self.since_us
        self._due_s = time.monotonic()
        self._pause = Pause()

    async def start(self) -> None:
        """Nothing is to be prepared at the server."""

    async def close(self) -> None:
        """Nothing is left at the server."""

    async def next(self) -> Handover:
        """The next poll: what is new in it. Polls that were overrun are left out and become a gap."""
        gaps: tuple[Gap, ...] = ()
        late = math.floor((time.monotonic() - self._due_s) / self._device.poll_s)
        if late > 0:
            self._due_s += late * self._device.poll_s
            self._health.polls_late += late
            self._health.late_us.append(now_us())
        await self._wait()
        self._due_s += self._device.poll_s
        last_us = self._last_us
        handover = await self.read()
        if late > 0:
            gaps = (Gap(self._device.id, None, last_us, self._last_us, f"{late} polls were skipped: no time for them"),)
        return Handover(handover.batch, handover.known_until_us, gaps)

    def try_now(self) -> bool:
        """The next poll begins now; false while one is made."""
        return self._pause.end()

    async def read(self) -> Handover:
        """Read every tag now. A sample that was read before is not handed over again."""
        self._health.polls += 1
        samples: list[Sample] = []
        wanted: dict[int, ua.ReadValueId] = {}
        for row, tag in enumerate(self._device.tags):
            try:
                wanted[row] = self._link.wanted(tag)
            except NodeError as error:
                samples.append(self._decoder.bad(row, error.status))
        try:
            values = await self._link.read(list(wanted.values()))
        except Exception:
            self._health.polls_failed += 1
            raise
        received_us = now_us()
        for row, data in zip(wanted, values, strict=True):
            if self._device.tags[row].events:
                samples.append(self._decoder.bad(row, notifies(data)))
                continue
            samples.append(self._decoder.sample(row, data, first=row not in self._last))
        self._health.refused_tags = {
            self._decoder.names[sample.row]: status_name(sample.status) for sample in samples if is_bad(sample.status)
        }
        self._health.notes[:] = self._link.notes + [
            f"{name}: cannot be read, {status}" for name, status in self._health.refused_tags.items()
        ]
        news = [sample for sample in samples if self._is_new(sample)]
        snapshot = all(sample.first for sample in news)
        batch = self._decoder.batch(news, received_us, self._last_us, snapshot) if news else None
        self._last_us = received_us
        return Handover(batch, received_us)

    def _is_new(self, sample: Sample) -> bool:
        """Whether it says another thing than the sample of its tag before; a Bad reading lasts until a good one."""
        time_us = sample.source_us if sample.source_us != ABSENT else sample.server_us
        says: tuple[int, float, int, str | None] = (0, 0.0, sample.status, None)
        if not is_bad(sample.status):
            says = (time_us, sample.value, sample.status, sample.text)
        known = self._last.get(sample.row) == says and (time_us != ABSENT or is_bad(sample.status))
        self._last[sample.row] = says
        return not known

    async def _wait(self) -> None:
        wait_s = self._due_s - time.monotonic()
        if wait_s <= 0:
            return
        if await self._pause.wait(wait_s, self._link.lost):
            self._due_s = time.monotonic()
        if self._link.lost.done():
            raise DoubtError(self._link.lost.result())
