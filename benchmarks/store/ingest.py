"""How fast does a store take readings, each commit durable? ingest.py NAME FOLDER TAGS RATE SECONDS, RATE 0: flat out.

NAME is "ours" (a Writer; the journal is gathered and hours are sealed in the background, as by the daemon) or
"row table". Each commit has what came in 100 ms. Time in the store runs as if every tag were read once a second, so
that hours are over and sealed at any rate. What is to be sealed at the end is, before the clock stops. Prints JSON.
"""

import asyncio
import json
import resource
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
from sqlalchemy import Connection
from store import row_table
from store.mix import JITTER_US, LAG_US, START_US, TAGS_A_DEVICE, US_PER_S, Mix

from collector import housekeeping
from collector.background import _bit_by_bit
from collector.store import readings
from collector.store.gathering import gather
from collector.store.journal import JournalEntry
from collector.store.store import reading, transaction
from collector.store.tags import register
from collector.store.writer import Writer
from plant.reading import Readings

COMMIT_S = 0.1
GATHER_S, SEAL_S = 20.0, 5.0
POOL_POLLS = 900
FLAT_OUT_READINGS = 20_000


class Polls:
    """Polls of all tags, one a second, for ever; values come again after a quarter of an hour, shifted."""

    def __init__(self, tags: int) -> None:
        mix = Mix(tags, 1.0)
        self._values = np.array([mix.readings(tag, START_US, POOL_POLLS).values for tag in range(tags)]).T.copy()
        rng = np.random.default_rng(1)
        devices = -(-tags // TAGS_A_DEVICE)
        self._late = np.abs(rng.normal(0, JITTER_US, (POOL_POLLS, devices))).astype(np.int64)
        self._lag = rng.gamma(2, LAG_US / 2, (POOL_POLLS, devices)).astype(np.int64)
        self._device = np.arange(tags) // TAGS_A_DEVICE
        self._tags = tags
        self.poll = 0

    def entry(self, polls: int, ids: np.ndarray) -> JournalEntry:
        """The next polls, poll by poll."""
        at = np.arange(self.poll, self.poll + polls)
        rows = at % POOL_POLLS
        times = (START_US + at * US_PER_S)[:, None] + self._late[rows][:, self._device]
        received = times + self._lag[rows][:, self._device]
        values = self._values[rows] + (at // POOL_POLLS)[:, None]
        self.poll += polls
        n = polls * self._tags
        zero = np.zeros(n, dtype=np.int64)
        found = Readings(times.ravel(), values.ravel(), zero.astype(np.uint32), received.ravel(), zero)
        return JournalEntry(np.tile(ids, polls), found)

    @property
    def now_us(self) -> int:
        """The time in the store."""
        return START_US + self.poll * US_PER_S


Commit = Callable[[JournalEntry], Awaitable[None]]


async def feed(polls: Polls, ids: np.ndarray, rate: float, seconds: float, commit: Commit) -> dict[str, float]:
    """Commit after commit; how long they took and how late they were."""
    most = max(1, round((rate * COMMIT_S if rate else FLAT_OUT_READINGS) / len(ids)))
    took: list[float] = []
    begun_s, due_s, count = time.monotonic(), time.monotonic(), 0
    while time.monotonic() - begun_s < seconds:
        entry = polls.entry(most, ids)
        if rate:
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        else:
            due_s = time.monotonic()
        await commit(entry)
        took.append(time.monotonic() - due_s)
        count += len(entry)
        due_s += most * len(ids) / rate if rate else 0.0
    return {"readings": count, "p50_ms": 1000 * float(np.median(took)), "p99_ms": 1000 * float(np.quantile(took, 0.99))}


async def ours(folder: Path, tags: int, rate: float, seconds: float) -> dict[str, float]:
    """The journal, gathered and sealed."""
    polls, writer = Polls(tags), Writer(folder / "plant.db")
    writer.open()
    stored = await writer.write(lambda connection: register(connection, Mix(tags, 1.0).registered()))
    ids = np.array([tag.id for tag in stored.values()], dtype=np.uint32)

    async def commit(entry: JournalEntry) -> None:
        await writer.write(lambda connection: readings.append(connection, entry))

    async def every(pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(pause_s)
            await work()

    async def gather_all() -> None:
        await _bit_by_bit(writer, 0, lambda connection, _: gather(connection) or None)

    async def seal() -> None:
        await _bit_by_bit(writer, 0, lambda connection, tag: housekeeping.seal_next(connection, polls.now_us, tag))

    usage = resource.getrusage(resource.RUSAGE_SELF)
    begun_cpu_s, begun_s, written = usage.ru_utime + usage.ru_stime, time.monotonic(), _written()
    background = [asyncio.create_task(every(GATHER_S, gather_all)), asyncio.create_task(every(SEAL_S, seal))]
    found = await feed(polls, ids, rate, seconds, commit)
    for task in background:
        task.cancel()
    await asyncio.gather(*background, return_exceptions=True)
    await writer.call(lambda connection: _rest(connection, polls.now_us))
    found |= _used(begun_s, begun_cpu_s, found["readings"], written)
    writer.close()
    with reading(folder / "plant.db") as connection:
        held = connection.exec_driver_sql(
            "select sum(readings) from (select readings from chunk union all select readings from journal)"
        ).scalar_one()
    if held != found["readings"]:
        raise SystemExit(f"{found['readings']} readings went in, {held} are there")
    return found


def _rest(connection: Connection, now_us: int) -> None:
    """Gather and seal what is left, bit by bit as in the background, without a pause."""
    at: int | None = 1
    while at:
        with transaction(connection):
            at = gather(connection)
    at = 0
    while at is not None:
        with transaction(connection):
            at = housekeeping.seal_next(connection, now_us, at)


async def rows(folder: Path, tags: int, rate: float, seconds: float) -> dict[str, float]:
    """A row a reading."""
    polls, ids = Polls(tags), np.arange(tags, dtype=np.uint32)
    with ExitStack() as stack:
        connection = stack.enter_context(row_table.opened(folder / "rows.db"))

        async def commit(entry: JournalEntry) -> None:
            row_table.append(connection, entry)

        usage = resource.getrusage(resource.RUSAGE_SELF)
        begun_cpu_s, begun_s, written = usage.ru_utime + usage.ru_stime, time.monotonic(), _written()
        found = await feed(polls, ids, rate, seconds, commit)
        return found | _used(begun_s, begun_cpu_s, found["readings"], written)


def _used(begun_s: float, begun_cpu_s: float, count: float, written: int) -> dict[str, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    took_s, cpu_s = time.monotonic() - begun_s, usage.ru_utime + usage.ru_stime - begun_cpu_s
    return {
        "values_per_s": count / took_s,
        "cpu_s_per_million": 1e6 * cpu_s / count,
        "cores": cpu_s / took_s,
        "rss_mb": usage.ru_maxrss / 1024,
        "written_bytes": (_written() - written) / count,
    }


def _written() -> int:
    """Bytes that this process sent to the disk, pages of the file and its log alike."""
    lines = Path("/proc/self/io").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


def main() -> None:
    """Run one."""
    name, folder, tags, rate, seconds = sys.argv[1], Path(sys.argv[2]), *map(float, sys.argv[3:6])
    folder.mkdir()
    found = asyncio.run({"ours": ours, "row table": rows}[name](folder, int(tags), rate, seconds))
    shutil.rmtree(folder)
    print(json.dumps(found), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
