"""What did each tag read last, and when first? One row a tag, so that nobody looks through history for it."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from plant.reading import U32, Readings


@dataclass(frozen=True, slots=True)
class LatestReading:
    """The newest reading of a tag; value None exactly when its status is Bad."""

    time_us: int
    value: float | None
    status: int
    received_us: int


def latest(connection: Connection) -> dict[int, LatestReading]:
    """The newest reading of every tag that has one, by the tag's id."""
    rows = connection.exec_driver_sql("select tag_id, time_us, value, status, received_us from latest")
    return {row.tag_id: LatestReading(row.time_us, row.value, row.status, row.received_us) for row in rows}


def update_latest(connection: Connection, tag_ids: U32, readings: Readings) -> None:
    """Note the newest reading of each tag, of equal times the last to arrive, and the earliest time."""
    if not len(readings):
        return
    order = np.lexsort((readings.times_us, tag_ids))
    ids, ordered = tag_ids[order], readings[order]
    last = np.append(ids[1:] != ids[:-1], True)
    first = np.append(True, last[:-1])
    newest = ordered[last]
    values = [None if value != value else value for value in newest.values.tolist()]
    columns = (ids[last], ordered.times_us[first], newest.times_us, newest.status, newest.received_us)
    tags, firsts, times, status, received = (column.tolist() for column in columns)
    connection.exec_driver_sql(
        "insert into latest (tag_id, first_us, time_us, value, status, received_us) values (?, ?, ?, ?, ?, ?)"
        " on conflict (tag_id) do update set first_us = min(latest.first_us, excluded.first_us),"
        " value = case when excluded.time_us >= latest.time_us then excluded.value else latest.value end,"
        " status = case when excluded.time_us >= latest.time_us then excluded.status else latest.status end,"
        " received_us = case when excluded.time_us >= latest.time_us then excluded.received_us"
        " else latest.received_us end,"
        " time_us = max(latest.time_us, excluded.time_us)",
        list(zip(tags, firsts, times, values, status, received, strict=True)),
    )
