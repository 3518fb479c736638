"""Is a backup the store at one instant, and is the store after a restore, however it ends, the old or the new one?"""

import json
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from stored import HOUR_US, MONDAY_US, arrive, make_store, rows, some_readings
from test_verification import make_full_store

from collector.store import events, gaps, reports, room
from collector.store import restore as restoring
from collector.store.backup import back_up, unfinished, verified_file
from collector.store.pending_import import ImportWriter
from collector.store.readings import series
from collector.store.restore import restore
from collector.store.store import StoreError, locked, reading, transaction, writing
from plant.gap import Gap

NOW_US = MONDAY_US + 9 * HOUR_US
LATER_US = NOW_US + 60_000_000
EPOCH = LATER_US // 1_000_000


def add(path: Path, *values: float) -> None:
    with writing(path) as connection, transaction(connection):
        arrive(connection, {1: some_readings([int(value) for value in values], values)})


def values(path: Path) -> list[float | None]:
    with reading(path) as connection:
        return [row[1] for row in rows(series(connection, 1, -(2**62), 2**62))]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a backup of when it had one reading less."""
    path = tmp_path / "plant.db"
    make_store(path, [])
    add(path, 1)
    assert back_up(path, tmp_path / "b.db", NOW_US).fault_count == 0
    add(path, 2)
    return path


def beside(path: Path) -> list[str]:
    return sorted(found.name for found in path.parent.iterdir() if found.name != "b.db" and found.suffix != ".lock")


def test_a_backup_of_a_store_that_is_written_is_all_that_it_had_at_one_instant(tmp_path: Path) -> None:
    path, ended = tmp_path / "plant.db", threading.Event()
    make_store(path, [])
    done: list[int] = []

    def write() -> None:
        with writing(path) as connection:
            while not ended.is_set():
                with transaction(connection):
                    arrive(connection, {1: some_readings([len(done)], [len(done)])})
                done.append(len(done))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for at in range(5):
            least = len(done)
            file = tmp_path / f"{at}.db"
            assert back_up(path, file, NOW_US).faults == []
            most = len(done) + 1
            found = values(file)
            assert found == list(range(len(found)))
            assert least <= len(found) <= most
    finally:
        ended.set()
        writer.join()
    assert len(done) > 5


def test_a_backup_is_one_file_of_its_owner_and_says_when_it_was_made(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert beside(store) == ["plant.db"]
    with reading(file) as connection:
        assert events.newest(connection, "backup") == (NOW_US, "")
    with reading(store) as connection:
        assert events.newest(connection, "backup") is None


def test_a_backup_never_replaces_a_file_and_needs_a_store(store: Path, tmp_path: Path) -> None:
    before = (tmp_path / "b.db").read_bytes()
    with pytest.raises(StoreError, match="already"):
        back_up(store, tmp_path / "b.db", NOW_US)
    assert (tmp_path / "b.db").read_bytes() == before
    with pytest.raises(StoreError, match="no store yet"):
        back_up(tmp_path / "none.db", tmp_path / "c.db", NOW_US)
    assert not (tmp_path / "c.db").exists()


def test_a_copy_with_a_fault_does_not_get_the_name_of_a_backup(store: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("update journal set readings = readings + 1")
    file = tmp_path / "c.db"
    assert back_up(store, file, NOW_US).fault_count
    assert (file.exists(), unfinished(file).exists()) == (False, True)


def test_what_was_at_the_backup_is_there_again_and_the_store_of_before_is_kept(store: Path, tmp_path: Path) -> None:
    done = restore(store, tmp_path / "b.db", LATER_US)
    assert (done.found.fault_count, done.epoch, done.backup_us) == (0, EPOCH, NOW_US)
    assert done.before is not None
    assert beside(store) == ["plant.db", done.before.name]
    assert (values(store), values(done.before)) == ([1], [1, 2])
    with reading(store) as connection:
        assert reports.last(connection) == (EPOCH, 0, "")
        assert events.newest(connection, "restore") == (LATER_US, f"b.db, epoch {EPOCH}")
    assert verified_file(store).faults == []


def pending_import(store: Path) -> Path:
    pending = ImportWriter(store, NOW_US, replace=False)
    pending.add(1, 0, some_readings([LATER_US], [99]))
    return pending.commit()


def test_an_import_that_was_cut_off_belongs_to_the_store_of_before(store: Path, tmp_path: Path) -> None:
    pending_import(store)
    done = restore(store, tmp_path / "b.db", LATER_US)
    with writing(store):
        pass  # whoever opens a store finishes its imports
    assert done.before is not None
    assert (values(store), values(done.before)) == ([1], [1, 2, 99])


def test_an_import_into_a_store_that_cannot_be_opened_stays_beside_it(store: Path, tmp_path: Path) -> None:
    file = pending_import(store)
    store.write_bytes(b"\0" * 100 + store.read_bytes()[100:])
    done = restore(store, tmp_path / "b.db", LATER_US)
    assert done.before is not None
    assert file.with_name(file.name.replace(store.name, done.before.name)).exists()
    assert not file.exists()


def test_a_restore_that_does_not_come_to_its_end_leaves_the_import_with_its_store(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: object) -> None:
        raise OSError(5, "cut off")

    pending_import(store)
    monkeypatch.setattr(restoring, "_free_name", lambda *_: store.with_name("plant.db.before-1"))
    monkeypatch.setattr(restoring.os, "link", cut_off)
    real = restoring.os.rename
    monkeypatch.setattr(restoring.os, "rename", lambda old, new: cut_off() if Path(old) == store else real(old, new))
    with pytest.raises(StoreError, match="cut off"):
        restore(store, tmp_path / "b.db", LATER_US)
    monkeypatch.undo()
    with writing(store):
        pass
    assert values(store) == [1, 2, 99]


def test_an_empty_file_and_the_store_itself_are_no_backup(store: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(StoreError, match="is empty"):
        restore(store, empty, LATER_US)
    with pytest.raises(StoreError, match="is empty"):
        verified_file(empty)
    with pytest.raises(StoreError, match="is no file"):
        restore(store, tmp_path, LATER_US)
    with pytest.raises(StoreError, match="the store itself"):
        restore(store, store, LATER_US)
    assert values(store) == [1, 2]


def test_a_store_copied_by_hand_comes_back_with_its_write_ahead_log(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with writing(store) as connection:
        with transaction(connection):
            arrive(connection, {1: some_readings([3], [3.0])})
        for suffix in ("", "-wal"):
            copy.with_name(copy.name + suffix).write_bytes(store.with_name(store.name + suffix).read_bytes())
    assert restore(store, copy, LATER_US).backup_us is None
    assert values(store) == [1, 2, 3]


def test_a_store_that_went_on_from_a_backup_is_not_of_the_time_of_that_one(store: Path, tmp_path: Path) -> None:
    first = restore(store, tmp_path / "b.db", LATER_US)
    assert first.backup_us == NOW_US
    assert first.before is not None
    again = restore(store, store.with_name(first.before.name), LATER_US)
    assert again.before is not None
    assert restore(store, again.before, LATER_US).backup_us is None
    assert values(store) == [1]


def test_a_store_that_cannot_be_set_aside_for_want_of_room_stays(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> sqlite3.Connection:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(restoring.sqlite3, "connect", full)
    settled = restoring._settled
    with pytest.raises(StoreError, match="disk is full"):
        settled(store)


def test_two_backups_of_a_store_at_once_do_not_take_each_others_half_copy(store: Path, tmp_path: Path) -> None:
    with locked(store.with_name(store.name + ".backup")), pytest.raises(StoreError, match="in use by process"):
        back_up(store, tmp_path / "c.db", NOW_US)
    assert back_up(store, tmp_path / "c.db", NOW_US).fault_count == 0


def test_what_a_backup_that_was_killed_left_is_removed_by_the_next(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "c.db"
    for suffix in ("", "-wal", "-shm", "-journal"):
        (tmp_path / f"c.db.part{suffix}").write_bytes(b"left")
    assert back_up(store, file, NOW_US).fault_count == 0
    assert list(tmp_path.glob("c.db.part*")) == []


def test_a_disk_that_a_copy_would_fill_is_left_as_it_is(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has(free: int) -> None:
        found = usage._replace(total=100 << 20, used=(100 << 20) - free, free=free)
        monkeypatch.setattr(room.shutil, "disk_usage", lambda _: found)

    usage = shutil.disk_usage(tmp_path)
    has(9 << 20)
    with pytest.raises(StoreError, match=r"1 MiB are needed, 9 MiB are free, .* below 90 %.* Free 2 MiB more, or"):
        back_up(store, tmp_path / "c.db", NOW_US)
    has(1 << 10)
    with pytest.raises(StoreError, match=r"1 MiB are needed, 1 MiB are free; nothing was written. Free 1 MiB more, or"):
        restore(store, tmp_path / "b.db", LATER_US)
    assert beside(store) == ["plant.db"]
    has(9 << 20)  # a plant that stands still gets its store back
    assert restore(store, tmp_path / "b.db", LATER_US).before is not None


def test_each_restore_begins_an_epoch_that_no_report_of_either_store_has(store: Path, tmp_path: Path) -> None:
    first = restore(store, tmp_path / "b.db", LATER_US)
    again = restore(store, tmp_path / "b.db", LATER_US)
    clock_behind = restore(store, tmp_path / "b.db", 1)
    assert (first.epoch, again.epoch, clock_behind.epoch) == (EPOCH, EPOCH + 1, EPOCH + 2)


def test_a_store_that_is_lost_or_damaged_is_restored_too(store: Path, tmp_path: Path) -> None:
    store.write_bytes(b"\0" * 100 + store.read_bytes()[100:])
    assert restore(store, tmp_path / "b.db", LATER_US).before is not None
    assert values(store) == [1]
    store.unlink()
    assert restore(store, tmp_path / "b.db", LATER_US).before is None
    assert values(store) == [1]


def test_what_a_killed_collector_left_beside_its_store_is_not_taken_for_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without moving it, SQLite would put the old store's newest pages into the restored one."""
    path = tmp_path / "plant.db"
    make_full_store(path)
    back_up(path, tmp_path / "b.db", NOW_US)
    code = (
        "import os, sys; from pathlib import Path; from collector.store import events;"
        "from collector.store.store import transaction, writing\n"
        "with writing(Path(sys.argv[1])) as connection:\n"
        "    for at in range(300):\n"
        "        with transaction(connection): events.save(connection, at, 'x' * 500)\n"
        "    os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    left = path.with_name("plant.db-wal").read_bytes()
    before = path.read_bytes()
    assert len(left) > 100_000
    done = restore(path, tmp_path / "b.db", LATER_US)
    assert (verified_file(path).faults, long_events(path)) == ([], 0)
    assert done.before is not None
    assert long_events(done.before) == 300

    path.write_bytes(before)  # once more, with a store that can no more be read to the end
    path.with_name("plant.db-wal").write_bytes(left)
    monkeypatch.setattr(restoring, "_settled", lambda _: 0)
    done = restore(path, tmp_path / "b.db", LATER_US)
    assert (verified_file(path).faults, long_events(path)) == ([], 0)
    assert done.before is not None
    assert long_events(done.before) == 300


def long_events(path: Path) -> int:
    with reading(path) as connection:
        return sum(kind == "x" * 500 for _, kind, _ in events.last(connection, 1000))


def test_a_backup_with_a_fault_and_what_is_none_leave_the_store_as_it_was(store: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "b.db"
    with closing(sqlite3.connect(spoilt)) as connection, connection:
        connection.execute("update journal set payload = x'00'")
    assert restore(store, spoilt, LATER_US).found.fault_count
    spoilt.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        restore(store, spoilt, LATER_US)
    with pytest.raises(StoreError, match="is not there"):
        restore(store, tmp_path / "none.db", LATER_US)
    assert beside(store) == ["plant.db"]
    assert values(store) == [1, 2]


def test_a_store_in_use_or_being_read_is_not_replaced(store: Path, tmp_path: Path) -> None:
    with writing(store), pytest.raises(StoreError, match="in use"):
        restore(store, tmp_path / "b.db", LATER_US)
    with reading(store) as connection:
        assert events.last(connection, 1) == []
        add(store, 3)
        with pytest.raises(StoreError, match="being read"):
            restore(store, tmp_path / "b.db", LATER_US)
    assert values(store) == [1, 2, 3]


def test_gaps_that_were_open_are_closed_and_servers_are_not_asked_to_go_on_from_long_ago(tmp_path: Path) -> None:
    path, file = tmp_path / "plant.db", tmp_path / "b.db"
    make_store(path)
    with writing(path) as connection, transaction(connection):
        gaps.save(connection, [Gap("press", None, MONDAY_US, None, "refused")])
        connection.exec_driver_sql("insert into device values ('press', 5, '{}')")
    back_up(path, file, NOW_US)
    restore(path, file, LATER_US)
    with reading(path) as connection:
        assert gaps.newest(connection, 5) == [Gap("press", None, MONDAY_US, NOW_US, "refused")]
        assert connection.exec_driver_sql("select * from device").all() == [("press", 5, None)]


def killed(what: str, store: Path, file: Path, kills: int = 0) -> list[dict[str, Any]]:
    """What there is after each kill."""
    script = Path(__file__).with_name("killed_copies.py")
    command = [sys.executable, str(script), what, str(store), str(file), str(LATER_US), str(kills)]
    told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def require_old_or_new(found: list[dict[str, Any]]) -> None:
    """The old store has a reading more than the backup in its log, another before, and an import that was cut off."""
    old, new = ((1, 2, 3, 99), 1, 0), ((1,), EPOCH, 0)
    assert {(tuple(one["values"]), one["epoch"], one["faults"]) for one in found} == {old, new}


def require_whole_or_none(found: list[dict[str, Any]]) -> None:
    """What is called a backup is one; a backup killed leaves nothing that the next one stumbles over."""
    assert {one["found"] is None for one in found} == {True, False}
    for one in found:
        assert one["found"] in (None, one["store"])
        assert (one["again"], one["left"], one["store"]["faults"]) == (one["store"], [], 0)


def test_a_restore_killed_anywhere_leaves_the_old_store_or_the_new_one(store: Path, tmp_path: Path) -> None:
    found = killed("restore", store, tmp_path / "b.db")
    require_old_or_new(found)
    assert [name for name in beside(store) if "restoring" in name] == []
    assert not any(kept.samefile(store) for kept in store.parent.glob("plant.db.before-*"))
    assert [one["killed"] for one in found] == [True] * (len(found) - 1) + [False]
    assert len(found) > 15


def test_a_backup_killed_anywhere_leaves_a_whole_one_or_none(store: Path, tmp_path: Path) -> None:
    found = killed("backup", store, tmp_path / "c.db")
    require_whole_or_none(found)
    assert [one["killed"] for one in found] == [True] * (len(found) - 1) + [False]
    assert len(found) > 5


def test_a_file_system_without_second_names_is_no_obstacle(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(restoring.os, "link", refused)
    done = restore(store, tmp_path / "b.db", LATER_US)
    assert done.before is not None
    assert (values(store), values(done.before)) == ([1], [1, 2])
