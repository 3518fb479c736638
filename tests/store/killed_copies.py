"""A backup or a restore killed at the first of its steps with files, then at the second, and so on, until one ends.

killed_copies.py backup|restore STORE FILE TIME [KILLS]: what there is each time, as a line of JSON; with KILLS, so many
at random instants instead. It runs as a process of its own, since it forks.
"""

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stored import arrive, some_readings

from collector.store import reports
from collector.store.backup import back_up, verified_file
from collector.store.pending_import import ImportWriter
from collector.store.readings import series
from collector.store.restore import restore
from collector.store.store import reading, transaction, writing

STEPS = {"open", "os.rename", "os.link", "os.remove", "shutil.copyfile", "sqlite3.connect"}
END = 9


def end_at(step: int, names: tuple[str, ...]) -> None:
    left = [step]

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS and any(name in str(arguments) for name in names):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def add_and_end(what: str, store: Path, now_us: int) -> None:
    """A reading more, only in the log that a collector which is killed leaves; and an import that was cut off, which a
    backup waits for."""
    with writing(store) as connection:
        with transaction(connection):
            arrive(connection, {1: some_readings([3], [3.0])})
        if what == "restore":
            pending = ImportWriter(store, now_us, replace=False)
            pending.add(1, 0, some_readings([now_us], [99.0]))
            pending.commit()
        os._exit(0)


def stands(store: Path) -> dict[str, Any]:
    with reading(store) as connection:
        values = series(connection, 1, -(2**62), 2**62).values.tolist()
        epoch = reports.newest_epoch(connection)
    return {"values": values, "epoch": epoch, "faults": verified_file(store).fault_count}


def after_restore(store: Path, _: Path) -> dict[str, Any]:
    with writing(store):
        pass  # a collector that starts now finishes imports
    return stands(store)


def after_backup(store: Path, file: Path) -> dict[str, Any]:
    """With what the next backup makes of it."""
    found = stands(file) if file.exists() else None
    file.unlink(missing_ok=True)
    back_up(store, file, 1)
    left = [one.name for one in file.parent.glob(f"{file.name}*") if one != file]
    again = stands(file)
    file.unlink()
    return {"found": found, "again": again, "left": left, "store": stands(store)}


def killed(work: Callable[[], object], step: int, names: tuple[str, ...], within_s: float | None) -> bool:
    """Whether a child was killed at a step, or at an instant of the time that it has."""
    child = os.fork()
    if child == 0:
        if within_s is None:
            end_at(step, names)
        work()
        os._exit(END)
    if within_s is not None:
        time.sleep(random.random() * within_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (END, -signal.SIGKILL), code
    return code != END


def main(what: str, store: Path, file: Path, now_us: int, kills: int) -> None:
    if os.fork() == 0:
        add_and_end(what, store, now_us)
    os.wait()
    before = {one: one.read_bytes() for one in store.parent.glob("plant.db*") if one.suffix not in (".lock", "-shm")}
    work: dict[str, Callable[[], object]] = {
        "restore": lambda: restore(store, file, now_us),
        "backup": lambda: back_up(store, file, now_us),
    }
    after = {"restore": after_restore, "backup": after_backup}[what]
    within_s, step, cut_off = None, 0, True
    while step < kills or (not kills and cut_off):
        for one, content in before.items():
            one.write_bytes(content)
        if kills and within_s is None:
            start = time.monotonic()
            killed(work[what], 2**31, (), None)
            within_s = 1.2 * (time.monotonic() - start)
            after(store, file)
            continue
        cut_off = killed(work[what], step, ("plant.db", file.name), within_s)
        sys.stdout.write(json.dumps({"killed": cut_off, **after(store, file)}) + "\n")
        sys.stdout.flush()
        step += 1


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int((*sys.argv, 0)[5]))
