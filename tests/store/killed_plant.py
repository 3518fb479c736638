"""What is a process killed at? At named moments of collecting and housekeeping, hooked in from here.

One process, which has imported everything, forks a child for each kill; a child collects from a device (the real
acquisition, writer and housekeeping) until SIGKILL meets it, and the next one goes on with what was not acknowledged.
As a script: folder, kills, seed; says as JSON how often each moment was met.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from guards import take_out_asked_guard

if __name__ == "__main__":
    take_out_asked_guard()

import numpy as np
from model import outside_transactions, raw_count, tag_ids
from sqlalchemy import Connection
from stored import DAY_US, MONDAY_US, with_tags

from collector import acquisition, housekeeping
from collector.store import readings, writer
from collector.store.gathering import gather
from collector.store.store import writing
from collector.store.tags import stored_tags
from connectors.connector import Handover
from plant.reading import Batch

STEP_US = 1_500_000_000
ROWS = 4
KEEP_DAYS = 2
HANDOVERS = 12
OF_ONE_STORE = 40

PASSED = ("received", "before commit", "after commit", "before done", "checkpoint")
STATEMENTS = ("commit", "gather", "seal", "merge", "forget")
MOMENTS = PASSED + STATEMENTS


@dataclass
class _Victim:
    """The child itself: it ends when a moment was passed so many times. doing: the moment whose statements count."""

    moment: str
    left: int
    doing: str = ""

    def passed(self, moment: str) -> None:
        if moment == self.moment:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def _collect(path: Path, victim: _Victim, first: int, acknowledged: int) -> None:
    """A collector's life, from a handover on; numbers of acknowledged ones are written to a file."""
    _hook_commits(victim)
    store = writer.Writer(path)
    store.open()
    asyncio.run(_live(store, victim, first, acknowledged))
    store.close()


def _hook_commits(victim: _Victim) -> None:
    real = writer.transaction

    @contextmanager
    def transaction(connection: Connection) -> Iterator[None]:
        with real(connection):
            yield
            victim.passed("before commit")
        victim.passed("after commit")

    writer.transaction = transaction
    acquisition.COMMIT_S = 0.001
    take = acquisition.Acquisition._take

    async def taken(self: acquisition.Acquisition) -> Any:
        found = await take(self)
        victim.passed("received")
        victim.doing = "commit"
        return found

    acquisition.Acquisition._take = taken  # type: ignore[method-assign]


class _Device:
    """Hands over what was not acknowledged before, and waits now and then for housekeeping."""

    def __init__(self, store: writer.Writer, victim: _Victim, first: int, out: int) -> None:
        self.store, self.victim, self.first, self.out = store, victim, first, out
        self.turn = asyncio.Event()

    async def batches(self) -> AsyncGenerator[Handover, None]:
        for number in range(self.first, self.first + HANDOVERS):
            yield self._handover(number)
            if number % 3 == 0:
                self.turn.clear()
                await self.turn.wait()
        await asyncio.Event().wait()

    def fill(self, gaps: object) -> None:
        """It has no memory."""

    def _handover(self, number: int) -> Handover:
        def done() -> None:
            self.victim.passed("before done")
            os.write(self.out, struct.pack("<q", number))

        times = np.repeat(times_of(number), 2)
        zeros = np.zeros(len(times), dtype=np.int64)
        tags = np.tile(np.arange(2, dtype=np.uint32), ROWS)
        values = np.full(len(times), float(number))
        batch = Batch("press", ("tag0", "tag1"), tags, times, values, zeros.astype(np.uint32), int(times[-1]), zeros)
        return Handover(batch, known_until_us=int(times[-1]), done=done)


def times_of(number: int) -> Any:
    """Times of the readings of a handover."""
    return MONDAY_US + number * STEP_US + np.arange(ROWS) * 1000


