"""What could not be had, and when?"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from collector.store.unread import unread_gaps
from plant.gap import Gap


def save(connection: Connection, gaps: Iterable[Gap]) -> None:
    """Store gaps that opened, and the end of those that closed (same device, tag and start)."""
    for gap in gaps:
        connection.exec_driver_sql(
            "insert into gap (device, tag, start_us, end_us, cause) values (?, ?, ?, ?, ?)"
            " on conflict (device, tag, start_us) do update set end_us = excluded.end_us, cause = excluded.cause",
            (gap.device, gap.tag or "", gap.start_us, gap.end_us, gap.cause),
        )


def to_be_shortened(connection: Connection, gaps: Iterable[Gap]) -> list[Gap]:
    """As they are stored now, the gaps that end later there than what is to be stored says."""
    found = []
    for gap in gaps:
        end_us = connection.exec_driver_sql(
            "select end_us from gap where device = ? and tag = ? and start_us = ? and end_us > ?",
            (gap.device, gap.tag or "", gap.start_us, gap.end_us),
        ).scalar()
        if end_us is not None:
            found.append(replace(gap, end_us=end_us))
    return found


def close_open(connection: Connection, at_us: int) -> list[Gap]:
    """Close every gap that is open: whoever opened it runs no more. Those that were closed, with their ends."""
    rows = connection.exec_driver_sql("select device, tag, start_us, cause from gap where end_us is null").all()
    found = [Gap(row.device, row.tag or None, row.start_us, max(row.start_us, at_us), row.cause) for row in rows]
    save(connection, found)
    return found


def newest(connection: Connection, most: int, device: str | None = None, least_us: int = 0) -> list[Gap]:
    """The gaps (of a device) that opened last and are at least so long or still open, the newest first."""
    rows = connection.exec_driver_sql(
        "select device, tag, start_us, end_us, cause from gap"
        " where device = coalesce(?, device) and (end_us is null or end_us - start_us >= ?) order by id desc limit ?",
        (device, least_us, most),
    )
    return [Gap(row.device, row.tag or None, row.start_us, row.end_us, row.cause) for row in rows]


def overlapping(
    connection: Connection, start_us: int, end_us: int, device: str | None = None, most: int = -1, skip: int = 0
) -> list[Gap]:
    """Gaps (of one device) that overlap [start_us, end_us), by start; one that lasts has no end. most: at most so many
    (-1: all, and behind them what this connection found damaged), after the first `skip`."""
    rows = connection.exec_driver_sql(
        "select device, tag, start_us, end_us, cause from gap"
        " where start_us < ? and (end_us is null or end_us > max(start_us, ?)) and device = coalesce(?, device)"
        " order by start_us, id limit ? offset ?",
        (end_us, start_us, device, most, skip),
    )
    found = [Gap(row.device, row.tag or None, row.start_us, row.end_us, row.cause) for row in rows]
    if most < 0:  # a page of a list is of what is stored
        found += [gap for gap in unread_gaps(connection, start_us, end_us) if device in (None, gap.device)]
    return found


def devices_with_gaps(connection: Connection) -> set[str]:
    """Names of the devices that ever had a gap; also of those that the site file no longer has."""
    return set(connection.exec_driver_sql("select distinct device from gap").scalars())
