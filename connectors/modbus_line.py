"""Who may ask now? One connection shared by all units behind an address or a serial port, for one run at a time."""

import asyncio
import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.devices import ModbusDevice
from connectors.device_health import now_us
from connectors.modbus_check import Refused
from connectors.modbus_connection import Connection, Pace, SilentError, Take, UnreachableLineError
from connectors.modbus_departure import Departures
from connectors.modbus_frame import Request, request_of
from connectors.modbus_plan import Block
from connectors.modbus_tcp import connect
from connectors.modbus_tls import tls_context

CONNECT_TIMEOUT_S = 3.0
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
MOST_SILENT = 2
"""Runs in a row without any answer after which a connection is taken for dead, whoever was asked."""
IDLE_S = 30.0
"""A connection on which nothing was answered for so long may be dead without our knowing."""
LIVELY_S = 10.0
"""A line on which something was answered in the last seconds is in use by others."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The answer to one request: its data or the refusal, when it was received [UTC us], after how long [s]."""

    data: bytes | Refused
    received_us: int
    took_s: float


class Line:
    """The connection to a device, a gateway or a bus.

    While it cannot be opened, it is tried again with a growing, jittered pause, once for all its units. connections:
    how often it was opened. connected_since_us None: not connected. answered_s: when a unit was last heard [s of the
    monotonic clock].
    """

    def __init__(self, device: ModbusDevice, folder: Path, departures: Departures) -> None:
        self.connections = 0
        self._departures = departures
        self.connected_since_us: int | None = None
        self._settings, self._folder = device, folder
        self._devices: dict[str, ModbusDevice] = {}
        self._users: set[str] = set()
        self._turn = asyncio.Lock()
        self._connection: Connection | None = None
        self._answers_have_ids: bool | None = None
        self._silent_runs = 0
        self.answered_s = -math.inf
        self._quiet_until_s: dict[int, float] = {}
        self._failures = 0
        self._down: UnreachableLineError | None = None
        self._retry_s = 0.0
        self._free_s = 0.0

    def add(self, device: ModbusDevice) -> None:
        """A device shares this line."""
        self._devices[device.id] = device

    @property
    def devices(self) -> int:
        """How many devices depend on it."""
        return len(self._devices)

    @property
    def is_shared(self) -> bool:
        """Whether several devices depend on it."""
        return self.devices > 1

    @property
    def is_lively(self) -> bool:
        """Whether somebody was answered on it in the last seconds."""
        return time.monotonic() - self.answered_s < LIVELY_S

    @property
    def is_silent(self) -> bool:
        """Whether whoever was asked last did not answer, several times in a row."""
        return self._silent_runs >= MOST_SILENT

    def heard(self) -> None:
        """A unit has answered; that a gateway answers for it that it does not is no answer."""
        self.answered_s = time.monotonic()

    @property
    def lacks_ids(self) -> bool:
        """Whether a server that should give transaction ids back answers 0 to every request."""
        ids = self._connection.answers_have_ids if self._connection else self._answers_have_ids
        return self._settings.transport in ("tcp", "tls") and ids is False

    @property
    def next_try_in_s(self) -> float:
        """How long until it is opened again; 0 where nothing keeps it from that."""
        return max(0.0, self._retry_s - time.monotonic()) if self._down is not None else 0.0

    def try_now(self) -> None:
        """Open it at the next request, however recently that failed."""
        self._retry_s = 0.0

    def pace(self, answer_timeout_s: float) -> Pace:
        """How requests follow each other here: as the most delicate of its devices wants it."""
        pause_s = max(device.request_pause_s for device in self._devices.values())
        return Pace(answer_timeout_s, pause_s, min(device.in_flight for device in self._devices.values()))

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
        unit = requests[0].unit
        while True:
            if left_s := self._quiet_s(unit):
                await asyncio.sleep(left_s)
            async with self._turn:
                if not self._quiet_s(
                    unit
                ):  # while this one waited for its turn another may have asked the unit in vain
                    return await self._run(requests, take, pace)

    async def _run(self, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        connection = await self._connected()
        await self._pause(pace.request_pause_s)
        try:
            await connection.run(requests, take, pace)
        except SilentError:
            self._silent_runs += 1
            self._expect_late_answer(requests[0].unit, pace)
            # A connection that was idle for long may have died without a word.
            idle = time.monotonic() - self.answered_s > IDLE_S
            if not self.is_shared or self._silent_runs % MOST_SILENT == 0 or idle or connection.is_lost:
                await self._close()
            raise
        except BaseException:
            await self._close()
            raise
        else:
            self._silent_runs = 0
        finally:
            self._free_s = time.monotonic()

    async def ask(self, unit: int, block: Block, pace: Pace) -> "Asked":
        """One request on its own. Raises LinkError."""
        answers: list[Asked] = []

        def take(_: int, data: "bytes | memoryview | Refused", received_us: int, took_s: float) -> bool:
            answers.append(Asked(data if isinstance(data, Refused) else bytes(data), received_us, took_s))
            return True

        await self.run([request_of(unit, block)], take, pace)
        return answers[0]

    async def _connected(self) -> Connection:
        if self._connection is not None and not self._connection.is_lost:
            return self._connection
        await self._close()
        if self._down is not None and time.monotonic() < self._retry_s:
            raise UnreachableLineError(self._down.reason, self._down.cause)
        try:
            self._connection = await self._opened()
        except UnreachableLineError as error:
            self._failures += 1
            self._down = error
            longest_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0 ** min(self._failures, 10))
            self._retry_s = time.monotonic() + random.uniform(longest_s / 2, longest_s)
            raise
        self._down, self._failures = None, 0
        self.connections += 1
        self.connected_since_us = now_us()
        pause_s = max(device.connect_pause_s for device in self._devices.values())
        if pause_s:
            await asyncio.sleep(pause_s)
        return self._connection

    async def _opened(self) -> Connection:
        device = self._settings
        if device.transport in ("rtu", "rtu-over-tcp"):
            from connectors.modbus_serial import SerialConnection  # with its library, which TCP does not need

            serial = SerialConnection(device, CONNECT_TIMEOUT_S)
            await serial.connect()
            return serial
        tls = tls_context(device, self._folder) if device.transport == "tls" else None
        name = (device.server_name or device.host) if tls else None
        ids = self._answers_have_ids
        return await connect(device.host or "", device.tcp_port, tls, name, CONNECT_TIMEOUT_S, self._departures, ids)

    async def _pause(self, pause_s: float) -> None:
        left_s = self._free_s + pause_s - time.monotonic()
        if pause_s and left_s > 0:
            await asyncio.sleep(left_s)

    def _expect_late_answer(self, unit: int, pace: Pace) -> None:
        # RTU frames carry no ids: a late answer of this unit would be taken for the one to its next request.
        if self._settings.transport in ("rtu", "rtu-over-tcp"):
            full_s = max(device.answer_timeout_s for device in self._devices.values())
            self._quiet_until_s[unit] = (
                time.monotonic() - pace.answer_timeout_s + 2 * max(full_s, pace.answer_timeout_s)
            )

    def _quiet_s(self, unit: int) -> float:
        """For how long a unit must be left alone yet."""
        return max(0.0, self._quiet_until_s.get(unit, 0.0) - time.monotonic())

    async def _close(self) -> None:
        self.connected_since_us = None
        if self._connection is not None:
            self._connection.close()
            self._answers_have_ids = self._connection.answers_have_ids
            self._connection = None
            await asyncio.sleep(0)  # the loop closes the socket in its next turn


class Lines:
    """The lines of a collector: devices behind one address or serial port share one."""

    def __init__(self, folder: Path = Path()) -> None:
        self._folder, self._departures = folder, Departures()
        self._lines: dict[str, Line] = {}

    def line(self, device: ModbusDevice) -> Line:
        """The line of a device, which is one of those that share it from here on."""
        found = self._lines.get(device.line) or Line(device, self._folder, self._departures)
        self._lines[device.line] = found
        found.add(device)
        return found
