"""How is the store opened? One process writes, under a lock and one connection; readers never change anything."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError

from collector.store import schema
from collector.store.chunk import ChunkError, DamagedRowError
from collector.store.exchange import finish_exchange
from collector.store.files import BALLAST, beside, log_bytes
from collector.store.gathering import gather
from collector.store.guards import UnsafeError, require_local, require_pragmas, require_sqlite, sqlite_guard
from collector.store.pending_import import discard_parts, left_imports
from collector.store.recent import freeze

SCHEMA_VERSION = "0007"
MIGRATIONS = Path(__file__).parent / "migrations"
_MOUNTS = Path("/proc/self/mounts")
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 5000")
log = logging.getLogger(__name__)


class StoreError(Exception):
    """The store cannot be used; the message says why and what to do."""


def store_path(url: str, folder: Path) -> Path:
    """File of a store's URL (sqlite:///plant.db), relative to the folder of the site file."""
    return folder / url.removeprefix("sqlite:///")


@contextmanager
def reading(path: Path) -> Iterator[Connection]:
    """A query-only connection. A store that does not exist, or is just being made, reads as an empty one.

    Raises StoreError for a store of another version, or one that cannot be read.
    """
    with ExitStack() as stack:
        if _exists(path) and path.stat().st_size:  # beside an empty file, SQLite deletes the log, even for a reader
            database = f"file:{_quoted(path)}?mode=ro"
            connection = stack.enter_context(_connected(path, database, _set_up_reading))
            if version(connection) is not None:
                _require_version(connection, path)
                freeze(connection)
                yield connection
                connection.rollback()
                return
            _refuse_other_database(connection, path)
        empty = stack.enter_context(_connected(path, "file::memory:", _set_up_writing))
        schema.metadata.create_all(empty)  # not by Alembic, which works in one thread of a process alone
        empty.commit()
        yield empty


@contextmanager
def writing(path: Path, with_imports: bool = True) -> Iterator[Connection]:
    """The one connection that writes, under the store's lock; made or brought up to date where needed. Imports that
    were cut off are merged first, unless the caller goes on with them itself.

    Use `transaction` for each change. Raises StoreError for a store in use, newer than this program, damaged, on a
    network file system, or with an SQLite that does not keep it safe.
    """
    with up_to_date(path) as connection:
        _gather(connection)
        discard_parts(path)
        for left in left_imports(path) if with_imports else ():
            while left.go_on(connection):
                pass
        yield connection


@contextmanager
def up_to_date(path: Path) -> Iterator[Connection]:
    """The same, with every row as it was found. Raises StoreError."""
    if _exists(path):
        _refuse_emptied(path)
    with _refused(path):
        require_sqlite()
        require_local(path.resolve(), _MOUNTS.read_text() if _MOUNTS.exists() else "")
    database = f"file:{_quoted(path)}?mode=rwc"
    with ExitStack() as stack:
        stack.enter_context(locked(path))
        finish_exchange(path)
        connection = stack.enter_context(_connected(path, database, _set_up_writing, "BEGIN IMMEDIATE"))
        os.chmod(path, 0o600)
        with _refused(path):
            require_pragmas(driver_connection(connection))
        if guard := sqlite_guard():
            log.info("%s", guard)
        if version(connection) != SCHEMA_VERSION:
            _refuse_other_database(connection, path)
            migrate(connection)
        _require_version(connection, path)
        yield connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """All changes in it are committed together, or none of them."""
    with connection.begin():
        yield


def _gather(connection: Connection) -> None:
    """What an earlier program, or one that was cut off, left in the journal as committed may be more than memory."""
    left = 1
    while left:
        with transaction(connection):
            left = gather(connection)


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """The connection of the driver beneath."""
    found = connection.connection.driver_connection
    if not isinstance(found, sqlite3.Connection):
        raise TypeError("is no connection of SQLite")
    return found


def store_of(connection: Connection) -> Path:
    """The file of the store that a connection is open on."""
    path = str(connection.exec_driver_sql("select file from pragma_database_list where name = 'main'").scalar_one())
    connection.rollback()
    return Path(path)


def version(connection: Connection) -> str | None:
    """Version of the store's schema; None for a new file."""
    query = "select name from sqlite_master where type = 'table' and name = 'alembic_version'"
    if connection.exec_driver_sql(query).first() is None:
        found = None
    else:
        found = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    connection.rollback()
    return found


def migrate(connection: Connection) -> None:
    """Bring the schema up to this program's version; cut off, it is what it was."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    try:
        command.upgrade(settings, "head")
    except CommandError:  # a version that this program does not know; the caller refuses it
        connection.rollback()


def _require_version(connection: Connection, path: Path) -> None:
    found = version(connection)
    if found == SCHEMA_VERSION:
        return
    if found is None or found < SCHEMA_VERSION:
        raise StoreError(
            f"{path}: is of an older version; start smartwings run, or import, once to bring it up to date"
        )
    raise StoreError(f"{path}: was written by a newer Smart Wings (schema {found}, this one knows {SCHEMA_VERSION})")


def _exists(path: Path) -> bool:
    """Whether there is a store. Raises StoreError where that cannot be known."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StoreError(f"{path}: cannot be opened: {error.strerror}") from None
    except ValueError:
        raise StoreError(f"{path!r}: cannot be the name of a file") from None
    return True


def _refuse_emptied(path: Path) -> None:
    """A file that is as long as it was when it was made, although it was written to: a file system lost what it held.
    SQLite would take it for a new one and delete its log, which may have all of it."""
    if path.stat().st_size == 0 and (log_bytes(path) or beside(path, BALLAST).exists()):
        raise StoreError(f"{path}: is empty, although it was a store") from DamagedRowError("the file is empty")


def _refuse_other_database(connection: Connection, path: Path) -> None:
    names = connection.exec_driver_sql("select name from sqlite_master").scalars().all()
    connection.rollback()
    if names and "alembic_version" not in names:
        raise StoreError(f"{path}: is a database, but not a store of Smart Wings")


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))


@contextmanager
def _refused(path: Path) -> Iterator[None]:
    try:
        yield
    except UnsafeError as error:
        raise StoreError(f"{path}: {error}") from None


@contextmanager
def _connected(path: Path, database: str, set_up: Any, begin: str = "BEGIN") -> Iterator[Connection]:
    from sqlalchemy.pool import StaticPool

    # A connection by hand, since SQLAlchemy's URL would take a path's %3f for a question mark.
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(database, uri=True, check_same_thread=False), poolclass=StaticPool
    )
    event.listen(engine, "connect", set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise StoreError(f"{path}: {error.orig}") from error
    except ChunkError as error:
        raise StoreError(f"{path}: is damaged: {error}") from error
    finally:
        engine.dispose()


def _set_up_writing(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, so that changes of the schema are transactional too
    for pragma in _PRAGMAS:
        connection.execute(f"pragma {pragma}")


def _set_up_reading(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None
    # mode=ro: a reader must never checkpoint, not even as the last to close; SQLite before 3.51.3 can damage the file
    # when two connections do.
    for pragma in ("query_only = ON", "busy_timeout = 5000"):
        connection.execute(f"pragma {pragma}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """The lock of whoever owns a store, whether there is one or not. Raises StoreError where another process has it."""
    lock = _open_lock(path.with_name(path.name + ".lock"))
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = lock.read().strip() or "unknown"
            raise StoreError(f"{path}: is in use by process {owner}; stop it first") from None
        lock.seek(0)
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
    finally:
        lock.close()


def _open_lock(path: Path) -> IO[str]:
    try:
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise StoreError(f"{path}: cannot be made: {error.strerror}") from None
