"""How is a programme's store opened? SQLite: one receiver writes, under a lock. PostgreSQL: as many as you like."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

SCHEMA_VERSION = "0002"
MIGRATIONS = Path(__file__).parent / "migrations"


class ProgrammeStoreError(Exception):
    """The programme's store cannot be used; the message says why and what to do."""


@contextmanager
def writing(url: str, folder: Path) -> Iterator[Connection]:
    """The receiver's connection; the store is made or brought up to date where needed. Raises ProgrammeStoreError."""
    with _locked(_sqlite_path(url, folder)), _connected(_engine(url, folder, "rwc")) as connection:
        if _version(connection) != SCHEMA_VERSION:
            _migrate(connection)
        _require_version(connection)
        path = _sqlite_path(url, folder)
        if path is not None:
            path.chmod(0o600)
        yield connection


@contextmanager
def reading(url: str, folder: Path) -> Iterator[Connection | None]:
    """A connection that changes nothing; None for a store yet to be made. Raises ProgrammeStoreError."""
    path = _sqlite_path(url, folder)
    if path is not None and not path.exists():
        yield None
        return
    with _connected(_engine(url, folder, "ro")) as connection:
        if _version(connection) is None:
            yield None
            return
        _require_version(connection)
        yield connection
        connection.rollback()


def _sqlite_path(url: str, folder: Path) -> Path | None:
    return folder / url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None


def _engine(url: str, folder: Path, mode: str) -> Engine:
    path = _sqlite_path(url, folder)
    if path is None:
        try:
            target = make_url(url).set(drivername="postgresql+psycopg")
            return create_engine(target, connect_args={"connect_timeout": 5}, pool_size=1, max_overflow=0)
        except (ImportError, NoSuchModuleError):
            raise ProgrammeStoreError("PostgreSQL needs an extra: pip install 'smartwings[programme]'") from None
    database = f"file:{quote(str(path))}?mode={mode}&uri=true"
    engine = create_engine(
        f"sqlite:///{database}", poolclass=StaticPool, connect_args={"check_same_thread": False, "timeout": 5}
    )
    event.listen(engine, "connect", _set_up_writing if mode == "rwc" else _set_up_reading)
    begin = "BEGIN IMMEDIATE" if mode == "rwc" else "BEGIN"
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _set_up_writing(connection: Any, _: object) -> None:
    connection.isolation_level = None  # BEGIN is ours, so that changes of the schema are transactional too
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"pragma {pragma}")


def _set_up_reading(connection: Any, _: object) -> None:
    connection.isolation_level = None
    connection.execute("pragma query_only = ON")


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise ProgrammeStoreError(f"{engine.url.database}: {str(error.orig).strip().splitlines()[0]}") from error
    finally:
        engine.dispose()


def _version(connection: Connection) -> str | None:
    found = None
    if inspect(connection).has_table("alembic_version"):
        found = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    connection.rollback()
    return found


def _require_version(connection: Connection) -> None:
    found = _version(connection)
    if found is not None and found > SCHEMA_VERSION:
        raise ProgrammeStoreError(f"the store was written by a newer Smart Wings (schema {found})")
    if found != SCHEMA_VERSION:
        raise ProgrammeStoreError("the store is of an older version; smartwings programme run brings it up to date")


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    try:
        if connection.dialect.name == "postgresql":  # receivers that start together migrate one after the other
            connection.exec_driver_sql("select pg_advisory_lock(2026)")
            connection.commit()
        command.upgrade(settings, "head")
    except CommandError:  # a version that this program does not know; the caller refuses it
        connection.rollback()
    finally:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("select pg_advisory_unlock(2026)")
            connection.commit()


@contextmanager
def _locked(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    try:
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ProgrammeStoreError(f"{path}: cannot be made: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ProgrammeStoreError(f"{path}: is in use by another receiver; stop it first") from None
    finally:
        os.close(lock)
