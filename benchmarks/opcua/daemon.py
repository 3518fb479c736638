"""What does the whole daemon cost with an OPC UA server, wire to durable store, and is everything stored?"""

import time
from dataclasses import dataclass
from pathlib import Path

from modbus.processes import MEASURED, cpu_s, rss_mb, running, smartwings
from modbus.whole_daemon import WARM_S, clear_of_sealing, gaps_within, stored_counts, until_connected
from opcua.replaying import Plant

URI = "urn:bench:plant"


@dataclass(frozen=True, slots=True)
class DaemonRun:
    """One run. sent, stored: values of the window. lost: sent and not stored, and what the server could not send."""

    sent: int
    stored: int
    lost: int
    gaps: int
    used_s: float
    took_s: float
    server_s: float
    most_mb: float

    @property
    def cores(self) -> float:
        """Part of one core."""
        return self.used_s / self.took_s

    @property
    def cpu_s_per_million(self) -> float:
        """CPU-s for a million stored readings."""
        return self.used_s * 1e6 / max(1, self.stored)


def write_site(folder: Path, plant: Plant) -> Path:
    """A plant of one device with a tag list; no page, no reports."""
    publishing_ms = 1000 / plant.hz if plant.hz else 100
    site = folder / "site.yaml"
    site.write_text(
        "plant: {id: kr-bench-0006, time_zone: Asia/Seoul, production_day_start: 08:00}\ndevices:\n"
        f'  - {{id: d, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:{plant.port}", security: none,\n'
        f"     sampling_ms: {publishing_ms:.0f}, publishing_ms: {publishing_ms:.0f}, tags: tags.csv}}\n",
        encoding="utf-8",
    )
    rows = [f"t{number},unit{number % 50},other,nsu={URI};s=t{number}" for number in range(plant.tags)]
    (folder / "tags.csv").write_text("\n".join(["name,work_unit,role,node", *rows]) + "\n", encoding="utf-8")
    return site


def run_daemon(folder: Path, plant: Plant, window_s: float, warm_s: float = WARM_S) -> DaemonRun:
    """Collect for a while; measured from a while after the device is connected."""
    folder.mkdir()
    site, store = write_site(folder, plant), folder / "plant.db"
    with running(smartwings("run", site), folder, MEASURED) as daemon:
        until_connected(store)
        time.sleep(warm_s)
        clear_of_sealing(window_s)
        used_s, server_s = cpu_s(daemon.pid), cpu_s(plant.pid)
        begun_us, begun_s = time.time_ns() // 1000, time.monotonic()
        time.sleep(window_s)
        end_us, took_s = time.time_ns() // 1000, time.monotonic() - begun_s
        used_s, server_s = cpu_s(daemon.pid) - used_s, cpu_s(plant.pid) - server_s
        time.sleep(3.0)  # for what is on its way to the store
        most_mb = rss_mb(daemon.pid, peak=True)
    sent, stored = plant.sent(begun_us, end_us), int(stored_counts(store, begun_us, end_us).sum())
    return DaemonRun(
        sent=sent.values,
        stored=stored,
        lost=abs(sent.values - stored) + sent.skipped,
        gaps=gaps_within(store, begun_us, end_us),
        used_s=used_s,
        took_s=took_s,
        server_s=server_s,
        most_mb=most_mb,
    )
