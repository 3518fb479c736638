"""What does the whole daemon cost, wire to durable store, and is everything stored in time?"""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from modbus.processes import MEASURED, Devices, cpu_s, rss_mb, running, smartwings

from collector.control import ask
from collector.store import gaps
from collector.store.chunk_rows import readings_of, stored_chunks, tag_of
from collector.store.journal import unpack
from collector.store.store import reading
from collector.store.tags import stored_tags

WARM_S = 15.0
SEALED_AT_S = 600
"""Seconds behind the full hour at which it is sealed: measured apart (sealing.py), so kept out of the window."""


@dataclass(frozen=True, slots=True)
class DaemonRun:
    """One run. asked, stored: readings in the window. unlike: tags whose number of readings is off by more than one.

    late: polls that took too long. gaps: gaps that reach into the window. used_s: CPU. most_mb: most memory ever.
    """

    asked: int
    stored: int
    unlike: int
    late: int
    gaps: int
    used_s: float
    took_s: float
    rss_mb: float
    most_mb: float

    @property
    def cpu_s_per_million(self) -> float:
        """CPU-s for a million stored readings, sealing left out."""
        return self.used_s * 1e6 / max(1, self.stored)

    @property
    def cores(self) -> float:
        """Part of one core."""
        return self.used_s / self.took_s

    @property
    def missed(self) -> int:
        """0 where every reading that was asked for was stored in its slot: polls late, gaps and tags, all together."""
        return self.late + self.gaps + self.unlike


def write_site(folder: Path, devices: Devices, poll_s: float) -> Path:
    """A plant of these devices, each with a tag list of its own; no page, no reports."""
    lines = ["plant: {id: kr-bench-0005, time_zone: Asia/Seoul, production_day_start: 08:00}", "devices:"]
    for number, port in enumerate(devices.ports):
        lines.append(f"  - {{id: d{number}, protocol: modbus, host: 127.0.0.1, port: {port}, poll_s: {poll_s},")
        lines.append(f"     tags: d{number}.csv}}")
        rows = ["name,work_unit,role,table,address,type"]
        for row, (kind, at) in enumerate(devices.registers.addresses()):
            rows.append(f"d{number}.t{row},unit{number},other,holding,{at},{kind}")
        (folder / f"d{number}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    site = folder / "site.yaml"
    site.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return site


def run_daemon(folder: Path, devices: Devices, poll_s: float, window_s: float) -> DaemonRun:
    """Collect for a while; measured from `WARM_S` after all devices are connected."""
    folder.mkdir()
    site, store = write_site(folder, devices, poll_s), folder / "plant.db"
    with running(smartwings("run", site), folder, MEASURED) as daemon:
        until_connected(store)
        time.sleep(WARM_S)
        clear_of_sealing(window_s)
        before, used_s = _status(store), cpu_s(daemon.pid)
        begun_us, begun_s = time.time_ns() // 1000, time.monotonic()
        time.sleep(window_s)
        end_us, took_s, used_s = time.time_ns() // 1000, time.monotonic() - begun_s, cpu_s(daemon.pid) - used_s
        after, memory_mb, most_mb = _status(store), rss_mb(daemon.pid), rss_mb(daemon.pid, peak=True)
    counts = stored_counts(store, begun_us, end_us)
    slots = took_s / poll_s
    return DaemonRun(
        asked=round(slots * len(counts)),
        stored=int(counts.sum()),
        unlike=int(np.count_nonzero(np.abs(counts - slots) > 1 + slots * 0.0001)),
        late=_late(after) - _late(before),
        gaps=gaps_within(store, begun_us, end_us),
        used_s=used_s,
        took_s=took_s,
        rss_mb=memory_mb,
        most_mb=most_mb,
    )


def _status(store: Path) -> dict[str, Any]:
    """What `smartwings status --json` says, without loading the settings of so many tags each time."""
    answer = ask(store, {"command": "status"})
    return answer["status"] if answer else {"devices": []}


def until_connected(store: Path, longest_s: float = 300.0) -> None:
    """Wait until every device has readings. Raises SystemExit."""
    end_s = time.monotonic() + longest_s
    while True:
        devices = _status(store)["devices"]
        if devices and all(device["connected"] and device["readings"] for device in devices):
            return
        if time.monotonic() > end_s:
            raise SystemExit(f"the daemon does not collect: {store.with_name('output.log').read_text()[-2000:]}")
        time.sleep(0.5)


def clear_of_sealing(window_s: float) -> None:
    """Wait, should an hour be sealed within the window."""
    behind_s = (time.time() - SEALED_AT_S) % 3600
    if behind_s < 90 or behind_s + window_s > 3600:
        time.sleep((90 - behind_s) % 3600)


def _late(state: dict[str, Any]) -> int:
    return sum(device["polls_late"] for device in state["devices"])


def stored_counts(store: Path, begun_us: int, end_us: int) -> np.ndarray:
    """How many readings of each tag the store has in the window."""
    with reading(store) as connection:
        ids = np.array([tag.id for tag in stored_tags(connection).values()])
        counts = np.zeros(ids.max() + 1, dtype=np.int64)
        for payload in connection.exec_driver_sql("select payload from journal").scalars():
            entry = unpack(payload)
            times = entry.readings.times_us
            within = (times >= begun_us) & (times < end_us) & ~np.isnan(entry.readings.values)
            counts += np.bincount(entry.tag_ids[within], minlength=len(counts))
        for tag_id in set(map(tag_of, connection.exec_driver_sql("select key from chunk").scalars())):
            chunks = stored_chunks(connection, tag_id, begun_us // 1_000_000, -(-end_us // 1_000_000))
            counts[tag_id] += len(readings_of(chunks).within(begun_us, end_us))
    return counts[ids]


def gaps_within(store: Path, begun_us: int, end_us: int) -> int:
    """How many gaps reach into the window."""
    with reading(store) as connection:
        return len(gaps.overlapping(connection, begun_us, end_us))


def disk_of(folder: Path) -> str:
    """What kind of file system the store lies on; a store in memory would be no measurement."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    over = [(len(at), kind) for at, kind in mounts if os.path.commonpath([at, folder.resolve()]) == at]
    return max(over)[1]
