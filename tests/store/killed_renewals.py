"""A damaged store is put aside and taken over, killed at the first step of that, then at the second, until one ends.

killed_renewals.py STORE EVERY: what there is each time once another writer went on, as a line of JSON; the first line
is of one that nobody killed. It runs as a process of its own, since it forks.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from renewed import go_on, spoil_pages
from sqlalchemy import Engine, event

from collector.store import events, salvage
from collector.store.account import account
from collector.store.exchange import asides, unsalvaged
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags
from collector.store.verification import verified

STEPS = {"os.rename", "os.remove", "sqlite3.connect"}
END = 9
SPOILT = [20, 60]


def end_at(step: int) -> None:
    """Kill this process before a step: a rename, a removal, a connection or a commit."""
    left = [step]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "commit", count)
    sys.addaudithook(
        lambda name, arguments: count() if name in STEPS and any("plant.db" in str(one) for one in arguments) else None
    )


def in_a_child(work: Callable[[], object]) -> bool:
    """Whether a child came to the end of its work."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(END)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (END, -signal.SIGKILL), code
    return code == END


def stands(store: Path) -> dict[str, Any]:
    """What a store has."""
    with reading(store) as connection:
        tags = stored_tags(connection)
        found = {name: series(connection, tag.id, -(2**62), 2**62) for name, tag in tags.items()}
        counted = account(connection)
        return {
            "readings": {name: [len(one), float(one.values.sum())] for name, one in sorted(found.items())},
            "damaged": counted.damaged,
            "missing": counted.missing,
            "renewals": [kind for _, kind, _ in events.last(connection, 99)].count("store damaged"),
            "faults": [str(one) for one in verified(connection).faults],
            "left": len(unsalvaged(store)),
            "asides": len(asides(store)),
        }


def trial(store: Path, before: dict[Path, bytes], step: int) -> bool:
    """Whether a writer came to the end that was to be killed at a step; what stands is said once another went on."""
    for one in store.parent.iterdir():
        one.unlink()
    for one, content in before.items():
        one.write_bytes(content)
    spoil_pages(store, SPOILT)

    def cut_off() -> None:
        end_at(step)
        asyncio.run(go_on(store))

    def gone_on_with() -> None:
        asyncio.run(go_on(store))
        sys.stdout.write(json.dumps(stands(store)) + "\n")
        sys.stdout.flush()

    ended = in_a_child(cut_off)
    assert in_a_child(gone_on_with)
    return ended


def main(store: Path, every: int) -> None:
    salvage.AT_ONCE = 20_000
    before = {one: one.read_bytes() for one in store.parent.iterdir()}
    assert trial(store, before, 2**31)
    for step in range(0, 2**31, every):
        if trial(store, before, step):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
