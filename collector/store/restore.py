"""How does a backup become the store again? Made ready beside it and looked through, then put in its place at once.

Cut off at any moment, the store is the old or the new one, whole. Its write-ahead log must never lie beside another
file: SQLite would take it for that file's own.
"""

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.store import events, gaps, reports
from collector.store.backup import BACKUP, synced, verified_file
from collector.store.findings import Findings
from collector.store.store import StoreError, locked, transaction, up_to_date, writing
from plant.instant import US_PER_S, format_instant

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


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

    Raises StoreError where a collector runs on the store, the file is no store, or files cannot be written.
    """
    if not file.exists():
        raise StoreError(f"{file}: is not there")
    with locked(store):
        ready = store.with_name(store.name + ".restoring")
        _remove(ready)
        _remove_second_names(store)
        try:
            shutil.copyfile(file, ready)
            with up_to_date(ready):
                pass  # an older backup is; what is damaged in it stays to be found
            found = verified_file(ready)
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


def _prepared(connection: Connection, file: Path, now_us: int, lost_epoch: int) -> tuple[int, int | None]:
    """Let the copy say that it was restored; its new epoch, and when it was made."""
    with transaction(connection):
        made = events.newest(connection, BACKUP)
        backup_us = made[0] if made else None
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
    except sqlite3.DatabaseError:  # it is damaged: that is why it is replaced
        return 0


def _replaced(store: Path, ready: Path, now_us: int) -> Path | None:
    """Put what is ready in the place of a store; where that is now."""
    aside = _free_name(store, now_us)
    for suffix in BESIDE:
        with suppress(FileNotFoundError):
            os.rename(store.with_name(store.name + suffix), aside.with_name(aside.name + suffix))
    for found in store.parent.glob(f"{store.name}.import-*"):  # an import into the old store, not into the new one
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
    for suffix in ("", *BESIDE, ".lock"):
        ready.with_name(ready.name + suffix).unlink(missing_ok=True)
