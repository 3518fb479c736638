"""The reference: readings as rows of a table, through SQLAlchemy Core, in the same SQLite with the same durability."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    insert,
    select,
)

from collector.store.journal import JournalEntry
from plant.reading import Readings

reading = Table(
    "reading",
    MetaData(),
    Column("tag", Integer, primary_key=True),
    Column("time_us", BigInteger, primary_key=True),
    Column("value", Float),
    Column("status", Integer, nullable=False),
    Column("received_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


@contextmanager
def opened(path: Path) -> Iterator[Connection]:
    """A connection as the store's: WAL, synchronous FULL."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _set_up(connection: object, _: object) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"pragma {pragma}")  # type: ignore[attr-defined]

    reading.metadata.create_all(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def append(connection: Connection, entry: JournalEntry) -> None:
    """One commit."""
    readings = entry.readings
    columns = (entry.tag_ids, readings.times_us, readings.values, readings.status, readings.received_us)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    names = ("tag", "time_us", "value", "status", "received_us")
    connection.execute(insert(reading).prefix_with("OR IGNORE"), [dict(zip(names, row, strict=True)) for row in rows])
    connection.commit()


def series(connection: Connection, tag: int, start_us: int, end_us: int) -> Readings:
    """The readings of a tag in time order."""
    columns = reading.c
    query = (
        select(columns.time_us, columns.value, columns.status)
        .where(columns.tag == tag, columns.time_us >= start_us, columns.time_us < end_us)
        .order_by(columns.time_us)
    )
    rows = connection.execute(query).all()
    found = np.array([tuple(row) for row in rows], dtype="<i8,<f8,<u4")
    zero = np.zeros(len(found), dtype=np.int64)
    return Readings(found["f0"], found["f1"], found["f2"], found["f0"], zero)


def latest(connection: Connection, tags: list[int]) -> dict[int, float]:
    """The newest value of each tag, one look into the index each."""
    query = "select value from reading where tag = ? order by time_us desc limit 1"
    return {tag: connection.exec_driver_sql(query, (tag,)).scalar_one() for tag in tags}
