"""How does a backup become the store again? Made ready beside it and looked through, then put in its place at once.

Cut off at any moment, the store is the old or the new one, whole. Its write-ahead log must never lie beside another
file: SQLite would take it for that file's own.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.store import events, gaps, reports
from collector.store.backup import (
    BACKUP,
    require_store_file,
    size_of,
    verified_file,
)
from collector.store.files import BESIDE, remove, synced
from collector.store.findings import Findings
from collector.store.room import no_room
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError, locked, transaction, up_to_date, writing
from plant.instant import US_PER_S, format_instant


@dataclass(frozen=True, slots=True)
class Restored:
    """found: what is wrong with the backup; with a fault, the store is as it was. epoch: the new one.

    backup_us: when the backup was made (None: it does not say). before: where the store is that was there, if any.
    """

    found: Findings
    epoch: int | None = None
    backup_us: int | None = None
    before: Path | None = None


def restore(store: Path, file: Path, now_us: int) -> Restored:
    """Put a backup in the place of a store, which is moved aside.

    Raises StoreError where a collector runs on the store, the file is no store, there is no room, or files cannot be
    written.
    """
    require_store_file(file)
    if store.exists() and file.samefile(store):
        raise StoreError(f"{file}: is the store itself; name a backup")
    _end_imports(store)
    with locked(store):
        ready = store.with_name(store.name + ".restoring")
        _remove(ready)
        _remove_second_names(store)
        try:
            remedy = f"move what is named {store.name}.before-* elsewhere"
            if why := no_room(store.parent, size_of(file), remedy):
                raise StoreError(why)
            _copy(file, ready)
            found = _looked_through(file, ready)
            if found.fault_count:
                return Restored(found)
            lost_epoch = _settled(store)
            with writing(ready) as connection:
                epoch, backup_us = _prepared(connection, file, now_us, lost_epoch)
            _require_whole(ready)
            synced(ready)
            before = _replaced(store, ready, now_us)
        except (OSError, shutil.Error) as error:
            raise StoreError(f"{store}: cannot be replaced: {getattr(error, 'strerror', error)}") from error
        finally:
            _remove(ready)
        return Restored(found, epoch, backup_us, before)


def _copy(file: Path, ready: Path) -> None:
    """With its write-ahead log: without, a store that was moved aside or copied by hand is not whole."""
    shutil.copyfile(file, ready)
    for suffix in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            shutil.copyfile(file.with_name(file.name + suffix), ready.with_name(ready.name + suffix))


def _looked_through(file: Path, ready: Path) -> Findings:
    """What is wrong with the copy of a file, whose name people know."""
    try:
        with up_to_date(ready):
            pass  # an older backup is; what is damaged in it stays to be found
        return verified_file(ready)
    except StoreError as error:
        raise StoreError(str(error).replace(str(ready), str(file))) from error


def _end_imports(store: Path) -> None:
    """Imports that count and were cut off are the store's that is moved aside: nobody may take them for those of the
    new one, nor for lost where this is cut off. A store that cannot be opened keeps them as files beside it."""
    if store.exists() and any(_imports(store)):
        with suppress(StoreError), writing(store):
            pass


def _imports(store: Path) -> Iterator[Path]:
    return store.parent.glob(f"{store.name}.import-*")


def _prepared(connection: Connection, file: Path, now_us: int, lost_epoch: int) -> tuple[int, int | None]:
    """Let the copy say that it was restored; its new epoch, and when it was made."""
    with transaction(connection):
        made = events.last(
            connection, 1
        )  # a store that went on from a backup has that one's event, but not as its last
        backup_us = made[0][0] if made and made[0][1] == BACKUP else None
        # A number that no other restore of the same backup gives, not even one onto another disk.
        epoch = max(reports.newest_epoch(connection) + 1, lost_epoch + 1, now_us // US_PER_S)
        reports.begin_epoch(connection, epoch, now_us, f"restored from {file.name}")
        events.save(connection, now_us, "restore", f"{file.name}, epoch {epoch}")
        gaps.close_open(connection, backup_us or now_us)
        # Servers have gone on since: what was missed is a gap, and is asked of their history.
        connection.exec_driver_sql("update device set position = null")
    return epoch, backup_us


def _settled(store: Path) -> int:
    """Let a store that is to be moved aside be whole without its write-ahead log; its newest epoch, 0 where that cannot
    be known. Raises StoreError where somebody reads it."""
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(store, isolation_level=None)) as connection:
            connection.execute("pragma busy_timeout = 1000")
            busy, *_ = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            if busy:
                raise StoreError(f"{store}: is being read by another process; try again")
            query = "select max(number) from (select number from epoch union all select epoch from report)"
            return int(connection.execute(query).fetchone()[0] or 0)
    except sqlite3.DatabaseError as error:
        if fault_of(error) is not SqliteFault.DAMAGED and "no such table" not in str(error):
            raise StoreError(f"{store}: cannot be set aside: {error}") from error
        return 0  # it is damaged, and replaced for that, or older than epochs


def _replaced(store: Path, ready: Path, now_us: int) -> Path | None:
    """Put what is ready in the place of a store; where that is now."""
    aside = _free_name(store, now_us)
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            os.rename(store.with_name(store.name + suffix), aside.with_name(aside.name + suffix))
    for found in _imports(store):  # only of a store that cannot be opened
        os.rename(found, aside.with_name(aside.name + found.name.removeprefix(store.name)))
    was_there = store.exists()
    if was_there:
        try:
            os.link(store, aside)  # a second name, so that at no moment there is no store
        except OSError:  # there are file systems without
            os.rename(store, aside)
    synced(store.parent)
    os.rename(ready, store)
    synced(store.parent)
    return aside if was_there else None


def _require_whole(ready: Path) -> None:
    log = ready.with_name(ready.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise StoreError(f"{ready}: is being read by another process; try again")


def _free_name(store: Path, now_us: int) -> Path:
    stamp = format_instant(now_us, ZoneInfo("UTC"))[:19].replace(":", "").replace("-", "")
    name, at = f"{store.name}.before-{stamp}Z", 1
    while store.with_name(name).exists():
        at += 1
        name = f"{store.name}.before-{stamp}Z-{at}"
    return store.with_name(name)


def _remove_second_names(store: Path) -> None:
    """Of a restore that was cut off in the last moment: two names of one file must not stay."""
    for found in store.parent.glob(f"{store.name}.before-*"):
        if store.exists() and found.samefile(store):
            found.unlink()


def _remove(ready: Path) -> None:
    remove(ready)
    ready.with_name(ready.name + ".lock").unlink(missing_ok=True)
