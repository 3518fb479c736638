"""Who may ask now? One connection shared by all units behind an address or a serial port, for one run at a time."""

import asyncio
import random
import ssl
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from config.devices import ModbusDevice
from connectors.device_health import Cause, now_us
from connectors.modbus_connection import Connection, LinkError, Pace, SilentError, Take, UnreachableLineError
from connectors.modbus_frame import Request
from connectors.modbus_serial import SerialConnection
from connectors.modbus_tcp import connect

CONNECT_TIMEOUT_S = 3.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
MOST_SILENT = 2
"""Requests in a row without an answer after which a connection is taken for dead, whoever was asked."""


class Line:
    """The connection to a device, a gateway or a bus.

    While it cannot be opened, it is tried again with a growing, jittered pause, once for all its units. connections:
    how often it was opened. connected_since_us None: not connected.
    """

    def __init__(self, device: ModbusDevice, folder: Path) -> None:
        self.connections = 0
        self.connected_since_us: int | None = None
        self.units: set[str] = set()
        self._settings, self._folder = device, folder
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._answers_have_ids: bool | None = None
        self._users: set[str] = set()
        self._silent = 0
        self._quiet_until_s: dict[int, float] = {}
        self._failures = 0
        self._down: UnreachableLineError | None = None
        self._retry_s = 0.0
        self._free_s = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether several devices depend on it."""
        return len(self.units) > 1

    @property
    def lacks_ids(self) -> bool:
        """Whether a server that should give transaction ids back answers 0 to every request."""
        return self._settings.transport in ("tcp", "tls") and self._answers_have_ids is False

    @property
    def next_try_in_s(self) -> float:
        """How long until it is opened again; 0 where nothing keeps it from that."""
        return max(0.0, self._retry_s - time.monotonic()) if self._down is not None else 0.0

    def try_now(self) -> None:
        """Open it at the next request, however recently that failed."""
        self._retry_s = 0.0

    def join(self, device: str) -> None:
        """A device is about to use it."""
        self._users.add(device)

    async def leave(self, device: str) -> None:
        """A device needs it no more; the last one closes it."""
        self._users.discard(device)
        if not self._users:
            await self._close()

    async def run(self, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        """Ask when it is one's turn; see `Connection.run`. Raises LinkError, SilentError among them."""
        await self._quiet(requests)
        async with self._turn:
            connection = await self._connected()
            await self._pause(pace.request_pause_s)
            try:
                await connection.run(requests, self._noting(take), pace)
            except SilentError:
                self._silent += 1
                if not self.is_shared or self._silent >= MOST_SILENT or connection.is_lost:
                    await self._close()
                self._expect_late_answer(requests[0].unit, pace)
                raise
            except BaseException:
                await self._close()
                raise
            finally:
                self._free_s = time.monotonic()

    def _noting(self, take: Take) -> Take:
        # One flag for the run: that anything came shows that the connection lives.
        if not self._silent:
            return take

        def noted(row: int, data: object, received_us: int, took_s: float) -> None:
            self._silent = 0
            take(row, data, received_us, took_s)  # type: ignore[arg-type]

        return noted

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.is_lost:
            return self._connection
        await self._close()
        if self._down is not None and time.monotonic() < self._retry_s:
            raise self._down
        try:
            self._connection = await self._opened()
        except UnreachableLineError as error:
            self._failures += 1
            self._down = error
            self._retry_s = time.monotonic() + self._backoff_s()
            raise
        self._down, self._failures = None, 0
        self.connections += 1
        self.connected_since_us = now_us()
        if self._settings.connect_pause_s:
            await asyncio.sleep(self._settings.connect_pause_s)
        return self._connection

    async def _opened(self) -> Connection:
        device = self._settings
        if device.transport in ("rtu", "rtu-over-tcp"):
            serial = SerialConnection(device, CONNECT_TIMEOUT_S)
            await serial.connect()
            return serial
        tls = _tls_context(device, self._folder) if device.transport == "tls" else None
        return await connect(
            device.host or "", device.tcp_port, tls, device.server_name, CONNECT_TIMEOUT_S, self._answers_have_ids
        )

    def _backoff_s(self) -> float:
        longest_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(self._failures, 10))
        return random.uniform(longest_s / 2, longest_s)

    async def _pause(self, pause_s: float) -> None:
        left_s = self._free_s + pause_s - time.monotonic()
        if pause_s and left_s > 0:
            await asyncio.sleep(left_s)

    def _expect_late_answer(self, unit: int, pace: Pace) -> None:
        # RTU frames carry no ids: a late answer of this unit would be taken for the one to its next request.
        if self._settings.transport in ("rtu", "rtu-over-tcp"):
            self._quiet_until_s[unit] = time.monotonic() + pace.answer_timeout_s

    async def _quiet(self, requests: Sequence[Request]) -> None:
        until_s = self._quiet_until_s.pop(requests[0].unit, 0.0) if requests else 0.0
        left_s = until_s - time.monotonic()
        if left_s > 0:
            await asyncio.sleep(left_s)

    async def _close(self) -> None:
        self.connected_since_us = None
        if self._connection is not None:
            self._connection.close()
            self._answers_have_ids = self._connection.answers_have_ids
            self._connection, self._silent = None, 0
            await asyncio.sleep(0)  # the loop closes the socket in its next turn


class Lines:
    """The lines of a collector: devices behind one address or serial port share one."""

    def __init__(self, folder: Path = Path()) -> None:
        self._folder = folder
        self._lines: dict[tuple[str, str, int], Line] = {}

    def line(self, device: ModbusDevice) -> Line:
        """The line of a device, which is counted among its units from here on."""
        if device.transport == "rtu":
            key = ("rtu", str(device.serial_port), 0)
        else:
            key = ("tcp", str(device.host).lower(), device.tcp_port)
        found = self._lines.setdefault(key, Line(device, self._folder))
        found.units.add(device.id)
        return found


def pace_of(device: ModbusDevice) -> Pace:
    """How a device wants to be asked."""
    return Pace(device.answer_timeout_s, device.request_pause_s, device.in_flight)


def quicker(pace: Pace, timeout_s: float) -> Pace:
    """The same with a shorter time-out."""
    return replace(pace, answer_timeout_s=min(pace.answer_timeout_s, timeout_s))


def _tls_context(device: ModbusDevice, folder: Path) -> ssl.SSLContext:
    """Modbus/TCP Security (MB-TCP-Security v2.1): TLS 1.2 or newer, the device's certificate checked, ours shown."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=folder / (device.ca_file or ""))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if device.certificate_file and device.key_file:
            context.load_cert_chain(folder / device.certificate_file, folder / device.key_file)
    except (OSError, ValueError) as error:
        raise UnreachableLineError(f"cannot connect: TLS files: {error}", Cause.SECRET_FILE) from None
    return context


__all__ = ["BACKOFF_FIRST_S", "BACKOFF_MAX_S", "Line", "LinkError", "Lines", "pace_of", "quicker"]
