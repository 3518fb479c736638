"""Backups and restores killed at random instants, of a store that is large enough for a copy to take a while."""

import os
from pathlib import Path

from stored import MONDAY_US, make_store
from test_restore import NOW_US, add, killed, require_old_or_new, require_whole_or_none

from collector.store import events
from collector.store.backup import back_up
from collector.store.store import transaction, writing

KILLS = int(os.environ.get("SMARTWINGS_SOAK_COPY_KILLS", "200"))


def made(folder: Path) -> Path:
    path = folder / "plant.db"
    make_store(path, [])
    with writing(path) as connection, transaction(connection):
        for at in range(2_000):
            events.save(connection, MONDAY_US + at, "test", "x" * 4000)
    add(path, 1)
    back_up(path, folder / "b.db", NOW_US)
    add(path, 2)
    return path


def test_restores_killed_at_any_instant_leave_the_old_store_or_the_new_one(tmp_path: Path) -> None:
    store = made(tmp_path)
    require_old_or_new(killed("restore", store, tmp_path / "b.db", KILLS))


def test_backups_killed_at_any_instant_are_whole_or_none(tmp_path: Path) -> None:
    require_whole_or_none(killed("backup", made(tmp_path), tmp_path / "c.db", KILLS))
