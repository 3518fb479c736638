import sqlite3
from pathlib import Path

import pytest

from collector.store import guards, store
from collector.store.guards import UnsafeError, file_system, require_local, require_sqlite, sqlite_guard
from collector.store.store import StoreError, writing
from collector.versions import versions

MOUNTS = """overlay / overlay rw 0 0
/dev/sda1 /data ext4 rw 0 0
server:/export /data/share nfs4 rw 0 0
//server/plant /mnt/plant\\040one cifs rw 0 0
me@host: /media/me/far fuse.sshfs rw 0 0
remote: /media/me/cloud fuse.rclone rw 0 0
/dev/sdb1 /media/stick fuseblk rw 0 0
pool /pool fuse.mergerfs rw 0 0
host /windows 9p rw 0 0
vb /media/sf vboxsf rw 0 0
server:/old /again nfs rw 0 0
/dev/sdc1 /again xfs rw 0 0
cut off
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/share/plant.db", "nfs4"),
        ("/data/share", "nfs4"),
        ("/mnt/plant one/plant.db", "cifs"),
        ("/media/me/far/a/b/plant.db", "fuse.sshfs"),
        ("/media/me/cloud/plant.db", "fuse.rclone"),
        ("/windows/plant.db", "9p"),
        ("/media/sf/plant.db", "vboxsf"),
    ],
)
def test_a_network_file_system_is_refused_by_its_kind(path: str, kind: str) -> None:
    with pytest.raises(UnsafeError, match=rf"lies on a network file system \({kind}\).*use a local disk"):
        require_local(Path(path), MOUNTS)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/data/plant.db", "ext4"),
        ("/data/shared/plant.db", "ext4"),
        ("/media/me/plant.db", "overlay"),
        ("/media/stick/plant.db", "fuseblk"),
        ("/pool/plant.db", "fuse.mergerfs"),
        ("/again/plant.db", "xfs"),
    ],
)
def test_a_local_disk_is_taken(path: str, kind: str) -> None:
    assert file_system(path, MOUNTS) == kind
    require_local(Path(path), MOUNTS)


def test_where_no_mounts_are_told_any_place_is_taken() -> None:
    require_local(Path("/data/plant.db"), "")


def test_a_store_on_a_network_file_system_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/export {tmp_path} nfs rw 0 0\n")
    monkeypatch.setattr(store, "_MOUNTS", mounts)
    with (
        pytest.raises(StoreError, match=r"plant\.db: lies on a network file system \(nfs\)"),
        writing(tmp_path / "plant.db"),
    ):
        pass
    assert not (tmp_path / "plant.db").exists()


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ("journal_mode = DELETE", "journal_mode is delete, not wal"),
        ("synchronous = NORMAL", "synchronous is 1, not 2"),
        ("foreign_keys = OFF", "foreign_keys is 0, not 1"),
    ],
)
def test_a_pragma_that_does_not_hold_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, instead: str, told: str
) -> None:
    monkeypatch.setattr(store, "_PRAGMAS", (*store._PRAGMAS, instead))
    with pytest.raises(StoreError, match=told), writing(tmp_path / "plant.db"):
        pass


def test_a_pragma_that_sqlite_does_not_know_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "WANTED", {"no_such_pragma": 1})
    with pytest.raises(UnsafeError, match="no_such_pragma is nothing"):
        guards.require_pragmas(sqlite3.connect(":memory:"))


def test_an_old_sqlite_is_refused_and_one_with_the_known_bug_says_what_guards_it() -> None:
    with pytest.raises(UnsafeError, match=r"SQLite 3\.34\.1 is too old; use a Python with 3\.35\.0"):
        require_sqlite((3, 34, 1))
    require_sqlite((3, 40, 1))
    assert "only one process writes" in sqlite_guard((3, 40, 1))
    assert sqlite_guard((3, 51, 3)) == ""
    assert versions()["SQLite guard"] == (sqlite_guard() or "none is needed")


def test_a_store_is_not_opened_with_an_old_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "OLDEST_SQLITE", (99, 0, 0))
    with pytest.raises(StoreError, match="is too old"), writing(tmp_path / "plant.db"):
        pass


def test_an_sqlite_for_one_thread_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "threadsafety", 0)
    with pytest.raises(UnsafeError, match="without threads"):
        require_sqlite()