async def _live(store: writer.Writer, victim: _Victim, first: int, out: int) -> None:
    tags = await store.read(stored_tags)
    await store.call(lambda connection: _count_statements(connection, victim))
    collecting = acquisition.Acquisition(store, tags)
    device = _Device(store, victim, first, out)
    tasks = [
        asyncio.create_task(collecting.read("press", device)),  # type: ignore[arg-type]
        asyncio.create_task(collecting.commit()),
    ]
    for task in tasks:
        task.add_done_callback(_die_with)
    for number in range(first, first + HANDOVERS, 3):
        await asyncio.sleep(0.02)
        await collecting.drained(None)
        await _keep_house(store, victim, int(times_of(number)[0]))
        device.turn.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _die_with(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.print_stack()
        os._exit(2)


def _count_statements(connection: Connection, victim: _Victim) -> None:
    driver: Any = connection.connection.driver_connection
    driver.execute("pragma cache_size = 10")  # what is not committed reaches the file too
    driver.set_trace_callback(lambda _: victim.moment in STATEMENTS and victim.passed(victim.doing))


async def _keep_house(store: writer.Writer, victim: _Victim, now_us: int) -> None:
    steps: dict[str, Callable[[Connection, int], int | None]] = {
        "gather": lambda connection, _: gather(connection) or None,
        "seal": lambda connection, at: housekeeping.seal_next(connection, now_us, at),
        "merge": lambda connection, at: housekeeping.merge_next_days(connection, now_us, at),
        "forget": lambda connection, at: housekeeping.forget_next(connection, now_us, KEEP_DAYS, at),
    }
    for name, step in steps.items():
        victim.doing = name
        at: int | None = 0
        while at is not None:
            at = await store.write(lambda connection, step=step, at=at: step(connection, at))  # type: ignore[misc]
    victim.doing = ""
    if victim.moment == "checkpoint" and random.random() < 0.5:
        await store.call(lambda connection: _checkpoint(connection, victim))


def _checkpoint(connection: Connection, victim: _Victim) -> None:
    """SQLite tells nobody where it is in a checkpoint, so the moment in it is drawn."""
    wait_s = random.random() * 0.004

    def kill() -> None:
        time.sleep(wait_s)
        victim.passed("checkpoint")

    victim.left = 1
    thread = threading.Thread(target=kill)
    thread.start()
    outside_transactions(connection, "pragma wal_checkpoint(truncate)")
    thread.join()


def _told(path: Path) -> set[int]:
    raw = path.read_bytes()
    return {number for (number,) in struct.iter_unpack("<q", raw[: len(raw) // 8 * 8])}


def check(path: Path, acknowledged: set[int]) -> int:
    """That what was acknowledged is stored, each handover wholly or not, and nothing twice; the newest one stored."""
    with writing(path) as connection:
        assert connection.exec_driver_sql("pragma integrity_check").scalar() == "ok"
        found = [readings.series(connection, tag_id, -(2**60), 2**60) for tag_id in tag_ids(connection)]
        assert found[0].times_us.tolist() == found[1].times_us.tolist()
        stored = sorted({int(value) for value in found[0].values})
        assert stored == list(range(stored[0], stored[-1] + 1)) if stored else True, stored
        times = np.concatenate([times_of(number) for number in stored]) if stored else []
        assert found[0].times_us.tolist() == list(times)
        raw, count = raw_count(connection), 2 * len(found[0])
        connection.rollback()
    newest = stored[-1] if stored else -1
    oldest_us = (int(times_of(newest)[0]) - KEEP_DAYS * DAY_US) // DAY_US * DAY_US
    wanted = {number for number in acknowledged if times_of(number)[0] >= oldest_us}
    assert wanted <= set(stored), sorted(wanted - set(stored))
    # One that was stored, but not acknowledged, comes again.
    assert count <= raw <= count + 2 * ROWS * HANDOVERS
    return newest


def kill_often(folder: Path, kills: int, seed: int) -> Counter[str]:
    """Kill so many children, each at the next moment; how often each moment was met. Raises AssertionError."""
    chance, met = random.Random(seed), Counter[str]()
    path, told = folder / "plant.db", folder / "acknowledged"
    tries = 0
    while sum(met.values()) < kills:
        if tries % OF_ONE_STORE == 0:
            for old in folder.glob("*"):
                old.unlink()
            told.touch()
            with writing(path) as connection:
                with_tags(connection, 2)
        moment = MOMENTS[tries % len(MOMENTS)]
        tries += 1
        most = {"before commit": 20, "after commit": 20, "checkpoint": 1, "commit": 60}.get(moment, 12)
        met[moment] += _child(path, told, _Victim(moment, chance.randint(1, most)), chance.random())
        check(path, _told(told))
        assert tries < 4 * kills + 100, met
    return met


def _child(path: Path, told: Path, victim: _Victim, seed: float) -> bool:
    """Whether it was killed, as it was to be. Raises AssertionError if it ended otherwise."""
    first = max(_told(told), default=-1) + 1
    child = os.fork()
    if child == 0:
        code = 1
        with suppress(BaseException):
            signal.alarm(60)  # one that hangs is noticed
            random.seed(seed)
            _collect(path, victim, first, os.open(told, os.O_WRONLY | os.O_APPEND))
            code = 0
        os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), status
    return os.WIFSIGNALED(status)


def kills(folder: Path, count: int, seed: int) -> dict[str, int]:
    """The same in a process of its own, which forks: that of the tests has threads."""
    command = [sys.executable, __file__, folder, str(count), str(seed)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    work = Path(sys.argv[1])
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(json.dumps(kill_often(work, int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
