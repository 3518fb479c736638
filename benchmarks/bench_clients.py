"""Do busy clients of the page delay ingest? And how long does each page take with 1,000 tags?

Run by hand: `python benchmarks/bench_clients.py [FOLDER]`. The collector runs as it does in a plant (writer, schedule,
control socket, the page as its child), but with devices that hand over 1,000 readings a second from memory. Measured is
the time from a handover to its acknowledgement, of which 100 ms are the wait for others to be committed together; first
alone, then while clients ask for pages and the API without a pause. The store starts with a day of readings each minute
and with half an hour of readings each second in the journal, as it is between two sealings.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402

from collector import daemon  # noqa: E402
from collector.page.rendering import MENU  # noqa: E402
from collector.store.gathering import gather  # noqa: E402
from collector.store.journal import JournalEntry  # noqa: E402
from collector.store.readings import append, merge  # noqa: E402
from collector.store.store import transaction, writing  # noqa: E402
from collector.store.tags import register  # noqa: E402
from config.load import load_site  # noqa: E402
from connectors.connector import Handover  # noqa: E402
from connectors.device_health import DeviceHealth  # noqa: E402
from plant.reading import Batch, Readings  # noqa: E402

DEVICES, TAGS_EACH, CLIENTS = 10, 100, 50
ALONE_S, BUSY_S = 20.0, 20.0
DAY_S, JOURNAL_S = 86400, 1800
ROLES = ("good_count", "scrap_count", "state", "power", "other")
API = (
    "/api/v1/readings",
    "/api/v1/readings?tag=d0.t000",
    "/api/v1/history?tag=d0.t000&from={hour_ago}&format=csv",
    "/api/v1/kpis?scope=plant&kpi=good_quantity&kpi=oee",
    "/api/v1/devices",
    "/api/v1/gaps",
    "/api/v1/reports",
)


def say(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)  # noqa: T201


def site_file(folder: Path) -> Path:
    """A plant of 1,000 tags of 20 work units."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    lines = ["plant: {id: kr-bench-0002, time_zone: Asia/Seoul, production_day_start: 08:00}"]
    lines += [f"page: {{listen: '127.0.0.1:{port}'}}", "shifts: [{name: all, start: 00:00, end: 24:00}]", "devices:"]
    for device in range(DEVICES):
        lines += [f"  - id: d{device}", "    protocol: modbus", "    host: 127.0.0.1", "    tags:"]
        for tag in range(TAGS_EACH):
            role = ROLES[tag] if tag < 4 else ROLES[tag - 50] if 50 <= tag < 54 else "other"
            unit = f"m{device}{'ab'[tag >= 50]}"
            keys = f"name: d{device}.t{tag:03d}, work_unit: {unit}, role: {role}, table: holding, address: {2 * tag}"
            lines.append(f"      - {{{keys}, type: uint32}}")
    path = folder / "site.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def values_at(time_us: int, count: int) -> np.ndarray:
    """Values that counters, states and gauges can have."""
    at = np.arange(count)
    return np.where(at % 50 == 2, (time_us // 60_000_000) % 4, time_us // 1_000_000 + at).astype(np.float64)


def fill(file: Path) -> None:
    """A day of readings each minute, and the last half hour each second in the journal."""
    now_us = time.time_ns() // 1_000_000_000 * 1_000_000
    site = load_site(file)
    with writing(file.with_name("plant.db")) as connection:
        with transaction(connection):
            stored = register(connection, [(device.id, tag.tag()) for device in site.devices for tag in device.tags])
        ids = np.array([tag.id for tag in stored.values()], dtype=np.uint32)
        times = now_us - (JOURNAL_S + np.arange(DAY_S, 0, -60, dtype=np.int64)) * 1_000_000
        values = np.array([values_at(int(us), len(ids)) for us in times])
        none, good = np.zeros(len(times), np.int64), np.zeros(len(times), np.uint32)
        with transaction(connection):
            for column, tag_id in enumerate(ids.tolist()):
                merge(connection, tag_id, Readings(times, values[:, column].copy(), good, times, none))
        for second in range(JOURNAL_S, 0, -1):
            at_us = now_us - second * 1_000_000
            with transaction(connection):
                for part in np.split(np.arange(len(ids)), DEVICES):
                    n = len(part)
                    all_at = np.full(n, at_us, np.int64)
                    readings = Readings(
                        all_at, values_at(at_us, len(ids))[part], np.zeros(n, np.uint32), all_at, np.zeros(n, np.int64)
                    )
                    append(connection, JournalEntry(ids[part], readings))
        gone = 1
        while gone:
            with transaction(connection):
                gone = gather(connection)


class FromMemory:
    """A device that answers every second without a wire; notes when its handovers were acknowledged."""

    def __init__(self, name: str, number: int, took: list[tuple[float, float]]) -> None:
        self.health = DeviceHealth(connected_since_us=time.time_ns() // 1000)
        self.name, self.number, self.took = name, number, took
        self.names = tuple(f"{name}.t{tag:03d}" for tag in range(TAGS_EACH))

    async def batches(self) -> AsyncIterator[Handover]:
        """A handover a second, each device in its own tenth of it."""
        n, tags = TAGS_EACH, np.arange(TAGS_EACH, dtype=np.uint32)
        while True:
            await asyncio.sleep(1 - (time.time() - self.number / DEVICES) % 1)
            now_us, handed_s = time.time_ns() // 1000, time.time()
            at = np.full(n, now_us // 1_000_000 * 1_000_000, np.int64)
            zero, status = np.zeros(n, np.int64), np.zeros(n, np.uint32)
            batch = Batch(self.name, self.names, tags, at, values_at(now_us, n), status, now_us, zero)
            yield Handover(batch, now_us, done=lambda since=handed_s: self.took.append((since, time.time() - since)))

    async def read_once(self) -> Handover:
        """Nobody asks for it here."""
        return Handover()

    def try_now(self) -> bool:
        """It is there."""
        return False


def collect(file: Path, out: Path) -> None:
    """Be the collector until standard input ends; then write down how long handovers took."""
    took: list[tuple[float, float]] = []
    daemon.open_connector = lambda device, _: FromMemory(device.id, int(device.id[1:]), took)

    async def until_told() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().run_in_executor(None, sys.stdin.read).add_done_callback(lambda _: stop.set())
        await daemon.run(load_site(file), file, stop, lambda: None)

    asyncio.run(until_told())
    out.write_text(json.dumps(took), encoding="utf-8")


async def page_times(address: str, paths: list[str]) -> None:
    """Each address alone, one after the other: median and slowest of ten."""
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        for path in paths:
            took, size = [], 0
            first = time.perf_counter()
            await client.get(path)
            first_ms = 1000 * (time.perf_counter() - first)
            for _ in range(10):
                begun = time.perf_counter()
                answer = await client.get(path)
                took.append(1000 * (time.perf_counter() - begun))
                size = len(answer.content)
            times = f"{statistics.median(took):7.1f} ms, slowest {max(took):7.1f}, first {first_ms:7.1f}"
            say(f"{path[:60]:<60} {answer.status_code} {times}, {size / 1000:6.0f} kB")


async def hammer(address: str, paths: list[str]) -> None:
    """Clients that ask without a pause, each beginning at another address."""
    end_s, took, refused = time.monotonic() + BUSY_S, [], 0

    async def client(number: int) -> None:
        nonlocal refused
        async with httpx.AsyncClient(base_url=address, timeout=60) as asking:
            for path in cycle(islice(cycle(paths), number, number + len(paths))):
                if time.monotonic() > end_s:
                    return
                begun = time.monotonic()
                try:
                    refused += (await asking.get(path)).status_code == 503
                except httpx.TransportError:  # a connection that waited gave way to a new one
                    refused += 1
                took.append(time.monotonic() - begun)

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    rate = f"{len(took) / BUSY_S:.0f} answers a second, median {statistics.median(took):.2f} s"
    say(f"{CLIENTS} clients: {rate}, {refused} told to come again")


def measured(took: list[tuple[float, float]], start_s: float, end_s: float, name: str) -> float:
    """Say how long handovers of a stretch of time took; the 99th percentile [s]."""
    found = sorted(one for since, one in took if start_s <= since < end_s)
    p99 = found[int(0.99 * len(found))]
    median, most = 1000 * statistics.median(found), 1000 * found[-1]
    say(
        f"ingest {name}: {len(found)} handovers, median {median:.0f} ms, p99 {1000 * p99:.0f} ms, longest {most:.0f} ms"
    )
    return p99


def wait_for(listen: str) -> None:
    """Wait until the page answers."""
    host, _, port = listen.rpartition(":")
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the page does not answer")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--collect"]:
        collect(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file, out = site_file(folder), folder / "took.json"
        if not (folder / "plant.db").exists():
            fill(file)
        listen = load_site(file).page.listen  # type: ignore[union-attr]
        hour_ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        paths = [path for path, _ in MENU] + [path.format(hour_ago=hour_ago) for path in API]
        command = [sys.executable, __file__, "--collect", str(file), str(out)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as collector:
            wait_for(listen)
            asyncio.run(page_times(f"http://{listen}", paths))
            alone_s = time.time()
            time.sleep(ALONE_S)
            os.nice(10)  # clients have processors of their own in a plant
            busy_s = time.time()
            asyncio.run(hammer(f"http://{listen}", paths))
            end_s = time.time()
            collector.communicate(timeout=30)
        took = json.loads(out.read_text(encoding="utf-8"))
        alone = measured(took, alone_s, busy_s, "alone")
        busy = measured(took, busy_s, end_s, f"with {CLIENTS} clients")
        say(f"p99 {busy / alone:.2f} times that without clients")


if __name__ == "__main__":
    main()
