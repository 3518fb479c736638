"""A collector on a disk of its own that is filled and emptied again, and what it acknowledged meanwhile."""

import asyncio
import errno
import os
import subprocess
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from collector import acquisition, daemon, opening
from collector.acquisition import now_us
from collector.disk_watch import DiskWatch
from collector.store import events
from collector.store.store import reading
from config.load import load_site
from connectors.connector import Handover
from connectors.device_health import DeviceHealth
from plant.gap import Gap
from plant.reading import Batch

SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///disk/plant.db"}
devices:
  - {id: press, protocol: modbus, host: 127.0.0.1, tags: [
      {name: good, work_unit: p, role: good_count, table: holding, address: 0, type: uint32}]}
"""
LONGEST_S = 60.0


@contextmanager
def small_disk(folder: Path, mib: int = 24) -> Iterator[Path]:
    """A file system of so many MiB in memory; skips the test where mounting is not allowed."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "none", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with suppress(OSError), (disk / "other").open("ab", buffering=0) as other:
        for size in (1 << 20, 4096):
            while other.write(bytes(size)) == size:
                pass


class _Device:
    """Hands over one reading after another, and counts those that it was told are kept."""

    def __init__(self) -> None:
        self.health, self.kept = DeviceHealth(), 0

    def fill(self, missed: Iterable[Gap]) -> None:
        """It remembers nothing."""

    def _keep(self) -> None:
        self.kept += 1

    async def batches(self) -> AsyncGenerator[Handover, None]:
        zero, at_us = np.zeros(1, np.uint32), now_us()
        while True:
            at_us = max(at_us + 1, now_us())
            times = np.array([at_us], np.int64)
            batch = Batch("press", ("good",), zero, times, np.array([1.0]), zero, at_us, np.zeros(1, np.int64))
            yield Handover(batch, at_us, done=self._keep)
            await asyncio.sleep(0.01)


def filled_again_and_again(folder: Path, disk: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Run the collector while its disk is filled so often; readings acknowledged, and readings stored."""
    device = _Device()
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    monkeypatch.setattr(acquisition, "RETRY_S", 0.05)
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    monkeypatch.setattr(daemon, "open_connectors", lambda *_: {"press": device})

    async def run() -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        fill(disk)  # a start on a full disk waits
        running = asyncio.create_task(
            daemon.run(load_site(folder / "site.yaml"), folder / "site.yaml", stop, ready.set)
        )
        await asyncio.sleep(0.3)
        assert not running.done()
        assert not ready.is_set()
        (disk / "other").unlink()
        await asyncio.wait_for(ready.wait(), LONGEST_S)
        for at in range(times):
            kept = device.kept
            await _until(lambda: device.kept > kept + 5)  # noqa: B023
            assert (disk / "plant.db.ballast").exists()
            fill(disk)
            await _until(lambda: _full(disk) == at + 1)  # noqa: B023
            kept = device.kept
            await asyncio.sleep(0.5)
            assert device.kept == kept
            (disk / "other").unlink()
        kept = device.kept
        await _until(lambda: device.kept > kept)
        stop.set()
        await running

    asyncio.run(run())
    with reading(disk / "plant.db") as connection:
        return device.kept, connection.exec_driver_sql("select sum(readings) from journal").scalar_one()


def started_while_the_disk_fills(folder: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let the disk fill up once the store is open and before the start is noted; what is noted once there is room."""
    filled, starts = asyncio.Event(), [True]

    def connectors(*_: object) -> dict[str, _Device]:
        if starts:
            starts.pop()
            fill(disk)
            filled.set()
        return {"press": _Device()}

    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    monkeypatch.setattr(daemon, "open_connectors", connectors)

    async def run() -> None:
        stop, ready = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(
            daemon.run(load_site(folder / "site.yaml"), folder / "site.yaml", stop, ready.set)
        )
        await asyncio.wait_for(filled.wait(), LONGEST_S)
        await asyncio.sleep(0.3)
        assert not running.done()
        assert not ready.is_set()
        (disk / "other").unlink()
        await asyncio.wait_for(ready.wait(), LONGEST_S)
        stop.set()
        await running

    asyncio.run(run())
    with reading(disk / "plant.db") as connection:
        return [kind for _, kind, _ in events.last(connection, 10) if kind == "start"]


def _full(disk: Path) -> int:
    with reading(disk / "plant.db") as connection:
        return connection.exec_driver_sql("select count(*) from event where kind = 'disk full'").scalar_one()


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not holds():  # noqa: ASYNC110 - what is waited for says nothing
            await asyncio.sleep(0.05)


def released_at_full(disk: Path) -> DiskWatch:
    """A watch that made its ballast and then saw the disk full."""
    watch = DiskWatch(disk / "plant.db")
    watch.look()
    assert watch.ballast.exists()
    fill(disk)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "more").write_bytes(bytes(4096))
    watch.look()
    return watch
