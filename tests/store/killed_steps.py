"""A renewal with its salvage, or an import, killed before the first of its steps, then before the second, and so on.

killed_steps.py salvage|import FOLDER FIRST EVERY: what a writer that goes on makes of it each time, as a line of JSON;
the last line is of the work that nobody killed. It runs as a process of its own, since it forks.
"""

import asyncio
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from renewed import PAGE, filled, go_on, spoil_pages
from sqlalchemy.engine.default import DefaultDialect
from stored import DAY_US, MONDAY_US, arrive, some_readings

from collector.import_merging import merge_left
from collector.store import gaps, pending_import, salvage
from collector.store.account import account
from collector.store.exchange import new_beside, unsalvaged
from collector.store.pending_import import ImportWriter
from collector.store.readings import series
from collector.store.store import reading, transaction, writing
from collector.store.tags import stored_tags
from collector.store.verification import verified
from collector.store.writer import Writer

FILES = {"os.rename", "os.remove"}
END = 9
FOR_EVER_US = 2**62
ACKNOWLEDGED_US = MONDAY_US + 98 * DAY_US
REPLACED = range(MONDAY_US, MONDAY_US + DAY_US, DAY_US // 2400)


def end_at(step: int) -> None:
    """Kill this process before a step: a commit, a sync, a rename or an unlink."""
    left = [step]

    def count() -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(work: Callable[..., None]) -> Callable[..., None]:
        def first(*arguments: Any) -> None:
            count()
            work(*arguments)

        return first

    sys.addaudithook(lambda event, _: count() if event in FILES else None)
    os.fsync = counted(os.fsync)
    DefaultDialect.do_commit = counted(DefaultDialect.do_commit)  # type: ignore[method-assign]


def import_begun(store: Path, value: float) -> None:
    """Some days of two tags, which an import puts in the place of what is there."""
    writer = ImportWriter(store, MONDAY_US + 100 * DAY_US, replace=True)
    for tag_id in (1, 2):
        for at in range(0, len(REPLACED), 300):
            times = REPLACED[at : at + 300]
            writer.add(tag_id, 0, some_readings(times, [value] * len(times)))
    writer.commit()


def made(store: Path, is_damaged: bool) -> None:
    """Make a store that an import replaced readings of, and a collector was killed with a commit in its log alone."""
    filled(store)
    import_begun(store, 5.0)
    if os.fork() == 0:
        with writing(store) as connection:
            with transaction(connection):
                arrive(connection, {2: some_readings([ACKNOWLEDGED_US], [98.0])})
            os._exit(0)
    os.wait()
    if is_damaged:
        with closing(sqlite3.connect(f"file:{store}?immutable=1", uri=True)) as connection:
            (gap,) = connection.execute("select rootpage from sqlite_master where name = 'gap'").fetchone()
        spoil_pages(store, [gap - 1, store.stat().st_size // PAGE // 2])


async def merged(store: Path) -> None:
    """What a collector does with imports that count."""
    writer = Writer(store)
    writer.open()
    try:
        await merge_left(writer)
    finally:
        writer.close()


async def imported(store: Path) -> None:
    import_begun(store, 6.0)
    await merged(store)


def stands(store: Path) -> dict[str, Any]:
    """What is there in the end; readings as a digest of each tag's."""
    with reading(store) as connection:
        found = {name: series(connection, tag.id, 0, FOR_EVER_US) for name, tag in stored_tags(connection).items()}
        digests = {
            name: hashlib.sha256(one.times_us.tobytes() + one.values.tobytes()).hexdigest()
            for name, one in found.items()
        }
        counted = account(connection)
        return {
            "readings": digests,
            "count": sum(map(len, found.values())),
            "acknowledged": ACKNOWLEDGED_US in found["tag1"].times_us,
            "missing": counted.missing,
            "damaged": counted.damaged,
            "replaced": counted.replaced,
            "kept": connection.exec_driver_sql("select count(*) from replaced").scalar_one(),
            "gaps": sorted({f"{one.tag} {one.start_us}" for one in gaps.overlapping(connection, 0, FOR_EVER_US)}),
            "faults": [str(one) for one in verified(connection).faults],
            "left": [one.name for one in (*unsalvaged(store), new_beside(store)) if one.exists()]
            + [one.name for one in store.parent.glob(f"{store.name}.import-*")],
        }


def killed(work: Callable[[Path], Awaitable[None]], store: Path, step: int) -> bool:
    """Whether a child was killed before a step; False: it had no more steps."""
    child = os.fork()
    if child == 0:
        end_at(step)
        asyncio.run(work(store))  # type: ignore[arg-type]
        os._exit(END)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (END, -signal.SIGKILL), code
    return code != END


WORK: dict[str, tuple[Callable[[Path], Awaitable[None]], Callable[[Path], Awaitable[None]]]] = {
    "salvage": (go_on, go_on),
    "import": (imported, merged),
}
"""What is killed, and what goes on afterwards."""


def main(what: str, folder: Path, first: int, every: int) -> None:
    pending_import.AT_ONCE, salvage.AT_ONCE = 1_000, 10_000
    whole, work = folder / "whole", folder / "work"
    whole.mkdir()
    made(whole / "plant.db", is_damaged=what == "salvage")
    step, cut_off = first, True
    while cut_off:
        shutil.copytree(whole, work)
        cut_off = killed(WORK[what][0], work / "plant.db", step)
        asyncio.run(WORK[what][1](work / "plant.db"))  # type: ignore[arg-type]
        sys.stdout.write(json.dumps({"killed": cut_off, "step": step, **stands(work / "plant.db")}) + "\n")
        sys.stdout.flush()
        shutil.rmtree(work)
        step += every


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
