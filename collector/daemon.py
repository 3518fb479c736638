"""What runs while the collector runs? Everything is put together here: store, devices, background, control, page."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from collector import control, housekeeping
from collector.acquisition import Acquisition, now_us
from collector.answers import Answers
from collector.health import Snapshot, free_share
from collector.page.app import app
from collector.page.server import serve
from collector.schedule import Schedule
from collector.store import events
from collector.store.store import store_path
from collector.store.tags import register
from collector.store.writer import Writer
from collector.supervisor import Supervisor
from config.devices import Device, ModbusDevice
from config.site import Site
from connectors.connector import Connector

log = logging.getLogger(__name__)

DRAIN_S = 15.0


def open_connector(device: Device, folder: Path) -> Connector:
    """The connector of a device; nothing is sent before it is iterated. Raises ConnectorError."""
    if isinstance(device, ModbusDevice):
        from connectors.modbus import ModbusConnector

        return ModbusConnector(device)
    from connectors.opcua import OpcUaConnector

    return OpcUaConnector(device, folder)


@dataclass(slots=True)
class Daemon:
    """A collector for one site file."""

    site: Site
    site_file: Path

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        """Collect until `stop` is set, then drain and end. Raises StoreError and ConnectorError before it is ready."""
        folder = self.site_file.parent
        path = store_path(self.site.store.url, folder)
        connectors = {device.id: open_connector(device, folder) for device in self.site.devices}
        writer = Writer(path)
        writer.open()
        try:
            await self._run(stop, ready, writer, connectors, path)
        finally:
            writer.close()

    async def _run(
        self,
        stop: asyncio.Event,
        ready: Callable[[], None],
        writer: Writer,
        connectors: dict[str, Connector],
        path: Path,
    ) -> None:
        started_us = now_us()
        digest = sha256(self.site_file.read_bytes()).hexdigest()
        await writer.write(lambda connection: events.save(connection, started_us, "start", digest))
        named = [(device.id, settings.tag()) for device in self.site.devices for settings in device.tags]
        acquisition = Acquisition(writer, await writer.write(lambda connection: register(connection, named)))
        supervisor = Supervisor()
        schedule = self._schedule(writer)

        def snapshot() -> Snapshot:
            return Snapshot(
                at_us=now_us(),
                started_us=started_us,
                devices={name: connector.health for name, connector in connectors.items()},
                committed=acquisition.committed,
                waiting_reports=None,
                free_share=free_share(path),
                clock_offset_s=schedule.clock_offset_s,
                store_fault=acquisition.failing,
                task_faults=dict(supervisor.faults),
                recent_faults=supervisor.recent_faults(),
            )

        commit = supervisor.start("commit", acquisition.commit)
        readers = [
            supervisor.start(f"device {name}", _reading(acquisition, name, connector))
            for name, connector in connectors.items()
        ]
        supervisor.start("schedule", schedule.run)
        answers = Answers(self.site, writer, snapshot)
        supervisor.start("control", lambda: control.serve(path, answers.answer))
        if self.site.page is not None:
            listen = self.site.page.listen
            supervisor.start("page", lambda: serve(app(snapshot), listen))
        ready()
        await stop.wait()
        await supervisor.stop(readers)
        await acquisition.drained(DRAIN_S)
        await supervisor.stop([commit])
        await supervisor.stop()
        await writer.write(lambda connection: events.save(connection, now_us(), "stop"))

    def _schedule(self, writer: Writer) -> Schedule:
        async def note_step(step_s: float) -> None:
            detail = f"{step_s:.3f} s"
            await writer.write(lambda connection: events.save(connection, now_us(), "clock step", detail))

        async def seal() -> None:
            await writer.write(lambda connection: housekeeping.seal_hours(connection, now_us()))

        async def merge() -> None:
            await writer.write(lambda connection: housekeeping.merge_days(connection, now_us()))
            await writer.write(lambda connection: housekeeping.forget(connection, now_us(), self.site.store.keep_days))

        schedule = Schedule(note_step)
        schedule.every(60, "seal hours", seal)
        schedule.every(600, "merge days", merge)
        return schedule


def _reading(acquisition: Acquisition, name: str, connector: Connector) -> Callable[[], "asyncio.Future[None]"]:
    return lambda: asyncio.ensure_future(acquisition.read(name, connector))
