"""How does a new file take the place of a damaged one? By renames that, cut off, the next who writes finishes."""

import errno
from pathlib import Path

from collector.store.files import BESIDE, LOG, beside, move, synced

SALVAGED = ".salvaged"


def new_beside(path: Path) -> Path:
    """The file that is made ready to take a store's place."""
    return beside(path, ".new")


def asides(path: Path) -> list[Path]:
    """All damaged files that were put aside, the first of them first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return sorted(one for one in found if not one.name.endswith((*BESIDE, ".lock")))


def unsalvaged(path: Path) -> list[Path]:
    """Those whose readings were not taken over yet."""
    return [one for one in asides(path) if not one.name.endswith(SALVAGED)]


def exchange(path: Path, aside: Path) -> None:
    """Put a store aside, and the new file in its place. For who has its lock; both files are closed.

    Raises OSError; before anything is moved where the new file needs its write-ahead log, for want of room, say.
    """
    new = new_beside(path)
    if beside(new, LOG).exists():
        raise OSError(errno.ENOSPC, "the log of a new file could not be written into it", str(new))
    move(path, aside)  # with its log: that of the old file must never be applied to the new one
    new.rename(path)
    synced(path.parent)


def finish_exchange(path: Path) -> None:
    """Finish an exchange that was cut off. For who has the store's lock, before the store is opened."""
    new = new_beside(path)
    if path.exists() or not new.exists() or beside(new, LOG).exists():  # none was begun, or it was not ready
        return
    for aside in unsalvaged(path)[-1:]:
        exchange(path, aside)
