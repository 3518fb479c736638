"""What does it cost to seal an hour and to merge a day? On a store of its own: sealing.py FOLDER TAGS PERIOD_S HOURS.

The journal is filled with the readings of an hour and gathered as by the daemon, which is not measured
here; then the daemon's own work is done under a clock that says that the hour is over. Where there are 24 of them, the
day is merged. Prints the CPU [s] and the memory that it took.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
from modbus.registers import by_type, live_values

from collector import background
from collector.clock_trust import ClockTrust
from collector.schedule import Schedule
from collector.store import readings as stored_readings
from collector.store.journal import JournalEntry
from collector.store.tags import register
from collector.store.writer import Writer
from config.load import load_site
from plant.reading import Readings
from plant.tag import Role, Tag

US_PER_S = 1_000_000
HOUR_US, DAY_US = 3600 * US_PER_S, 86400 * US_PER_S
VERSIONS = 600
START_US = 20_000 * DAY_US
SITE = "plant: {id: kr-bench-0005, time_zone: Asia/Seoul, production_day_start: 08:00}\ndevices: []\n"


class Sealing:
    """A store, and the daemon's background work on it at any time."""

    def __init__(self, folder: Path) -> None:
        (folder / "site.yaml").write_text(SITE, encoding="utf-8")
        self.writer = Writer(folder / "plant.db")
        self.writer.open()
        site = load_site(folder / "site.yaml")
        self._schedule: Schedule = background.background(site, folder, self.writer, None, ClockTrust())
        self._work = {name: work for name, work, _ in self._schedule._jobs}

    async def tags(self, count: int) -> np.ndarray:
        """Ids of so many new tags."""
        named = [("d", Tag(f"t{n}", "w", Role.OTHER, "")) for n in range(count)]
        stored = await self.writer.write(lambda connection: register(connection, named))
        return np.array([tag.id for tag in stored.values()], dtype=np.uint32)

    async def work(self, name: str, at_us: int) -> float:
        """Do work of the background as if it were a certain time; the CPU that it took [s]."""
        background.now_us = lambda: at_us  # type: ignore[attr-defined]
        begun_s = time.process_time()
        await self._work[name]()
        if self._schedule.failing:
            raise SystemExit(f"{self._schedule.failing}")
        return time.process_time() - begun_s

    async def fill(self, ids: np.ndarray, period_s: float, start_us: int) -> int:
        """An hour of readings of all tags; how many."""
        found, count = entries(ids, period_s, start_us), 0
        polls = max(round(10 / period_s), 20_000 // len(ids))
        while commits := list(islice(found, polls)):
            await self.writer.write(lambda connection: [stored_readings.append(connection, one) for one in commits])
            await self.work("gather journal", start_us)
            count += sum(len(one) for one in commits)
        return count


def entries(ids: np.ndarray, period_s: float, start_us: int) -> Iterator[JournalEntry]:
    """One commit a poll. No values come twice, since repeats would be packed better than live ones."""
    column, zero, good = np.arange(len(ids)) % 550, np.zeros(len(ids), np.int64), np.zeros(len(ids), np.uint32)
    for poll in range(round(3600 / period_s)):
        if poll % VERSIONS == 0:
            values = live_values(by_type().runs, VERSIONS, start_us // US_PER_S + poll)
        times = start_us + round(poll * period_s * US_PER_S) + np.arange(len(ids)) // 61 * 997 + poll * 7919 % 1000
        yield JournalEntry(ids, Readings(times, values[poll % VERSIONS, column], good, times + 90, zero))


async def main() -> None:
    """Fill, then measure."""
    folder, tags, period_s, hours = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    sealing = Sealing(folder)
    ids, sealed, sealing_s, merging_s = await sealing.tags(tags), 0, 0.0, 0.0
    for hour in range(hours):
        sealed += await sealing.fill(ids, period_s, START_US + hour * HOUR_US)
        sealing_s += await sealing.work("seal hours", START_US + (hour + 1) * HOUR_US + HOUR_US // 2)
    if hours == 24:
        merging_s = await sealing.work("merge days", START_US + 2 * DAY_US)
    query = "select count(*), sum(readings), sum(length(payload)) + (select sum(length(payload)) from stamp) from chunk"
    chunks, held, size = await sealing.writer.read(lambda connection: connection.exec_driver_sql(query).one())
    assert held == sealed
    assert chunks == tags * (1 if hours == 24 else hours)
    sealing.writer.close()
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = {"readings": sealed, "seal_s": sealing_s, "merge_s": merging_s, "bytes": size / sealed, "rss_mb": memory_mb}
    print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
