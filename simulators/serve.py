"""How does a site's plant come to life? Every device on a loopback address is served until asked to stop."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from config.devices import Device, ModbusDevice, OpcUaDevice, is_loopback
from config.site import Site
from config.tags import ModbusTag
from simulators.clock import PlantClock
from simulators.modbus_device import ModbusAddress, ModbusUnit
from simulators.opcua_machine import OpcUaMachine
from simulators.scene import Scene
from simulators.truth import Seen, Show, TruthLog


@dataclass(frozen=True, slots=True)
class Served:
    """A device that is listening: its id, its address and how many tags it has."""

    device: str
    address: str
    tags: int

    def __str__(self) -> str:
        return f"{self.device}: {self.address}, {self.tags} tags"


@dataclass(frozen=True, slots=True)
class Listening:
    """All that is served. left_out: device and why it is not. notes: what a user should know of those served."""

    served: tuple[Served, ...]
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]


class CannotServeError(Exception):
    """A device cannot be served: `device: address: reason`. Nothing is served then."""


Announce = Callable[[Listening], None]


async def serve(
    site: Site,
    folder: Path,
    truth: Path | None,
    seed: int,
    stop: asyncio.Event,
    *,
    announce: Announce = lambda listening: None,
    clock: PlantClock | None = None,
) -> None:
    """Serve the site's loopback devices until `stop` is set.

    folder: the site file's, for certificates. truth: where to log what is shown. announce is called once all devices
    listen. clock: freeze it and all models stand still. Raises CannotServeError and TruthLogError.
    """
    scene, clock = Scene(site, seed), clock or PlantClock()
    async with AsyncExitStack() as stack:
        log = stack.enter_context(TruthLog(truth, site.zone)) if truth is not None else None
        show: Show = log.write if log is not None else _unnoted
        here, left_out = _here(site.devices)
        served: list[Served] = []
        notes: list[tuple[str, str]] = []
        tasks: list[asyncio.Task[None]] = []
        for address, devices in _by_address(here).items():
            await _check_free(address, devices[0])
            first = devices[0]
            if isinstance(first, OpcUaDevice):
                machine = OpcUaMachine(first, folder, scene, clock, show)
                await _started(machine, first, stack)
                notes += [(first.id, note) for note in machine.notes]
                tasks += [machine.refreshing] if machine.refreshing else []
            else:
                await _started(_modbus(first, devices, scene, clock, show), first, stack)
            served += [Served(device.id, address_of(device), len(device.tags)) for device in devices]
        announce(Listening(tuple(served), tuple(left_out), tuple(notes)))
        await _until(stop, tasks, log)


def _unnoted(seen: Iterable[Seen]) -> None:
    """Where nobody keeps a truth log."""


async def _until(stop: asyncio.Event, tasks: list["asyncio.Task[None]"], log: TruthLog | None) -> None:
    """Until asked to stop, or until a device's own task ends, which it does with an error alone."""
    events = [stop] if log is None else [stop, log.broken]
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait([*waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
    if log is not None and log.error is not None:
        raise log.error


async def _started(server: OpcUaMachine | ModbusAddress, device: Device, stack: AsyncExitStack) -> None:
    try:
        await server.start()
    except (OSError, RuntimeError) as error:
        raise CannotServeError(f"{device.id}: {address_of(device)}: {error}") from error
    stack.push_async_callback(server.stop)


def _modbus(first: ModbusDevice, devices: list[Device], scene: Scene, clock: PlantClock, show: Show) -> ModbusAddress:
    tags: dict[int, list[ModbusTag]] = {}
    for device in devices:
        if not isinstance(device, ModbusDevice) or device.transport != first.transport:
            raise CannotServeError(f"{device.id}: {address_of(device)}: {first.id} speaks another protocol there")
        tags.setdefault(device.unit, []).extend(device.tags)
    units = {unit: ModbusUnit(own, scene, clock, show) for unit, own in tags.items()}
    return ModbusAddress(*_socket(first), first.transport == "rtu-over-tcp", units)


def _here(devices: Iterable[Device]) -> tuple[list[Device], list[tuple[str, str]]]:
    here: list[Device] = []
    left_out: list[tuple[str, str]] = []
    for device in devices:
        if isinstance(device, ModbusDevice) and device.transport not in ("tcp", "rtu-over-tcp"):
            left_out.append((device.id, f"transport {device.transport} is not simulated"))
        elif not is_loopback(_socket(device)[0]):
            left_out.append((device.id, f"{address_of(device)} is not on this machine"))
        else:
            here.append(device)
    return here, left_out


def _by_address(devices: Iterable[Device]) -> dict[tuple[str, int], list[Device]]:
    """Devices by host and port. Units of one Modbus address share it; an OPC UA server needs its own."""
    found: dict[tuple[str, int], list[Device]] = {}
    for device in devices:
        there = found.setdefault(_socket(device), [])
        if there and isinstance(there[0], OpcUaDevice):
            raise CannotServeError(f"{device.id}: {address_of(device)}: {there[0].id} is served there")
        there.append(device)
    return found


async def _check_free(address: tuple[str, int], device: Device) -> None:
    """Bind the address for a moment: the libraries would log a traceback, or hide the reason."""
    try:
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, *address)
    except OSError as error:
        reason = "the port is taken" if "in use" in str(error) else error.strerror or str(error)
        raise CannotServeError(f"{device.id}: {address_of(device)}: {reason}") from error
    server.close()
    await server.wait_closed()


def _socket(device: Device) -> tuple[str, int]:
    if isinstance(device, OpcUaDevice):
        address = urlsplit(device.endpoint)
        return address.hostname or "", address.port or 4840
    return (device.host or "").strip("[]"), device.tcp_port


def address_of(device: Device) -> str:
    """Where a device listens, as users write it."""
    if isinstance(device, OpcUaDevice):
        return device.endpoint
    return f"modbus {device.host}:{device.tcp_port} unit {device.unit}"
