"""What runs while the collector runs? Everything is put together here: store, devices, background, control, page."""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from collector import control
from collector.acquisition import Acquisition, close_gaps, not_filled, now_us
from collector.answers import Answers
from collector.background import background
from collector.clock_trust import ClockTrust
from collector.control import Answer
from collector.device_connector import open_connectors
from collector.disk_watch import DiskWatch
from collector.health import Snapshot, free_bytes, free_share, memory_bytes, written_bytes
from collector.log_lines import LogLines
from collector.loop_lag import HOUR_S, MINUTE_S, LoopLag
from collector.opening import as_soon_as_there_is_room, opened
from collector.page.process import run_page
from collector.schedule import Schedule
from collector.site_change import require_startable
from collector.store import devices, events
from collector.store.renewal import newest_aside
from collector.store.store import store_path
from collector.store.tags import register
from collector.store.writer import Writer
from collector.supervisor import Supervisor
from config.fault import InputError, file_fault
from config.load import Secrets, load_site
from config.site import Site
from connectors.connector import Connector, ConnectorError

if TYPE_CHECKING:  # loaded where a plant reports
    from collector.publisher import Publisher
    from collector.reporting import Reporting

log = logging.getLogger(__name__)

DRAIN_S = 12.0
AGAIN_S = 2.0
CLOCK_S = 0.5


