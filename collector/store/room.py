"""Is there room for a file that is to be written? What can wait never brings the disk of the store near its end."""

import math
import os
import shutil
from bisect import bisect_left
from pathlib import Path

from collector.disk import Level, level

_MIB = 1 << 20


def lacking_bytes(needed: int, used: int, free: int, of_store: bool) -> int:
    """How much more must be free on a disk, of which so much is used and free, before a file of so many bytes may be
    written; 0: there is room. of_store: the store is on it too, so that it must stay below level `short` (90 %)."""
    if not of_store:
        return max(0, needed - free)

    def fits(given_up: int) -> bool:
        left = free + given_up - needed
        return left >= 0 and level(Level.OK, used - given_up + needed, left) < Level.SHORT

    return bisect_left(range(used + needed), True, key=fits)


def no_room(folder: Path, needed: int, remedy: str, store: Path | None = None) -> str:
    """Why a file of so many bytes cannot be written to a folder, and what helps; empty: there is room, or nobody can
    tell before it is tried. store: whose disk must stay below 90 %, as it collects."""
    try:
        usage = shutil.disk_usage(folder)
        of_store = store is not None and os.stat(folder).st_dev == os.stat(store.parent).st_dev
    except OSError:
        return ""
    lacking = lacking_bytes(needed, usage.used, usage.free, of_store)
    if not lacking:
        return ""
    why = ", and the disk of the store must stay below 90 %" if of_store else ""
    return (
        f"{folder}: {_mib(needed)} are needed, {_mib(usage.free)} are free{why}; nothing was written."
        f" Free {_mib(lacking)} more, or {remedy}"
    )


def _mib(size: int) -> str:
    return f"{math.ceil(size / _MIB):,} MiB"
