"""What runs while the collector runs? Everything is put together here: store, devices, background, control, page."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from collector import control
from collector.acquisition import Acquisition, now_us
from collector.answers import Answers
from collector.background import background
from collector.health import Snapshot, free_bytes, free_share, memory_bytes
from collector.log_lines import LogLines
from collector.page.beyond_loopback import require_protected
from collector.page.process import run_page
from collector.publisher import Publisher
from collector.reporting import Reporting, signing_key
from collector.schedule import Schedule
from collector.store import events
from collector.store.store import store_path
from collector.store.tags import register
from collector.store.writer import Writer
from collector.supervisor import Supervisor
from config.devices import Device, ModbusDevice
from config.site import Site
from connectors.connector import Connector

DRAIN_S = 12.0


def open_connector(device: Device, folder: Path) -> Connector:
    """The connector of a device; nothing is sent before it is iterated. Raises ConnectorError."""
    if isinstance(device, ModbusDevice):
        from connectors.modbus import ModbusConnector

        return ModbusConnector(device)
    from connectors.opcua import OpcUaConnector

    return OpcUaConnector(device, folder)


async def run(site: Site, site_file: Path, stop: asyncio.Event, ready: Callable[[], None]) -> None:
    """Collect until `stop` is set, then drain and end.

    Raises StoreError, ConnectorError and InputError (keys, passwords, an open page) before it is ready.
    """
    folder = site_file.parent
    log_lines = LogLines.of_this_process()
    path = store_path(site.store.url, folder)
    connectors = {device.id: open_connector(device, folder) for device in site.devices}
    key = signing_key(folder / site.mqtt.key_file) if site.mqtt else None
    if site.page is not None:
        require_protected(site.page, folder)
    writer = Writer(path)
    writer.open()
    try:
        started_us, digest = now_us(), _sha256(site_file)
        await writer.write(lambda connection: events.save(connection, started_us, "start", digest))
        named = [(device.id, settings.tag()) for device in site.devices for settings in device.tags]
        acquisition = Acquisition(writer, await writer.write(lambda connection: register(connection, named)))
        daemon = _Daemon(site, site_file, path, started_us, digest, connectors, writer, acquisition, log_lines)
        if site.mqtt and key:
            daemon.publisher = Publisher(site, site.mqtt, folder, writer, digest, started_us)
            daemon.reporting = Reporting(site, site.mqtt, path, digest, key)
        daemon.start()
        ready()
        await stop.wait()
        await daemon.drain()
        await writer.write(lambda connection: events.save(connection, now_us(), "stop"))
    finally:
        writer.close()


@dataclass(slots=True)
class _Daemon:
    site: Site
    site_file: Path
    store: Path
    started_us: int
    site_sha256: str
    connectors: dict[str, Connector]
    writer: Writer
    acquisition: Acquisition
    log_lines: LogLines
    publisher: Publisher | None = None
    reporting: Reporting | None = None
    supervisor: Supervisor = field(default_factory=Supervisor)
    _schedule: Schedule | None = None
    _readers: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self) -> None:
        start, folder = self.supervisor.start, self.site_file.parent
        start("commit", self.acquisition.commit)
        self._readers = [
            start(f"device {name}", _reading(self.acquisition, name, connector))
            for name, connector in self.connectors.items()
        ]
        self._schedule = background(self.site, folder, self.writer, self.reporting)
        start("schedule", self._schedule.run)
        answers = Answers(self.site, self.writer, self.snapshot, self.connectors, self.log_lines)
        start("control", lambda: control.serve(self.store, answers.answer))
        if self.publisher is not None:
            start("publisher", self.publisher.run)
        if self.site.page is not None:
            start("page", lambda: run_page(self.site_file))

    async def drain(self) -> None:
        """End the readers, commit what they handed over, end the rest."""
        await self.supervisor.stop(self._readers)
        await self.acquisition.drained(DRAIN_S)
        await self.supervisor.stop()

    def snapshot(self) -> Snapshot:
        schedule, publisher = self._schedule, self.publisher
        return Snapshot(
            at_us=now_us(),
            started_us=self.started_us,
            devices={name: connector.health for name, connector in self.connectors.items()},
            committed=self.acquisition.committed,
            waiting_reports=publisher.waiting if publisher else None,
            free_share=free_share(self.store),
            clock_offset_s=schedule.clock_offset_s if schedule else 0.0,
            store_fault=self.acquisition.failing,
            report_fault=publisher.problem if publisher else None,
            failed_reports=dict(self.reporting.failures) if self.reporting else {},
            task_faults={**self.supervisor.faults, **(schedule.faults if schedule else {})},
            recent_faults={**self.supervisor.recent_faults(), **(schedule.failing if schedule else {})},
            waiting_handovers=self.acquisition.waiting,
            last_commit_us=self.acquisition.last_commit_us,
            last_commit_s=self.acquisition.last_commit_s,
            last_seal_us=schedule.done_us.get("seal hours") if schedule else None,
            clock_stepped_us=schedule.clock_stepped_us if schedule else None,
            report_fault_us=publisher.problem_us if publisher else None,
            free_bytes=free_bytes(self.store),
            memory_bytes=memory_bytes(),
            site_sha256=self.site_sha256,
        )


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def _reading(acquisition: Acquisition, name: str, connector: Connector) -> Callable[[], "asyncio.Future[None]"]:
    return lambda: asyncio.ensure_future(acquisition.read(name, connector))
