"""Which times changed after the fact, so that reports and kept records of them are not what they should be?"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection

from plant.period import Clock

FIRST_DAY = date(1970, 1, 2)


def note(connection: Connection, min_us: int, max_us: int) -> None:
    """Note that something within [min, max] is not as it was; what was kept of that time is dropped."""
    connection.exec_driver_sql("insert into change (min_us, max_us) values (?, ?)", (min_us, max_us))
    connection.exec_driver_sql("delete from element where end_us >= ? and start_us <= ?", (min_us, max_us))


def drop_kept(connection: Connection, min_us: int, max_us: int) -> None:
    """Drop what was kept of [min, max], and what is about to be: it is made again. Reports stay as they are."""
    note(connection, min_us, max_us)
    connection.exec_driver_sql("delete from change where id = ?", (newest(connection),))


def note_days(connection: Connection, days: Iterable[date], clock: Clock, now_us: int) -> None:
    """Note that something of these days is not as it was; days after today and before there were instants left out."""
    today = clock.day_of(now_us)  # nothing is reported of later days
    times_us = [clock.day_start(day) for day in days if FIRST_DAY <= day <= today]
    if times_us:
        note(connection, min(times_us), max(times_us))


def noted(connection: Connection) -> tuple[list[tuple[int, int]], int]:
    """All noted times, and up to which note these are."""
    rows = connection.exec_driver_sql("select id, min_us, max_us from change order by id").all()
    return [(row.min_us, row.max_us) for row in rows], max((row.id for row in rows), default=0)


def newest(connection: Connection) -> int:
    """Number of the newest note, forgotten ones included; numbers are never given twice."""
    return int(connection.exec_driver_sql("select seq from sqlite_sequence where name = 'change'").scalar() or 0)


def since(connection: Connection, seen: int) -> list[tuple[int, int]] | None:
    """Times noted after a note; None where some of them are forgotten, so that nobody can say which they were."""
    rows = connection.exec_driver_sql("select min_us, max_us from change where id > ?", (seen,)).all()
    return [(row.min_us, row.max_us) for row in rows] if len(rows) == newest(connection) - seen else None


def forget(connection: Connection, up_to: int) -> None:
    """Forget the notes that have been looked at."""
    connection.exec_driver_sql("delete from change where id <= ?", (up_to,))
