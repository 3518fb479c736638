"""May this SQLite, and this place, be trusted with the store? What is not sure is refused before anything is made."""

import re
import sqlite3
from pathlib import Path

OLDEST_SQLITE = (3, 35, 0)
"""The first that knows all that the store asks of it (`returning`)."""

SOUND_SQLITE = (3, 51, 3)
"""The first in which two connections that checkpoint at the same time cannot damage the file (WAL-reset bug)."""

WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""What the pragmas of the connection that writes must read back as: write-ahead log, each commit synced to the disk,
references held."""

_REMOTE = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "ncpfs",
        "9p",
        "ceph",
        "glusterfs",
        "afs",
        "coda",
        "lustre",
        "beegfs",
        "gpfs",
        "orangefs",
        "pvfs2",
        "davfs",
        "vboxsf",
        "vmhgfs",
        "prl_fs",
        "gfs2",
        "ocfs2",
    ]
)
_REMOTE_FUSE = frozenset(
    [
        "sshfs",
        "s3fs",
        "s3ql",
        "rclone",
        "gcsfuse",
        "glusterfs",
        "ceph",
        "davfs",
        "davfs2",
        "curlftpfs",
        "vmhgfs-fuse",
        "goofys",
        "juicefs",
        "mfs",
        "moosefs",
        "lizardfs",
        "blobfuse",
        "blobfuse2",
        "afpfs",
        "smbnetfs",
        "gvfsd-fuse",
        "mount-s3",
        "seaweedfs",
    ]
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


class UnsafeError(Exception):
    """Why the store cannot be kept safe here, and what to do."""


def require_sqlite(found: tuple[int, ...] = sqlite3.sqlite_version_info) -> None:
    """Raises UnsafeError for an SQLite that is too old, or was built for one thread alone."""
    if found < OLDEST_SQLITE:
        raise UnsafeError(f"SQLite {_dotted(found)} is too old; use a Python with {_dotted(OLDEST_SQLITE)} or newer")
    if sqlite3.threadsafety < 1:
        raise UnsafeError("this SQLite was built without threads; use another Python")


def sqlite_guard(found: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """What keeps a store whole under the WAL-reset bug of SQLite; empty for a version that does not have it."""
    if found >= SOUND_SQLITE:
        return ""
    return (
        f"SQLite {_dotted(found)} has the WAL-reset bug, mended in {_dotted(SOUND_SQLITE)}: only one process writes, "
        "under a lock, and readers never checkpoint"
    )


def require_pragmas(connection: sqlite3.Connection) -> None:
    """Raises UnsafeError where a pragma of the connection that writes does not hold, which SQLite never says itself."""
    for name, wanted in WANTED.items():
        row = connection.execute(f"pragma {name}").fetchone()
        if row is None or row[0] != wanted:
            found = "nothing" if row is None else row[0]
            raise UnsafeError(
                f"{name} is {found}, not {wanted}, so commits would not be safe; use a local disk and a usual SQLite"
            )


def require_local(path: Path, mounts: str) -> None:
    """Raises UnsafeError for a path on a network file system. mounts: the text of /proc/self/mounts."""
    kind = file_system(str(path), mounts)
    if kind in _REMOTE or kind.removeprefix("fuse.") in _REMOTE_FUSE:
        raise UnsafeError(f"lies on a network file system ({kind}), which can damage it; use a local disk")


def file_system(path: str, mounts: str) -> str:
    """Kind of the file system that an absolute path lies on; empty where the mounts do not say."""
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        mount = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[1])
        if len(mount) >= len(best) and (path + "/").startswith(mount.rstrip("/") + "/"):
            best, kind = mount, fields[2]
    return kind


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
