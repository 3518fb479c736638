"""A restore killed at the first of its steps with files, then at the second, and so on, until one goes to its end.

killed_restore.py STORE BACKUP TIME: what the store is each time, as a line of JSON. It runs as a process of its own,
since it forks.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from collector.store import reports
from collector.store.backup import verified_file
from collector.store.readings import series
from collector.store.restore import restore
from collector.store.store import reading

STEPS = {"open", "os.rename", "os.link", "os.remove", "shutil.copyfile", "sqlite3.connect"}


def end_at(step: int) -> None:
    left = [step]

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STEPS and "plant.db" in str(arguments):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def stands(store: Path) -> dict[str, Any]:
    with reading(store) as connection:
        values = series(connection, 1, -(2**62), 2**62).values.tolist()
        epoch = reports.newest_epoch(connection)
    return {"values": values, "epoch": epoch, "faults": verified_file(store).fault_count}


def main(store: Path, backup: Path, now_us: int) -> None:
    before, killed, step = store.read_bytes(), True, 0
    while killed:
        store.write_bytes(before)
        child = os.fork()
        if child == 0:
            end_at(step)
            restore(store, backup, now_us)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        sys.stdout.write(json.dumps({"killed": killed, **stands(store)}) + "\n")
        sys.stdout.flush()
        step += 1


main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
