"""How fast does the store grow? Bytes that each of the last days brought, by the times of what is stored."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import Connection

from collector.store.chunk_rows import DAY_S, chunk_key
from plant.instant import US_PER_S

DAY_US = DAY_S * US_PER_S
LOOK_BACK_DAYS = 7
TYPICAL_BYTES = 4.0
"""Of a packed reading, as long as none is packed."""


@dataclass(frozen=True, slots=True)
class Growth:
    """days: bytes (packed) of the last UTC days that are over, newest last, empty ones left out. today: of this day and
    of what is still in the journal. first_us: the first reading of all; None in an empty store. live_bytes: what the
    readings that devices brought in the last `live_s` (at most a day) take once they are packed like the others.
    """

    days: tuple[int, ...]
    today: int
    first_us: int | None
    live_bytes: float = 0.0
    live_s: float = 0.0


def growth(connection: Connection, now_us: int) -> Growth:
    """What readings, kept records and reports of the last days take."""
    today = now_us // DAY_US
    by_day, readings = Counter[int](), 0
    since_us = (today - LOOK_BACK_DAYS) * DAY_US
    for tag_id in connection.exec_driver_sql("select id from tag").scalars().all():
        origin = chunk_key(tag_id, 0)
        rows = connection.exec_driver_sql(
            "select (key - ?) / 86400 as day, sum(length(payload)) as bytes, sum(readings) as readings from chunk"
            " where key >= ? and key < ? group by day",
            (origin, chunk_key(tag_id, since_us // US_PER_S), chunk_key(tag_id, (today + 1) * DAY_S)),
        ).all()
        by_day.update({row.day: row.bytes for row in rows})
        readings += sum(row.readings for row in rows)
    by_day += _of_table(connection, "stamp", "start_s * 1000000", "payload", since_us)
    live = _live(connection, now_us, by_day.total() / readings if readings else TYPICAL_BYTES)
    by_day += _of_table(connection, "element", "end_us - 1", "payload", since_us)
    by_day += _of_table(connection, "report", "created_us", "event", since_us)
    by_day += _of_table(connection, "journal", "max_us", "payload", since_us)
    first_us = connection.exec_driver_sql(
        "select min(first_us) from (select first_us from latest union all select min_us from journal)"
    ).scalar()
    over = tuple(by_day[day] for day in sorted(by_day) if today - LOOK_BACK_DAYS <= day < today)
    return Growth(over, by_day[today], first_us, *live)


def _of_table(connection: Connection, table: str, time: str, payload: str, since_us: int) -> Counter[int]:
    """Bytes in a column of a table by UTC day of another of its columns [us]."""
    rows = connection.exec_driver_sql(
        f"select ({time}) / ? as day, sum(length({payload})) as bytes from {table} where ({time}) >= ? group by day",
        (DAY_US, since_us),
    )
    return Counter({row.day: row.bytes for row in rows})


def _live(connection: Connection, now_us: int, bytes_per_reading: float) -> tuple[float, float]:
    row = connection.exec_driver_sql(
        "select min(quarter_us) as first_us, sum(received) as readings from tally where quarter_us > ?",
        (now_us - DAY_US,),
    ).one()
    return (0.0, 0.0) if row.first_us is None else (row.readings * bytes_per_reading, (now_us - row.first_us) / 1e6)
