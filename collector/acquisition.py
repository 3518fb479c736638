"""How do readings of running devices get into the store? Handovers are committed together, then acknowledged."""

import asyncio
import logging
import time
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection

from collector.clock_trust import ClockTrust
from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.silence import LATE_US, Silences
from collector.store import changes, devices, events, gaps, readings
from collector.store.journal import JournalEntry
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError
from collector.store.tags import StoredTag, text_ids
from collector.store.writer import Writer
from connectors.connector import Connector, Handover
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.reading import F64, U32, Batch, Readings, sound

log = logging.getLogger(__name__)

COMMIT_S = 0.25
MOST_WAITING = 128
MOST_READINGS = 150_000
RETRY_S = 1.0
TRIED_AGAIN_US = 7 * 86_400 * US_PER_S
MOST_TRIED_AGAIN = 100


@dataclass(frozen=True, slots=True)
class _Waiting:
    device: str
    handover: Handover
    free: asyncio.Semaphore


@dataclass(slots=True)
class Acquisition:
    """Commits what connectors hand over. `tags` are the store's, by name; `left_open`: see `close_gaps`. `clock`: by
    what readings may be dated; `undated`: devices of which, before, some could not. `disk`: that of the store.

    A commit that fails is tried again until it succeeds; until then nothing is acknowledged and nothing more taken.
    """

    writer: Writer
    tags: dict[str, StoredTag]
    left_open: list[Gap] = field(default_factory=list)
    clock: ClockTrust = field(default_factory=ClockTrust)
    undated: frozenset[str] = frozenset()
    disk: DiskWatch | None = None
    committed: int = 0
    failing: str | None = None
    last_commit_us: int | None = None
    last_commit_s: float | None = None
    _waiting: "asyncio.Queue[_Waiting]" = field(default_factory=asyncio.Queue)
    _texts: dict[str, int] = field(default_factory=dict)
    _texts_of: Connection | None = None
    _resumed: set[str] = field(default_factory=set)
    _connectors: dict[str, Connector] = field(default_factory=dict)
    _ids: dict[str, tuple[tuple[str, ...], U32]] = field(default_factory=dict)
    _silences: Silences = field(init=False)

    def __post_init__(self) -> None:
        self._silences = Silences(self.tags.values())

    async def read(self, device: str, connector: Connector) -> None:
        """Take what a connector hands over; ends only when cancelled, and then not before its connection is closed.

        At most so many handovers of a device wait for their commit; then no more is taken until one is durable.
        """
        free = asyncio.Semaphore(MOST_WAITING)
        self._connectors[device] = connector
        async with aclosing(connector.batches()) as handovers:
            async for handover in handovers:
                await free.acquire()
                dated = self.clock.dated(device, handover, now_us())
                await self._waiting.put(_Waiting(device, dated, free))

    async def commit(self) -> None:
        """Commit handovers, those of 250 ms together, for ever."""
        while True:
            taken = await self._take()
            await self._store_until_done([(one.device, one.handover) for one in taken])
            for one in taken:
                one.handover.done()
                one.free.release()
                self._waiting.task_done()

    @property
    def waiting(self) -> int:
        """Handovers that wait for their commit."""
        return self._waiting.qsize()

    async def drained(self, longest_s: float | None) -> None:
        """Wait until everything handed over is committed, at most so long (None: for ever)."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._waiting.join(), longest_s)

    async def _take(self) -> list["_Waiting"]:
        taken = [await self._waiting.get()]
        await asyncio.sleep(COMMIT_S)
        count = 0
        while not self._waiting.empty() and count < MOST_READINGS:
            taken.append(self._waiting.get_nowait())
            count += len(taken[-1].handover.batch or ())
        return taken

    async def _store_until_done(self, handovers: list[tuple[str, Handover]]) -> None:
        while True:
            await self._until_there_is_room()
            begun_s = time.monotonic()
            try:
                entry = await self.writer.write(lambda connection: self._store(connection, handovers))
            except Exception as error:  # a full disk and the like: hold on to everything and try again
                if self.disk is not None and fault_of(error) is SqliteFault.FULL:
                    self.disk.release()
                self._texts.clear()  # ids given out in the transaction that failed are not kept
                if self.failing is None:
                    log.exception("readings cannot be stored; devices are not acknowledged until they can")
                self.failing = str(StoreError(error))
                await asyncio.sleep(RETRY_S)
            else:
                if self.failing is not None:
                    log.warning("readings are stored again")
                self.failing = None
                self.last_commit_us, self.last_commit_s = now_us(), round(time.monotonic() - begun_s, 4)
                self.committed += len(entry)
                self._silences.remember(entry.tag_ids, entry.readings.times_us)
                self._resume(handovers)
                return

    async def _until_there_is_room(self) -> None:
        """On a disk that is as good as full nothing is taken or acknowledged, before SQLite fails and anything of what
        is stored has to be dropped."""
        if self.disk is None or self.disk.look() is not Level.FULL:
            return
        self.failing = "the disk is full; no readings are taken or acknowledged until there is room"
        await self._note("disk full")
        while self.disk.look() is Level.FULL:  # noqa: ASYNC110 - nobody tells when there is room
            await asyncio.sleep(RETRY_S)
        await self._note("disk has room")

    async def _note(self, kind: str) -> None:
        with suppress(Exception):  # there may be no room even for this
            await self.writer.write(lambda connection: events.save(connection, now_us(), kind))

    def _resume(self, handovers: list[tuple[str, Handover]]) -> None:
        """Devices met for the first time: what was missed while nothing ran is stored; they may have it still."""
        for device, handover in self._met(handovers).items():
            missed = self._missed(device, handover)
            self._resumed.add(device)
            if missed and device in self._connectors:
                self._connectors[device].fill(missed)

    def _met(self, handovers: list[tuple[str, Handover]]) -> dict[str, Handover]:
        """The first good contact with each device that was not met before."""
        good = [(device, handover) for device, handover in handovers if handover.known_until_us is not None]
        return {device: handover for device, handover in reversed(good) if device not in self._resumed}

    def _store(self, connection: Connection, handovers: list[tuple[str, Handover]]) -> JournalEntry:
        batches = [handover.batch for _, handover in handovers if handover.batch is not None and len(handover.batch)]
        entry = self._entry(connection, batches)
        readings.append(connection, entry)
        self._note_late(connection, entry, batches)
        devices.add_received(connection, [(batch.device, batch.received_us, len(batch)) for batch in batches])
        found = [gap for _, handover in handovers for gap in handover.gaps]
        for device, handover in self._met(handovers).items():
            found += [gap for gap in self._missed(device, handover) if gap not in self.left_open]
        shortened = gaps.to_be_shortened(connection, found)
        gaps.save(connection, found)
        _note_old_gaps(connection, found + shortened)
        known = {device: handover.known_until_us for device, handover in handovers if handover.known_until_us}
        if known:
            devices.extend_known(connection, known)
        reached = {device: handover.position for device, handover in handovers if handover.position is not None}
        devices.save_positions(connection, reached)
        return entry

    def _note_late(self, connection: Connection, entry: JournalEntry, batches: list[Batch]) -> None:
        """Readings of long ago, and those that end a long silence, change what may be reported already."""
        times, received = entry.readings.times_us, entry.readings.received_us
        if (times < received - LATE_US).any() or self._silences.any_end(entry.tag_ids, times):
            ids = np.split(entry.tag_ids, np.cumsum([len(batch) for batch in batches[:-1]]))
            for batch, of_batch in zip(batches, ids, strict=True):
                self._note_late_of(connection, batch, of_batch)

    def _note_late_of(self, connection: Connection, batch: Batch, ids: U32) -> None:
        late = batch.times_us[batch.times_us < batch.received_us - LATE_US]
        if len(late):
            changes.note(connection, int(late.min()), int(late.max()))
        silent = self._silences.ended_by(ids, batch.times_us)
        if silent:
            changes.note(connection, min(silent), int(batch.times_us.max()))

    def _entry(self, connection: Connection, batches: list[Batch]) -> JournalEntry:
        if not batches:
            return JournalEntry(np.empty(0, dtype=np.uint32), Readings.empty())
        values, status = sound(
            np.concatenate([self._values(connection, batch) for batch in batches]),
            np.concatenate([batch.status for batch in batches]),
        )
        received = np.array([batch.received_us for batch in batches], dtype=np.int64)
        found = Readings(
            np.concatenate([batch.times_us for batch in batches]),
            values,
            status,
            np.repeat(received, [len(batch) for batch in batches]),
            np.concatenate([batch.source_offset_us for batch in batches]),
        )
        return JournalEntry(np.concatenate([self._ids_of(batch)[batch.tags] for batch in batches]), found)

    def _ids_of(self, batch: Batch) -> U32:
        """The ids of a batch's names; a connector hands over the same names again and again."""
        names, ids = self._ids.get(batch.device, ((), None))
        if ids is None or names is not batch.names:
            ids = np.array([self.tags[name].id for name in batch.names], dtype=np.uint32)
            self._ids[batch.device] = batch.names, ids
        return ids

    def _values(self, connection: Connection, batch: Batch) -> F64:
        if not batch.texts:
            return batch.values
        if connection is not self._texts_of:  # a new file may lack some of those that the damaged one had
            self._texts_of = connection
            self._texts.clear()
        new = set(batch.texts.values()) - self._texts.keys()
        if new:
            self._texts.update(text_ids(connection, new))
        values = batch.values.copy()
        values[list(batch.texts)] = [self._texts[text] for text in batch.texts.values()]
        return values

    def _missed(self, device: str, handover: Handover) -> list[Gap]:
        """What was missed up to the first good contact: gaps that were left open, unless it is known by now that they
        ended earlier, and the time in which nothing ran."""
        until_us = handover.known_until_us or 0
        if handover.since_us is not None and device not in self.undated:
            until_us = min(until_us, handover.since_us)
        left = [gap for gap in self.left_open if gap.device == device]
        ended = [replace(gap, end_us=min(gap.end_us or until_us, max(gap.start_us, until_us))) for gap in left]
        return ended + self._not_running(device, until_us)

    def _not_running(self, device: str, until_us: int) -> list[Gap]:
        """Gaps from what was known of a device before this start to its first good contact, one a known time."""
        cause = "this machine's clock was wrong" if device in self.undated else "the collector was not running"
        known = {stored.tag.name: stored.known_until_us for stored in self.tags.values() if stored.device == device}
        since = {at for at in known.values() if at is not None and at < until_us}
        if len(since) == 1 and None not in known.values():
            return [Gap(device, None, since.pop(), until_us, cause)]
        return [
            Gap(device, name, at, until_us, cause) for name, at in known.items() if at is not None and at < until_us
        ]


