"""How do reports reach the programme? Sent from the outbox over and over until its ack, which alone settles them."""

import asyncio
import logging
import queue
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from broker.link import BrokerLink, LinkPlan, Received
from collector.acquisition import now_us
from collector.send_plan import Key, SendPlan
from collector.store import reports
from collector.store.writer import Writer
from config.fault import InputError
from config.mqtt import MqttSettings
from config.site import Site
from kpi.acknowledgement import MOST_ACK_BYTES, Ack, PlantStatus, ack_of
from kpi.report import ReportError
from plant.instant import format_instant
from plant.topic import Channel, topic

log = logging.getLogger(__name__)

TICK_S = 0.5
READY_S = 15.0
LONGEST_PAUSE_S = 60.0
STATUS_S = 60.0
MOST_WAITING_ACKS = 1000


@dataclass(slots=True)
class Publisher:
    """Sends what waits in the outbox. problem: why reports cannot be sent now; None while they can. problem_us: since
    when."""

    site: Site
    mqtt: MqttSettings
    folder: Path
    writer: Writer
    site_sha256: str
    started_us: int
    problem: str | None = "not connected yet"
    problem_us: int | None = None
    waiting: int = 0
    _plan: SendPlan = field(default_factory=SendPlan)
    _arrived: "queue.Queue[Received]" = field(default_factory=lambda: queue.Queue(MOST_WAITING_ACKS))

    async def run(self) -> None:
        """Hold a connection and send, for ever; after a loss with growing, jittered pauses."""
        failures = 0
        while True:
            self.waiting = len(await self._pending())
            held = await self._hold_connection()
            failures = 0 if held else failures + 1
            # After an outage of the broker all its plants come back, but not all at once.
            await asyncio.sleep(random.uniform(0.5, 1.0) * min(2.0**failures, LONGEST_PAUSE_S))

    async def _hold_connection(self) -> bool:
        try:
            link = BrokerLink(self.mqtt, self.folder, self._link_plan(), self._arrived)
            await self._opened(link)
        except (OSError, ValueError, InputError) as error:
            self._note_problem(f"no connection to {self.mqtt.host}:{self.mqtt.port}: {error}")
            return False
        try:
            if not await asyncio.to_thread(link.wait_until_ready, READY_S):
                self._note_problem(link.refusal or "the broker does not answer")
                return False
            self._note_problem(None)
            self._plan.connected()
            await self._send_while_alive(link)
        finally:
            link.publish(self._topic(Channel.STATUS), self._status(online=False), qos=1, retain=True)
            await asyncio.shield(asyncio.to_thread(link.close))
        self._note_problem(link.refusal or "the connection was lost")
        return True

    async def _opened(self, link: BrokerLink) -> None:
        """Open a link; one whose opening is cancelled is closed again, so that it does not stay beside the next."""
        opening = asyncio.ensure_future(asyncio.to_thread(link.open))
        try:
            await asyncio.shield(opening)
        except asyncio.CancelledError:
            with suppress(Exception):
                await opening
                await asyncio.to_thread(link.close)
            raise

    async def _send_while_alive(self, link: BrokerLink) -> None:
        told_at, told_waiting = float("-inf"), -1
        while link.is_alive():
            waiting = await self._pending()
            self.waiting = len(waiting)
            now_s = time.monotonic()
            if self.waiting != told_waiting and now_s - told_at >= (STATUS_S if told_waiting >= 0 else 0.0):
                link.publish(self._topic(Channel.STATUS), self._status(online=True), qos=1, retain=True)
                told_at, told_waiting = now_s, self.waiting
            await self._send(link, self._plan.due(waiting, now_s))
            if link.refusal:
                self._note_problem(link.refusal)
            if await self._take_acks():
                link.refusal = None  # what it refused then, it takes now
                self._note_problem(None)

    async def _pending(self) -> list[Key]:
        return await self.writer.read(pending_keys)

    async def _send(self, link: BrokerLink, due: list[Key]) -> None:
        for key in due:
            event = await self.writer.read(lambda connection: reports.event(connection, *key))  # noqa: B023
            if event is not None:
                link.publish(self._topic(Channel.REPORT), event, qos=1)
                self._plan.sent(key, time.monotonic())
        if due:
            await self.writer.write(lambda connection: reports.mark_sent(connection, due, now_us()))

    async def _take_acks(self) -> int:
        """Wait a moment for acks, and settle what they answer; how many reports."""
        try:
            first = await asyncio.to_thread(self._arrived.get, timeout=TICK_S)
        except queue.Empty:
            return 0
        received = [first]
        while not self._arrived.empty():
            received.append(self._arrived.get_nowait())
        acks = []
        for one in received:
            one.confirm()
            try:
                acks.append(ack_of(one.payload))
            except ReportError as error:
                log.warning("an ack that cannot be read is left aside: %s", error)
        return await self.writer.write(lambda connection: settle(connection, acks, now_us())) if acks else 0

    def _link_plan(self) -> LinkPlan:
        return LinkPlan(
            client_id=f"smartwings-{self.site.plant.id}",
            subscribe=(self._topic(Channel.ACK), 0),
            most_bytes=MOST_ACK_BYTES,
            will=(self._topic(Channel.STATUS), self._status(online=False)),
        )

    def _topic(self, channel: Channel) -> str:
        return topic(self.mqtt.programme, self.site.plant.id, channel)

    def _status(self, online: bool) -> bytes:
        return PlantStatus(
            online=online,
            since=format_instant(self.started_us, self.site.zone),
            version=version("smartwings"),
            site_sha256=self.site_sha256,
            pending=self.waiting,
        ).to_payload()

    def _note_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            log.warning("reports: %s", problem or "connected to the broker")
        if problem is None or self.problem_us is None:
            self.problem_us = None if problem is None else now_us()
        self.problem = problem


def pending_keys(connection: Connection) -> list[Key]:
    """Epoch and sequence of every report that waits, the oldest first."""
    return [(report.epoch, report.sequence) for report in reports.all_reports(connection, pending=True)]


def settle(connection: Connection, acks: list[Ack], at_us: int) -> int:
    """Settle the reports that acks answer, and make those wait again that the programme says it misses.

    An ack that names none of our reports changes nothing. Returns how many reports are settled.
    """
    count = 0
    for ack in acks:
        key = reports.named(connection, ack.sha256, ack.id)
        if key is None or (ack.id is None and ack.result == "accepted"):
            log.warning("an ack for %s names no report of ours and is left aside", ack.id)
            continue
        settled = reports.settle(connection, ack.sha256, ack.result == "accepted", ack.reason, at_us)
        if settled and ack.result == "rejected":
            log.error("the programme rejected %s: %s", ack.id, ack.reason)
        for first, last in ack.missing:  # of the epoch of the report that is answered
            reports.ask_again(connection, key[0], first, last, at_us)
        count += settled
    return count
