"""How is a Modbus device read? A poll every `poll_s`: what was answered is handed over, what was not is a gap."""

import random
import time
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from config.devices import ModbusDevice
from connectors.connector import Handover
from connectors.device_health import DeviceHealth, now_us
from connectors.modbus_breaker import MISSES, Breaker
from connectors.modbus_connection import LinkError, SilentError, UnreachableLineError
from connectors.modbus_inquiry import look_closer
from connectors.modbus_line import Lines
from connectors.modbus_log import DeviceLog
from connectors.modbus_plan import Block, limits_of, spans_of
from connectors.modbus_poll import Poll, plan_of
from connectors.modbus_quarantine import Quarantine
from connectors.modbus_readings import PollReadings
from connectors.pause import Pause
from connectors.poll_schedule import PollSchedule
from plant.gap import Gap
from plant.instant import US_PER_S

MOST_FAILURES = 4
"""Fruitless requests after which a poll ends although others were answered."""
READ_ONCE_TRIES = 3


class ModbusConnector:
    """Reads one Modbus device (`connectors.connector.Connector`); only function codes 1 to 4 are ever sent.

    lines: those of all devices that are read together; absent: it has its line for itself. folder: where the files
    lie that its settings name.
    """

    def __init__(self, device: ModbusDevice, lines: Lines | None = None, folder: Path = Path()) -> None:
        self.health = DeviceHealth(line=device.line, unit=device.unit)
        self._device, self._log = device, DeviceLog(device)
        self._line = (lines or Lines(folder)).line(device)
        limits = limits_of(device)
        self._quarantine = Quarantine(spans_of(device.tags, limits), limits)
        self._plan = plan_of(device, self._quarantine, self.health)
        self.health.requests_planned = len(self._plan.blocks)
        self._readings = PollReadings(device.id, device.tags)
        self._breaker = Breaker()
        self._schedule = PollSchedule.of(device.id, device.poll_s)
        self._pause = Pause()
        self._good_until_us = self._first = 0
        self._missed_s = 0.0
        self._outage: Gap | None = None
        self._late: list[Gap] = []

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The requests of one poll now."""
        return self._plan.blocks

    async def batches(self) -> AsyncGenerator[Handover, None]:
        """Every poll's readings; a gap when the device stops answering and again when it is back.

        A request without a believable answer is repeated in the same poll; if that fails too, and nothing else is
        answered, a gap opens and the attempts go on with a growing, jittered pause. A Bad reading is handed over when
        its tag turns Bad, not at every poll.
        """
        # A poll between two slots, as the first one and those after a pause, stands for the slot that it came before.
        self._good_until_us, hurried = now_us(), True
        self._line.join(self._device.id)
        self.health.line_devices = self._line.devices
        try:
            while True:
                begun_s = time.monotonic()
                if hurried:
                    begun_s = self._schedule.next_slot_s(begun_s)
                poll = await self.poll()
                handover = self._handover(poll)
                if handover is not None:
                    yield handover
                wait_s = self._next_try_s(poll)
                hurried = await (self._until_next_slot(begun_s) if wait_s is None else self._until_next_try(wait_s))
        finally:
            self.health.connected_since_us = None
            await self._line.leave(self._device.id)

    async def read_once(self) -> Handover:
        """Read every tag once; a tag that cannot be read comes as a Bad reading."""
        self._line.join(self._device.id)
        try:
            for _ in range(READ_ONCE_TRIES):
                poll = await self.poll()
                if poll.fault is None or isinstance(poll.fault, UnreachableLineError):
                    break
        finally:
            await self._line.leave(self._device.id)
        return Handover(self._readings.all(*poll.result()))

    def fill(self, gaps: Iterable[Gap]) -> None:
        """See `connectors.connector.Connector`: a unit remembers nothing."""

    def try_now(self) -> bool:
        """See `connectors.connector.Connector`: the next poll begins now."""
        self._line.try_now()
        return self._pause.end()

    async def poll(self) -> Poll:
        """Ask for everything once. Never raises: what went wrong stands in the poll."""
        now_s = time.monotonic()
        if self._quarantine.is_stale(now_s):
            self._plan_anew(now_s)
        poll = Poll(self._plan, self.health, self._first)
        self._first = 0
        self.health.polls += 1
        connections = self._line.connections
        try:
            certain = await self._sampled(poll)
            await self._ask(poll)
        except LinkError as error:
            poll.fail(error)
            self.health.polls_failed += 1
        else:
            await self._learn(poll, certain)
            self.health.polls_failed += poll.fault is not None
        if self._line.connections != connections:
            self.health.reconnects += self._line.connections - connections - (self.health.last_good_us is None)
        return poll

    async def _ask(self, poll: Poll) -> None:
        timeout_s = self._breaker.answer_timeout_s(self._device.answer_timeout_s, self._spares_neighbours)
        pace, failures = self._line.pace(timeout_s), 0
        while poll.waiting:
            try:
                try:
                    await self._line.run(poll.next_requests(), poll.take, pace)
                finally:
                    poll.end_run()
                poll.give_up_unreachable()
            except UnreachableLineError as error:
                self.health.failed(str(error), error.cause)
                raise
            except LinkError as error:
                error.asked = poll.named(poll.waiting[0])
                self.health.failed(str(error), error.cause)
                failures += 1
                poll.fail_first(error)
                # On a shared line even the second attempt would keep others waiting.
                patience = 1 if self._line.is_shared and isinstance(error, SilentError) else 2
                if poll.answered and failures >= MOST_FAILURES:
                    poll.give_up(error)
                elif not poll.answered and failures >= patience:
                    # It may be this one request that is never answered: the next poll begins with another.
                    self._first = poll.waiting[0] if poll.waiting else 0
                    raise

    async def _sampled(self, poll: Poll) -> bool:
        """Ask a silent device for one value alone, now and then: every block may hold an address that it does not
        answer. Whether it answered."""
        misses = self._breaker.misses
        unsure = self._quarantine.is_unsure or (self.health.last_good_us is None and misses >= MISSES)
        sample = self._quarantine.sample(misses) if unsure and misses % 2 else None
        if sample is None:
            return False
        pace = self._line.pace(self._breaker.answer_timeout_s(self._device.answer_timeout_s, self._spares_neighbours))
        poll.received_us = (await self._line.ask(self._device.unit, sample, pace)).received_us
        return True

    async def _learn(self, poll: Poll, certain: bool) -> None:
        """Find out which addresses are refused or silent (certain: a value alone was answered), and try those again."""
        changed = self._quarantine.heard(poll.silent, time.monotonic(), certain)
        if poll.refused or self._quarantine.bad:
            pace = self._line.pace(self._device.answer_timeout_s)
            changed |= await look_closer(poll, self._quarantine, self._line, pace, self._device.unit, self.health)
        if changed:
            self._plan_anew(time.monotonic())

    def _plan_anew(self, now_s: float) -> None:
        before = self._plan.in_quarantine
        self._quarantine.plan(now_s)
        self._plan = plan_of(self._device, self._quarantine, self.health)
        self._log.quarantine(before, self._plan.in_quarantine)

    def _handover(self, poll: Poll) -> Handover | None:
        batch = self._readings.batch(*poll.result())
        if batch is not None:
            self.health.readings += len(batch)
        gaps, self._late = tuple(self._late), []
        if poll.fault is not None:
            self._missed()
            gaps += self._opened_outage(poll.fault)
            if self._outage is not None or self.health.last_good_us is None:
                self._note_contact(False)
            return Handover(batch, gaps=gaps) if batch is not None or gaps else None
        if poll.span_us is None:
            return Handover(gaps=gaps) if gaps else None
        first_us, self._good_until_us = poll.span_us
        if poll.unreachable is not None:
            self._missed()
        else:
            self._line.heard()
            self._breaker.answered(poll.slowest_s)
            self.health.last_good_us = self._good_until_us
        self._note_contact(poll.unreachable is None)
        gaps += self._closed_outage(first_us)
        return Handover(batch, self._good_until_us, gaps)

    def _missed(self) -> None:
        """Where nobody else on the line was answered meanwhile either, that says nothing more of this unit."""
        if not self._line.is_shared or self._breaker.misses == 0 or self._line.answered_s > self._missed_s:
            self._breaker.missed()
        self._missed_s = time.monotonic()

    def _opened_outage(self, fault: LinkError) -> tuple[Gap, ...]:
        shared = self._line.is_shared and not self._line.is_silent
        once_more = shared and isinstance(fault, SilentError) and self._breaker.misses == 1
        if self._outage is not None or once_more:
            return ()
        self._outage = Gap(self._device.id, None, self._good_until_us, None, str(fault))
        return (self._outage,)

    def _closed_outage(self, end_us: int) -> tuple[Gap, ...]:
        if self._outage is None:
            return ()
        opened, self._outage = self._outage, None
        self._quarantine.hasten(time.monotonic())
        return (Gap(opened.device, None, opened.start_us, max(end_us, opened.start_us), opened.cause),)

    def _note_contact(self, is_read: bool) -> None:
        self._log.contact(is_read, self.health.last_error or "")
        self.health.connected_since_us = self._line.connected_since_us if is_read else None
        if self._line.lacks_ids:
            self.health.notes[:] = ["answers carry transaction id 0: a late one could not be told from the next"]
        elif self.health.notes:
            self.health.notes.clear()

    @property
    def _spares_neighbours(self) -> bool:
        return self._line.is_shared and self._line.is_lively

    @property
    def _is_probed(self) -> bool:
        return self._breaker.misses >= MISSES and self._spares_neighbours

    def _next_try_s(self, poll: Poll) -> float | None:
        """How long to wait before the next attempt; None: until the next slot."""
        if poll.fault is None and not self._is_probed:
            return None
        if isinstance(poll.fault, UnreachableLineError):
            return self._line.next_try_in_s + 0.001
        longest_s, now_s = self._breaker.wait_s(self._spares_neighbours), time.monotonic()
        wait_s = random.uniform(longest_s / 2, longest_s)
        return wait_s if poll.fault is not None else max(wait_s, self._schedule.next_slot_s(now_s) - now_s)

    async def _until_next_slot(self, begun_s: float) -> bool:
        """Wait for the next slot; slots that passed during the poll or its commit are skipped and become a gap.

        Whether the wait was ended early.
        """
        self.health.is_probed = False
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

    async def _until_next_try(self, wait_s: float) -> bool:
        self.health.next_try_us, self.health.is_probed = now_us() + round(wait_s * US_PER_S), self._is_probed
        await self._pause.wait(wait_s)
        self.health.next_try_us = None
        return True
