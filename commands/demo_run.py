"""How does the demo run? Its parts are started, watched, and ended in the order in which nothing is lost."""

import shlex
import signal
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from commands.demo_count import Machines, PieceLine, piece_lines
from commands.demo_folder import DemoFolder
from commands.demo_history import SEED, import_history, write_orders
from commands.demo_part import Part, end, kill, program
from commands.terminal import say
from config.devices import Device, ModbusDevice
from config.load import load_site
from config.site import Site
from plant.instant import parse_instant

READY_S = 120.0
FREEZE_S = 10.0
ARRIVE_S = 30.0
ACKS_S = 5.0
TICK_S = 0.2
MOST_STARTS = 20
RESTART_S = 2.0


class DemoError(Exception):
    """The demo cannot go on; the message says why, and where more is written."""


@dataclass(slots=True)
class DemoRun:
    """One run in a folder. Whatever happens, no process of it is left when its block ends."""

    folder: DemoFolder
    site: Site = field(init=False)
    broker: Part = field(init=False)
    plant: Part = field(init=False)
    programme: Part = field(init=False)
    collector: Part = field(init=False)
    _lines: list[PieceLine] = field(default_factory=list)
    _orders_of: date | None = None
    _restart_at: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder, logs = self.folder, self.folder.logs
        site_file, programme_file = str(folder.site_file), str(folder.programme_file)
        self.site = load_site(folder.site_file)
        devices = len(self.site.devices)
        self.broker = Part(
            "broker",
            ["broker", str(folder.broker_file)],
            logs / "broker.log",
            lambda _: _accepts(folder.ports["broker"]),
        )
        self.plant = Part(
            "simulated plant",
            ["simulate", site_file, "--seed", str(SEED)],
            logs / "plant.log",
            lambda said: said.count(" tags\n") >= devices,
        )
        self.programme = Part(
            "programme", ["programme", "run", programme_file], logs / "programme.log", lambda said: "receiving" in said
        )
        self.collector = Part("collector", ["run", site_file], logs / "collector.log", lambda _: self._is_well())

    @property
    def parts(self) -> list[Part]:
        return [self.broker, self.plant, self.programme, self.collector]

    @property
    def store(self) -> Path:
        """The plant's store."""
        from collector.store.store import store_path

        return store_path(self.site.store.url, self.folder.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            end([self.collector])
            end([self.plant, self.programme])
            end([self.broker])
        kill(self.parts)

    def start(self) -> None:
        """Start everything, history first; returns once the collector says that all is well. Raises DemoError."""
        say(f"Starting in {self.folder.path} …")
        for part in (self.broker, self.plant, self.programme):
            part.start()
        count = import_history(self.site, self.store, self.folder.began, self.folder.path / "order-book.csv")
        if count:
            say(f"Imported {count:,} readings of simulated history, from {self.folder.began} on.")
        self._until_ready([self.broker, self.plant])
        self.collector.start()
        self._until_ready(self.parts)
        self._drop_orders()

    def watch(self, seconds: float | None, asked: object) -> None:
        """Run until asked to end, or so long. A part that ends by itself is started again."""
        end_at = float("inf") if seconds is None else time.monotonic() + seconds
        while time.monotonic() < end_at and not asked:
            for part in self.parts:
                self._keep(part)
            self._drop_orders()
            time.sleep(TICK_S)
        while any(part.exit_code is not None for part in self.parts):
            for part in self.parts:
                self._keep(part)
            time.sleep(TICK_S)

    def stop_and_count(self) -> list[PieceLine]:
        """Let the machines stand still, wait until the last of their readings has arrived, drain, and count."""
        from collector.store.store import reading

        say("The machines stand still; waiting for their last readings …")
        machines = Machines(self.site, SEED, self._frozen_us())
        time.sleep(max(map(_reach_s, self.site.devices)) + 1.0)
        self._until(lambda: self._all_arrived(machines), ARRIVE_S)
        self._until(lambda: self._reports("pending") == 0, ACKS_S)
        end([self.collector])
        if self.collector.exit_code != 0:
            say(f"The collector did not end in order ({_how(self.collector)}); see {self.collector.log}")
        with reading(self.store) as connection:
            return piece_lines(connection, self.site, machines, time.time_ns() // 1000)

    def introduction(self) -> dict[str, list[str]]:
        """What a person can look at and try now: headings and their lines."""
        from simulators.serve import address_of

        ports, command = self.folder.ports, program()
        site, programme = shlex.quote(str(self.folder.site_file)), shlex.quote(str(self.folder.programme_file))
        today, month = self._today().isoformat(), self.folder.began.isoformat()
        tries = [
            f"sign-in {site}",
            f"kpi {site}",
            f"kpi {site} --scope plant --period week --from {month} --kpi defect_rate --kpi on_time_delivery",
            f"read {site} --watch",
            f"history {site} press1.good --from {today}",
            f"status {site}",
            f"reports {site}",
            f"programme plants {programme}",
            f"programme summary {programme} --period month --at {month}",
        ]
        return {
            "Addresses": [
                f"page      http://127.0.0.1:{ports['page']}",
                f"          http://127.0.0.1:{ports['page']}/health, /metrics and /api/v1/",
                f"broker    mqtt://127.0.0.1:{ports['broker']} (MQTT 5), :{ports['broker_311']} (MQTT 3.1.1)",
                *(f"device    {address_of(device)} ({device.id})" for device in self.site.devices),
                f"folder    {self.folder.path} (site.yaml, programme.yaml, orders/, logs/)",
            ],
            "Try in another terminal": [f"{command} {arguments}" for arguments in tries],
        }

    def summary(self) -> list[str]:
        """What else came of the run."""
        from collector.store.readings import count
        from collector.store.store import reading
        from collector.store.tags import stored_tags

        with reading(self.store) as connection:
            stored = sum(count(connection, found.id, 0, 2**62) for found in stored_tags(connection).values())
        made, accepted = self._reports("made"), self._reports("accepted")
        return [f"readings stored: {stored:,}", f"reports made: {made}, accepted by the programme: {accepted}"]

    def _keep(self, part: Part) -> None:
        if part.exit_code is None:
            return
        if part.name not in self._restart_at:
            if part.starts >= MOST_STARTS:
                raise DemoError(f"{part.name}: keeps ending; see {part.log}")
            say(f"{part.name} ended ({_how(part)}); it is started again. See {part.log}")
            self._restart_at[part.name] = time.monotonic() + RESTART_S
        elif time.monotonic() >= self._restart_at[part.name]:
            del self._restart_at[part.name]
            part.start()

    def _until_ready(self, parts: list[Part]) -> None:
        end_at = time.monotonic() + READY_S
        waiting = list(parts)
        while waiting:
            for part in waiting:
                if part.exit_code is not None:
                    raise DemoError(f"{part.name}: did not start ({_how(part)}): {_last_line(part)}")
            waiting = [part for part in waiting if not part.ready]
            if waiting and time.monotonic() > end_at:
                raise DemoError(f"{waiting[0].name}: not ready within {READY_S:.0f} s; see {waiting[0].log}")
            if waiting:
                time.sleep(TICK_S / 2)

    def _until(self, condition: Callable[[], bool], longest_s: float) -> None:
        end_at = time.monotonic() + longest_s
        while not condition() and time.monotonic() < end_at:
            time.sleep(TICK_S)

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.folder.ports['page']}/health", timeout=5):
                return True
        except OSError:
            return False

    def _frozen_us(self) -> int:
        self._until(lambda: self.plant.ready, READY_S)  # it may just have been started again
        self.plant.signal(signal.SIGUSR1)
        self._until(lambda: _frozen_at(self.plant.said()) is not None, FREEZE_S)
        frozen_us = _frozen_at(self.plant.said())
        if frozen_us is None:
            raise DemoError(f"the simulated plant does not stand still; see {self.plant.log}")
        return frozen_us

    def _all_arrived(self, machines: Machines) -> bool:
        from collector.store.store import reading

        with reading(self.store) as connection:
            return machines.all_arrived(connection)

    def _reports(self, which: str) -> int:
        from collector.store.reports import all_reports
        from collector.store.store import reading

        with reading(self.store) as connection:
            return sum(which in ("made", report.state) for report in all_reports(connection))

    def _drop_orders(self) -> None:
        """Once a production day the ERP drops its order book into the watched folder."""
        today = self._today()
        if today != self._orders_of:
            write_orders(self.site, self.folder.orders / f"orders-{today}.csv", self.folder.began, today)
            self._orders_of = today

    def _today(self) -> date:
        return self.site.clock().day_of(time.time_ns() // 1000)


def _reach_s(device: Device) -> float:
    """How long after a change of the plant a reading of it is on its way to the store."""
    return device.poll_s if isinstance(device, ModbusDevice) else (device.sampling_ms + device.publishing_ms) / 1000


def _accepts(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _frozen_at(said: str) -> int | None:
    found = [line.removeprefix("frozen at ") for line in said.splitlines() if line.startswith("frozen at ")]
    return parse_instant(found[0]) if found else None


def _how(part: Part) -> str:
    code = part.exit_code or 0
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_line(part: Part) -> str:
    lines = part.said().strip().splitlines()
    return lines[-1] if lines else f"see {part.log}"
