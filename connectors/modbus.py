"""How is a Modbus device read? A poll every `poll_s`: what was answered is handed over, what was not is a gap."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from config.devices import ModbusDevice
from connectors.connector import Handover
from connectors.device_health import BlockHealth, Cause, DeviceHealth, now_us
from connectors.modbus_check import Refused
from connectors.modbus_coding import U8, U16, wire_of
from connectors.modbus_link import BAD_NO_COMMUNICATION, Link, LinkError, check_transport
from connectors.modbus_plan import Block, plan_blocks
from connectors.modbus_words import Decoder
from connectors.pause import Pause
from connectors.poll_schedule import PollSchedule
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.reading import F64, I64, U32, Batch
from plant.status_code import BAD, GOOD

BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
READ_ONCE_FAULTS = 3
"""`read_once` gives up after so many blocks in a row without a believable answer."""


@dataclass(slots=True)
class _Poll:
    """What one poll has brought so far.

    wire: bytes of all blocks, one behind the other. status: of each block. received_us: when its answer was received, 0
    while there is none. refused: the blocks that the device refused. fault: what ended the poll early.
    """

    wire: U8
    status: U32
    received_us: I64
    refused: dict[Block, Refused] = field(default_factory=dict)
    fault: LinkError | None = None
    connected: bool = False


class ModbusConnector:
    """Reads one Modbus device (`connectors.connector.Connector`); only function codes 1 to 4 are ever sent.

    Raises ConnectorError for a transport that is not supported. blocks: the requests of one poll.
    """

    def __init__(self, device: ModbusDevice) -> None:
        check_transport(device)
        self.blocks = plan_blocks(device.tags)
        self.health = DeviceHealth(blocks=[_block_health(block, device) for block in self.blocks])
        self._pause = Pause()
        self._device = device
        self._decoder = Decoder(device.tags, self.blocks)
        self._names = tuple(tag.name for tag in device.tags)
        self._schedule = PollSchedule.of(device.id, device.poll_s)
        self._link: Link | None = None
        self._answers_have_ids: bool | None = None
        self._bad = np.zeros(len(device.tags), dtype=np.bool_)
        self._failures = 0
        self._good_until_us = 0
        self._outage: Gap | None = None
        self._late: list[Gap] = []

    async def batches(self) -> AsyncGenerator[Handover, None]:
        """Every poll's readings; a gap when the device stops answering and again when it is back.

        A poll that fails is repeated at once over a new connection; if that fails too, a gap opens and the attempts
        go on with a growing, jittered pause. A Bad reading is handed over when its tag turns Bad, not at every poll.
        """
        self._good_until_us, hurried = now_us(), False
        try:
            while True:
                begun_s = time.monotonic()
                if hurried:  # it stands for the slot that it came before
                    begun_s = self._schedule.next_slot_s(begun_s)
                poll = await self._poll()
                handover = self._handover(poll)
                if handover is not None:
                    yield handover
                if poll.fault is None:
                    hurried = await self._until_next_slot(begun_s)
                elif self._outage is not None:
                    await self._until_next_try()
        finally:
            await self._close()

    async def read_once(self) -> Handover:
        """Read every tag once over a connection of its own; a tag that cannot be read comes as a Bad reading."""
        poll, link, faults = self._new_poll(), None, 0
        try:
            for row, block in enumerate(self.blocks):
                try:
                    if link is None:
                        link = Link(self._device)
                        await link.connect()
                        poll.connected = True
                    self._take(poll, row, *await link.read(block))
                    faults = 0
                except LinkError as error:
                    self.health.failed(str(error), error.cause)
                    link, faults = None, faults + 1
                    poll.status[row:] = error.status
                    if not poll.connected or faults == READ_ONCE_FAULTS:
                        break
        finally:
            if link is not None:
                link.close()
                await asyncio.sleep(0)
        poll.received_us[poll.received_us == 0] = now_us()
        decoded = self._decoder.decode(poll.wire, poll.status)
        return Handover(self._batch(poll, decoded, np.arange(len(self._names))))

    def try_now(self) -> bool:
        """See `connectors.connector.Connector`: the next poll begins now."""
        return self._pause.end()

    async def _poll(self) -> _Poll:
        poll = self._new_poll()
        self.health.polls += 1
        try:
            link = await self._connected_link()
            poll.connected = True
            for row in range(len(self.blocks)):
                await self._read_block(link, poll, row)
        except LinkError as error:
            poll.fault = error
            self.health.polls_failed += 1
            self.health.failed(str(error), error.cause)
            await self._close()
        return poll

    async def _read_block(self, link: Link, poll: _Poll, row: int) -> None:
        begun_s, health = time.monotonic(), self.health.blocks[row]
        try:
            answer, received_us = await link.read(self.blocks[row])
        except LinkError as error:
            health.failed(str(error), now_us())
            raise
        took_s = time.monotonic() - begun_s
        self.health.latency.add(took_s)
        if isinstance(answer, Refused):
            health.refused(answer.code, answer.meaning.name, received_us)
            self.health.errors.note(f"{self.blocks[row]} refused: {answer}", Cause.REFUSED, received_us)
        else:
            health.answered(took_s, received_us)
        self._take(poll, row, answer, received_us)

    async def _connected_link(self) -> Link:
        # A device may close an idle connection between two polls: nothing is lost by that.
        if self._link is None or self._link.is_lost:
            await self._close()
            self._link = Link(self._device, self._answers_have_ids)
            await self._link.connect()
            self.health.reconnects += self.health.last_good_us is not None
            self.health.connected_since_us = now_us()
        return self._link

    async def _close(self) -> None:
        self.health.connected_since_us = None
        if self._link is not None:
            self._link.close()
            self._answers_have_ids = self._link.answers_have_ids
            self._link = None
            await asyncio.sleep(0)  # the loop closes the socket in its next turn

    def _new_poll(self) -> _Poll:
        blocks = len(self.blocks)
        return _Poll(
            wire=np.zeros(self._decoder.size, dtype=np.uint8),
            status=np.full(blocks, BAD_NO_COMMUNICATION, dtype=np.uint32),
            received_us=np.zeros(blocks, dtype=np.int64),
        )

    def _take(self, poll: _Poll, row: int, answer: U16 | Refused, received_us: int) -> None:
        block = self.blocks[row]
        poll.received_us[row] = received_us
        if isinstance(answer, Refused):
            poll.status[row] = answer.meaning.status
            poll.refused[block] = answer
        else:
            poll.status[row] = GOOD
            start, end = self._decoder.starts[row : row + 2]
            poll.wire[start:end] = wire_of(answer, block.is_bits)

    def _handover(self, poll: _Poll) -> Handover | None:
        batch = self._news(poll)
        gaps, self._late = tuple(self._late), []
        if poll.fault is not None:
            self._failures += 1
            gaps += self._opened_outage(poll)
            return Handover(batch, gaps=gaps) if batch is not None or gaps else None
        self._failures = 0
        at_us = now_us()
        gaps += self._closed_outage(int(poll.received_us.min(initial=at_us)))
        self._good_until_us = int(poll.received_us.max()) if len(self.blocks) else at_us
        self.health.last_good_us = self._good_until_us
        self._note(poll)
        return Handover(batch, self._good_until_us, gaps)

    def _opened_outage(self, poll: _Poll) -> tuple[Gap, ...]:
        if self._outage is not None or (poll.connected and self._failures == 1):
            return ()
        self._outage = Gap(self._device.id, None, self._good_until_us, None, str(poll.fault))
        return (self._outage,)

    def _closed_outage(self, end_us: int) -> tuple[Gap, ...]:
        if self._outage is None:
            return ()
        opened, self._outage = self._outage, None
        return (Gap(opened.device, None, opened.start_us, max(end_us, opened.start_us), opened.cause),)

    def _note(self, poll: _Poll) -> None:
        notes = [f"{block} refused: {why}" for block, why in poll.refused.items()]
        if self._link is not None and self._link.answers_have_ids is False:
            notes.append("answers carry transaction id 0: a late one could not be told from the next")
        if notes != self.health.notes:
            self.health.notes[:] = notes

    def _news(self, poll: _Poll) -> Batch | None:
        """The readings of the tags whose answers came, less those that were Bad before and still are."""
        received = poll.received_us > 0
        came = received[self._decoder.value_block] & received[self._decoder.scale_block]
        decoded = self._decoder.decode(poll.wire, poll.status)
        bad = (decoded[1] & np.uint32(BAD)) != 0
        rows = np.flatnonzero(came & ~(bad & self._bad))
        self._bad = np.where(came, bad, self._bad)
        self.health.readings += len(rows)
        return self._batch(poll, decoded, rows) if len(rows) else None

    def _batch(self, poll: _Poll, decoded: tuple[F64, U32, Mapping[int, str]], rows: NDArray[np.intp]) -> Batch:
        values, status, texts = decoded
        return Batch(
            device=self._device.id,
            names=self._names,
            tags=rows.astype(np.uint32),
            times_us=poll.received_us[self._decoder.value_block[rows]],
            values=values[rows],
            status=status[rows],
            received_us=int(poll.received_us.max(initial=0)) or now_us(),
            source_offset_us=np.zeros(len(rows), dtype=np.int64),
            texts={at: texts[row] for at, row in enumerate(rows.tolist()) if row in texts},
        )

    async def _until_next_slot(self, begun_s: float) -> bool:
        """Wait for the next slot; slots that passed during the poll or its commit are skipped and become a gap.

        Whether the wait was ended early.
        """
        now_s, at_us = time.monotonic(), now_us()
        missed = max(0, self._schedule.passed(begun_s, now_s))
        next_s = self._schedule.next_slot_s(now_s)
        if missed:
            self.health.polls_late += missed
            self.health.late_us.append(at_us)
            period_us = self._device.poll_s * US_PER_S
            end_us = at_us + round((next_s - now_s) * US_PER_S)
            start_us = end_us - round(missed * period_us)
            self._late.append(
                Gap(self._device.id, None, start_us, end_us, f"{missed} polls skipped, one took too long")
            )
        return await self._pause.wait(next_s - time.monotonic())

    async def _until_next_try(self) -> None:
        wait_s = self._backoff_s()
        self.health.next_try_us = now_us() + round(wait_s * US_PER_S)
        await self._pause.wait(wait_s)
        self.health.next_try_us = None

    def _backoff_s(self) -> float:
        longest_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(self._failures, 10))
        return random.uniform(longest_s / 2, longest_s)


def _block_health(block: Block, device: ModbusDevice) -> BlockHealth:
    served = tuple(dict.fromkeys(device.tags[part.tag].name for part in block.parts))
    return BlockHealth(block.table, block.address, block.count, served)
