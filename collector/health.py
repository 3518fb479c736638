"""Is the collector well, and if not, why? One snapshot that the page, `status` and metrics show."""

import os
import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from collector.disk import Level
from collector.store.wal import TOLD_BYTES
from connectors.device_health import DeviceHealth
from plant.instant import US_PER_S

LEAST_FREE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a running collector at an instant [us].

    store_fault: why readings cannot be stored. task_faults: failures of its tasks, by name. clock_offset_s: how far
    the wall clock stepped since the start. free_share: of the disk that holds the store. report_fault: why reports
    cannot be sent. failed_reports: those that could not be made, and why. waiting_handovers: what devices brought and
    is not committed yet. last_commit_s: how long the last commit took. clock_stepped_us: when the clock was set last.
    report_fault_us: since when. site_sha256: of the site file that it was started with.
    disk_level: of the disk of the store. wal_bytes: of its write-ahead log. damaged_rows, damaged_readings: set aside
    in the last 7 days, and what they were said to hold. renewed: the damaged file that a new store replaced.
    clock_doubt: why the clock is not trusted. readings_undated: not stored because of that. loop_late_s: the worst that
    the event loop was late in the last minute and the last hour. written_bytes: what this process had written to disks
    since it started; None where the system does not say.
    """

    at_us: int
    started_us: int
    devices: dict[str, DeviceHealth]
    committed: int
    waiting_reports: int | None
    free_share: float
    clock_offset_s: float
    store_fault: str | None = None
    report_fault: str | None = None
    failed_reports: dict[str, str] = field(default_factory=dict)
    task_faults: dict[str, int] = field(default_factory=dict)
    recent_faults: dict[str, str] = field(default_factory=dict)
    waiting_handovers: int = 0
    last_commit_us: int | None = None
    last_commit_s: float | None = None
    last_seal_us: int | None = None
    clock_stepped_us: int | None = None
    report_fault_us: int | None = None
    free_bytes: int | None = None
    memory_bytes: int | None = None
    site_sha256: str = ""
    disk_level: Level = Level.OK
    wal_bytes: int = 0
    damaged_rows: int = 0
    damaged_readings: int = 0
    renewed: str = ""
    clock_doubt: str | None = None
    readings_undated: int = 0
    loop_late_s: tuple[float, float] = (0.0, 0.0)
    written_bytes: int | None = None

    def reasons(self) -> list[str]:
        """Why the collector is not well, in plain words; empty when it is."""
        found = []
        for name, device in self.devices.items():
            if device.connected_since_us is None:
                state = "silent" if device.is_silent else "not connected"
                found.append(f"{name}: {state}: {device.last_error or 'no answer yet'}")
        if self.clock_doubt:
            found.append(f"clock not trusted: {self.clock_doubt}; {self.readings_undated} readings were not stored")
        if self.store_fault:
            found.append(f"readings cannot be stored: {self.store_fault}")
        if self.report_fault:
            found.append(f"reports cannot be sent: {self.report_fault}")
        found += [f"report {name} cannot be made: {why}" for name, why in self.failed_reports.items()]
        if self.free_share < LEAST_FREE_SHARE or self.disk_level > Level.OK:
            found.append(f"disk: only {self.free_share:.1%} free")
        if self.wal_bytes > TOLD_BYTES:
            found.append(f"store: its write-ahead log has {self.wal_bytes >> 20} MiB: a reader holds on to it")
        if self.damaged_rows:
            found.append(f"store: {self.damaged_rows} damaged rows were set aside in the last 7 days")
        if self.renewed:
            found.append(f"store: its file was damaged and is kept as {self.renewed}; a new one was begun")
        found += [f"{name}: {fault}" for name, fault in self.recent_faults.items()]
        return found

    @property
    def written_bytes_a_reading(self) -> float | None:
        """Bytes written to disk for each reading that was committed since the start: what a flash card wears by.
        None without readings, or where the system does not say."""
        if self.written_bytes is None or not self.committed:
            return None
        return round(self.written_bytes / self.committed, 1)

    def as_json(self) -> dict[str, Any]:
        """The snapshot as `/health` and `status --json` give it."""
        return {
            "running": True,
            "well": not self.reasons(),
            "reasons": self.reasons(),
            "up_s": (self.at_us - self.started_us) / US_PER_S,
            "readings_committed": self.committed,
            "reports_waiting": self.waiting_reports,
            "disk_free_ratio": round(self.free_share, 4),
            "clock_offset_s": round(self.clock_offset_s, 3),
            "clock_trusted": self.clock_doubt is None,
            "readings_undated": self.readings_undated,
            "loop_late_minute_s": round(self.loop_late_s[0], 3),
            "loop_late_hour_s": round(self.loop_late_s[1], 3),
            "disk_written_bytes": self.written_bytes,
            "disk_written_bytes_per_reading": self.written_bytes_a_reading,
            "task_faults": self.task_faults,
            "devices": [{"id": name, **device.as_json()} for name, device in self.devices.items()],
        }

    def in_full(self) -> dict[str, Any]:
        """All of it but the devices' own words, as the plant engineer's page shows it."""
        without = {"devices", "committed", "waiting_reports", "free_share", "task_faults"}
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in without}
        return {**plain, "devices": {name: device.in_full() for name, device in self.devices.items()}}


def free_share(path: Path) -> float:
    """Share of the disk that is free, 0 to 1."""
    usage = shutil.disk_usage(path.parent)
    return usage.free / usage.total


def free_bytes(path: Path) -> int:
    """What is free on the disk of a file [bytes]."""
    return shutil.disk_usage(path.parent).free


def memory_bytes() -> int | None:
    """Memory that this process takes (resident set) [bytes]; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def written_bytes() -> int | None:
    """What this process has had written to disks since it started [bytes], as Linux counts it; None elsewhere."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))
    except (OSError, StopIteration, IndexError, ValueError):
        return None