def close_gaps(connection: Connection, at_us: int) -> list[Gap]:
    """Close the gaps that an earlier run left open, before anything is read; those gaps.

    A device that is still away opens one of its own; until its first good contact it is not known anyway.
    """
    closed = gaps.close_open(connection, at_us)
    _note_old_gaps(connection, closed)
    return closed


def not_filled(connection: Connection, names: Iterable[str], at_us: int) -> dict[str, list[Gap]]:
    """Gaps of the last days that ended before, by device: an earlier run may have been stopped while it filled them."""
    since_us = at_us - TRIED_AGAIN_US
    newest = {name: gaps.newest(connection, MOST_TRIED_AGAIN, name, 1) for name in names}
    ended = {name: [gap for gap in found if (gap.end_us or 0) > since_us] for name, found in newest.items()}
    return {name: found[::-1] for name, found in ended.items() if found}


def _note_old_gaps(connection: Connection, found: list[Gap]) -> None:
    """Gaps that reach back for long change what may be reported already."""
    at_us = now_us()
    for gap in found:
        if gap.start_us < at_us - LATE_US:
            changes.note(connection, gap.start_us, at_us if gap.end_us is None else gap.end_us)


def now_us() -> int:
    """The wall clock [UTC us]."""
    return time.time_ns() // 1000