async def run(site: Site, site_file: Path, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Collect until `stop` is set, then drain and end; go on under new settings whenever some were applied.

    Raises StoreError, ConnectorError and InputError (keys, passwords, an open page) before it is ready.
    """
    require_startable(site, site_file.parent)
    writer = Writer(store_path(site.store.url, site_file.parent))
    around = _Around(site_file, DiskWatch(writer.path), LogLines.of_this_process())
    if not await opened(writer, around.disk, stop):
        return
    try:
        daemon = await as_soon_as_there_is_room(lambda: _started(site, writer, around), around.disk, stop)
        if daemon is None:
            return
        around.start(daemon)
        ready()
        while not await _stopped(stop, around.reload):
            await daemon.settled(stop)
            await daemon.drain()
            around.reload.clear()  # what is applied from here on is taken up by the next turn at the latest
            daemon = await _restarted(daemon, writer, around, stop)
        await daemon.drain()
        await around.supervisor.stop()
        await writer.write(lambda connection: events.save(connection, now_us(), "stop"))
    finally:
        writer.close()


async def _restarted(before: "_Daemon", writer: Writer, around: "_Around", stop: asyncio.Event) -> "_Daemon":
    """The daemon under the settings as they are now; tried until it succeeds, unless the end is asked for."""
    while not stop.is_set():
        try:
            settings = _settings_now(before.site, around.site_file)
            around.daemon = await _started(settings, writer, around, before.clock.undated)
            return around.daemon
        except Exception:  # a key that cannot be read, a full disk: collecting must go on as soon as it can
            log.exception("collecting cannot go on yet; tried again in %.0f s", AGAIN_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AGAIN_S)
    return before


async def _started(site: Site, writer: Writer, around: "_Around", undated: Iterable[str] = ()) -> "_Daemon":
    folder = around.site_file.parent
    clock = await writer.write(ClockTrust.of_store)
    positions = await writer.write(devices.positions)
    connectors = open_connectors(site.devices, folder, positions, lambda: clock.doubt(now_us()))
    started_us, digest = now_us(), _sha256(around.site_file)
    is_dated = clock.is_trusted(started_us)
    started = "start" if is_dated else "start undated"
    await writer.write(lambda connection: events.save(connection, started_us, started, digest))
    left_open = []  # what an earlier run left open stays so until its end can be dated
    if is_dated:
        unfilled = await writer.write(lambda connection: not_filled(connection, connectors, started_us))
        for name, missed in unfilled.items():
            connectors[name].fill(missed)
        left_open = await writer.write(lambda connection: close_gaps(connection, started_us))
    named = [(device.id, settings.tag()) for device in site.devices for settings in device.tags]
    tags = await writer.write(lambda connection: register(connection, named))
    acquisition = Acquisition(writer, tags, left_open, clock, frozenset(undated), around.disk)
    writer.tags = tags
    daemon = _Daemon(site, started_us, digest, connectors, writer, acquisition, around, clock)
    if site.mqtt and is_dated:
        from collector.publisher import Publisher
        from collector.reporting import Reporting, signing_key

        key = signing_key(folder / site.mqtt.key_file)
        daemon.publisher = Publisher(site, site.mqtt, folder, writer, digest, started_us)
        daemon.reporting = Reporting(site, site.mqtt, writer.path, digest, key)
    _keep_out_of_garbage_collection()
    daemon.start()
    return daemon


def _keep_out_of_garbage_collection() -> None:
    """Settings and plans live as long as the daemon; to look through those of 10,000 tags holds it up for 150 ms."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


async def _stopped(stop: asyncio.Event, reload: asyncio.Event) -> bool:
    """Wait for either; whether it is the end."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, reload)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    return stop.is_set()


def _settings_now(before: Site, site_file: Path) -> Site:
    """The settings as they were applied; those of before if somebody broke them in this very moment."""
    try:
        site = load_site(site_file, Secrets.PRESENT)
        require_startable(site, site_file.parent)
        if site.store.url != before.store.url:
            raise file_fault(site_file, "store.url: was changed; restart the collector to use it")
    except (InputError, ConnectorError) as error:
        log.error("the settings cannot be taken, those of before stay: %s", error)
        return before
    log.info("collecting %d tags of %d devices", len(site.tags()), len(site.devices))
    return site


@dataclass(slots=True)
class _Around:
    """What goes on while settings change: whoever asks is answered, whoever looks at the page stays signed in."""

    site_file: Path
    disk: DiskWatch
    log_lines: LogLines
    supervisor: Supervisor = field(default_factory=Supervisor)
    daemon: "_Daemon | None" = None
    reload: asyncio.Event = field(default_factory=asyncio.Event)
    loop_lag: LoopLag = field(default_factory=LoopLag)

    def start(self, daemon: "_Daemon") -> None:
        self.daemon = daemon
        self.supervisor.start("loop lag", self.loop_lag.run)
        self.supervisor.start("control", lambda: control.serve(self.disk.store, self._answer))
        if daemon.site.page is not None:
            self.supervisor.start("page", lambda: run_page(self.site_file))

    async def _answer(self, request: Answer) -> Answer:
        assert self.daemon is not None
        return await self.daemon.answers.answer(request)


@dataclass(slots=True)
class _Daemon:
    site: Site
    started_us: int
    site_sha256: str
    connectors: dict[str, Connector]
    writer: Writer
    acquisition: Acquisition
    around: _Around
    clock: ClockTrust
    publisher: "Publisher | None" = None
    reporting: "Reporting | None" = None
    supervisor: Supervisor = field(default_factory=Supervisor)
    _schedule: Schedule | None = None
    _readers: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self) -> None:
        start, folder = self.supervisor.start, self.around.site_file.parent
        start("commit", self.acquisition.commit)
        self._readers = [
            start(f"device {name}", _reading(self.acquisition, name, connector))
            for name, connector in self.connectors.items()
        ]
        self._schedule = background(self.site, folder, self.writer, self.reporting, self.clock, self.around.disk)
        start("schedule", self._schedule.run)
        start("clock", self._until_clock_is_set)
        if self.publisher is not None:
            start("publisher", self.publisher.run)

    async def _until_clock_is_set(self) -> None:
        """Begin anew, as under new settings, whenever the clock turns out to be right after it was not."""
        was_trusted = True
        while True:
            doubt = self.clock.doubt(now_us())
            if doubt is None and not was_trusted:
                log.warning("the clock is trusted again; collecting begins anew")
                self.around.reload.set()
            elif doubt is not None and was_trusted:
                log.error("what is read cannot be dated and is not stored: %s", doubt)
            was_trusted = doubt is None
            await asyncio.sleep(CLOCK_S)

    @property
    def answers(self) -> Answers:
        """What it answers to commands."""
        around = self.around
        return Answers(
            self.site,
            self.writer,
            self.snapshot,
            self.connectors,
            around.log_lines,
            around.site_file,
            around.reload,
        )

    async def settled(self, stop: asyncio.Event) -> None:
        """End the readers and wait until what they handed over is committed, however long that takes; until `stop`."""
        await self.supervisor.stop(self._readers)
        waiting = [asyncio.ensure_future(one) for one in (self.acquisition.drained(None), stop.wait())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()

    async def drain(self) -> None:
        """End the readers, commit what they handed over, end the rest."""
        await self.supervisor.stop(self._readers)
        await self.acquisition.drained(DRAIN_S)
        if self.acquisition.waiting:
            log.error("%d handovers could not be stored; their devices were not told so", self.acquisition.waiting)
        await self.supervisor.stop()

    def snapshot(self) -> Snapshot:
        schedule, publisher, store = self._schedule, self.publisher, self.writer.path
        disk = self.around.disk
        lag, now_s = self.around.loop_lag, time.monotonic()
        tasks = (self.supervisor, self.around.supervisor)
        recent = {name: fault for one in tasks for name, fault in one.recent_faults().items()}
        counted = {name: count for one in tasks for name, count in one.faults.items()}
        return Snapshot(
            at_us=now_us(),
            started_us=self.started_us,
            devices={name: connector.health for name, connector in self.connectors.items()},
            committed=self.acquisition.committed,
            waiting_reports=publisher.waiting if publisher else None,
            free_share=free_share(store),
            clock_offset_s=schedule.clock_offset_s if schedule else 0.0,
            store_fault=self.acquisition.failing,
            report_fault=publisher.problem if publisher else None,
            failed_reports=dict(self.reporting.failures) if self.reporting else {},
            task_faults={**counted, **(schedule.faults if schedule else {})},
            recent_faults={**recent, **(schedule.failing if schedule else {})},
            waiting_handovers=self.acquisition.waiting,
            last_commit_us=self.acquisition.last_commit_us,
            last_commit_s=self.acquisition.last_commit_s,
            last_seal_us=schedule.done_us.get("seal hours") if schedule else None,
            clock_stepped_us=schedule.clock_stepped_us if schedule else None,
            clock_doubt=self.clock.doubt(now_us()),
            readings_undated=self.clock.undated.total(),
            loop_late_s=(lag.worst_s(now_s, MINUTE_S), lag.worst_s(now_s, HOUR_S)),
            report_fault_us=publisher.problem_us if publisher else None,
            free_bytes=free_bytes(store),
            memory_bytes=memory_bytes(),
            written_bytes=written_bytes(),
            site_sha256=self.site_sha256,
            disk_level=disk.level,
            wal_bytes=disk.wal_bytes,
            damaged_rows=self.writer.damaged[0],
            damaged_readings=self.writer.damaged[1],
            renewed=aside.name if (aside := newest_aside(store)) else "",
        )


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _reading(acquisition: Acquisition, name: str, connector: Connector) -> Callable[[], "asyncio.Future[None]"]:
    return lambda: asyncio.ensure_future(acquisition.read(name, connector))
