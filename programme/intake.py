"""How do reports get from the broker into the store? Verified, committed, and only then acknowledged."""

import logging
import queue
import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from broker.link import BrokerLink, LinkPlan, Received
from config.fault import InputError
from config.programme import Programme
from kpi.acknowledgement import Ack
from kpi.report import MOST_BYTES
from plant.topic import Channel, plant_of, topic, topic_of_all
from programme.ledger import take
from programme.repeats import Repeats
from programme.roster import Roster
from programme.verify import Rejected, verified

MOST_IN_BATCH = 100
MOST_WAITING = 1000
SESSION_S = 24 * 3600
"""How long the broker keeps what a receiver that is away has not confirmed."""
LONGEST_WAIT_S = 60.0
DRAIN_S = 12.0
CONNECT_S = 15.0

log = logging.getLogger("smartwings.programme")


class Intake:
    """The receiver of one programme: a thread that stores, and a loop that keeps the connection.

    The connection to the store is used by the storing thread alone. `answered` counts acks sent since the start.
    """

    def __init__(self, settings: Programme, folder: Path, connection: Connection) -> None:
        """Raises InputError for a list of plants, or the file of a password or an authority, that cannot be used."""
        self._settings = settings
        self._folder = folder
        self._connection = connection
        self._roster = Roster(folder / settings.plants)
        self._arrived: queue.Queue[Received] = queue.Queue(MOST_WAITING)
        self._new_link()  # finds faults of its files now, when a person looks on
        self._repeats = Repeats()
        self._stopping = threading.Event()
        self._link: BrokerLink | None = None
        self.answered = 0

    def stop(self) -> None:
        """Ask `run` to end: what has arrived is stored and answered first. Safe in a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Receive until `stop`."""
        storing = threading.Thread(target=self._store_until_stopped, name="storing", daemon=True)
        storing.start()
        failures = 0
        while not self._stopping.is_set():
            connected = self._hold_connection(storing)
            failures = 0 if connected else failures + 1
            if not self._stopping.is_set():
                # Jittered: after an outage of the broker all its clients come back, but not all at once.
                self._stopping.wait(random.uniform(0.5, 1.0) * min(2.0**failures / 2, LONGEST_WAIT_S))
        storing.join(DRAIN_S)
        if self._link is not None:
            self._link.close()

    def _new_link(self) -> BrokerLink:
        programme = self._settings.programme.id
        plan = LinkPlan(
            client_id=f"smartwings-programme-{programme}",
            subscribe=(topic_of_all(programme, Channel.REPORT), 1),
            most_bytes=MOST_BYTES,
            session_s=SESSION_S,
        )
        return BrokerLink(self._settings.mqtt, self._folder, plan, self._arrived)

    def _hold_connection(self, storing: threading.Thread) -> bool:
        try:
            link = self._new_link()
            link.open()
        except (OSError, ValueError, InputError) as error:
            log.warning("no connection to the broker: %s", error)
            return False
        self._link = link
        began = time.monotonic()
        while link.is_alive() and not self._stopping.wait(0.1):
            if not storing.is_alive():
                raise RuntimeError("the storing thread has ended")
            if link.ready.is_set() and began:
                log.info("receiving from %s:%d", self._settings.mqtt.host, self._settings.mqtt.port)
                began = 0.0
            if began and time.monotonic() - began > CONNECT_S:
                log.warning("the broker does not answer")
                break
        if not self._stopping.is_set():
            self._link = None
            link.close()
        return link.ready.is_set() and not link.taken_over

    def _store_until_stopped(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._store_and_answer(batch)
            elif self._stopping.is_set():
                return

    def _next_batch(self) -> list[Received]:
        batch: list[Received] = []
        try:
            batch.append(self._arrived.get(timeout=0.1))
            while len(batch) < MOST_IN_BATCH:
                batch.append(self._arrived.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _store_and_answer(self, batch: Sequence[Received]) -> None:
        wait_s = 0.1
        while True:
            try:
                acks = self._stored(batch)
                break
            except (OperationalError, InterfaceError) as error:
                # Nothing was confirmed, so nothing can be lost: try until the store is back.
                log.error("cannot store %d reports: %s", len(batch), str(error.orig).splitlines()[0])
                if self._stopping.is_set():
                    return
                self._stopping.wait(wait_s)
                wait_s = min(2 * wait_s, 10.0)
            except Exception:
                log.exception("our fault while storing %d reports", len(batch))
                if len(batch) > 1:
                    for one in batch:
                        self._store_and_answer([one])
                    return
                acks = [None]
                break
        self._answer(batch, acks)

    def _stored(self, batch: Sequence[Received]) -> list[Ack | None]:
        programme, keys = self._settings.programme.id, self._roster.keys()
        outcomes = [verified(one.topic, one.payload, programme, keys) for one in batch]
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                said = self._repeats.said((outcome.plant if outcome.enrolled else None, outcome.refusal))
                if said is not None:
                    whence = outcome.plant or "an unknown topic"
                    log.warning("rejected from %s: %s (%d like it before)", whence, outcome.reason, said)
        with self._connection.begin():
            return take(self._connection, outcomes, time.time_ns() // 1000)

    def _answer(self, batch: Sequence[Received], acks: Sequence[Ack | None]) -> None:
        link, programme = self._link, self._settings.programme.id
        for one, ack in zip(batch, acks, strict=True):
            plant = plant_of(one.topic, programme, Channel.REPORT)
            if ack is not None and plant is not None and link is not None:
                link.publish(topic(programme, plant, Channel.ACK), ack.to_payload())
                self.answered += 1
            one.confirm()
