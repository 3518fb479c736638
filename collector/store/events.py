"""What happened to the collector itself? Starts, stops, clock steps, faults."""

from sqlalchemy import Connection


def save(connection: Connection, time_us: int, kind: str, detail: str = "") -> None:
    """Note that something happened."""
    connection.exec_driver_sql("insert into event (time_us, kind, detail) values (?, ?, ?)", (time_us, kind, detail))


def last(connection: Connection, most: int) -> list[tuple[int, str, str]]:
    """Time [us], kind and detail of the last so many, the newest first."""
    rows = connection.exec_driver_sql("select time_us, kind, detail from event order by id desc limit ?", (most,))
    return [(row.time_us, row.kind, row.detail) for row in rows]


def newest(connection: Connection, kind: str) -> tuple[int, str] | None:
    """When a kind of event happened last [us], with its detail; None if it never did."""
    row = connection.exec_driver_sql(
        "select time_us, detail from event where kind = ? order by id desc limit 1", (kind,)
    ).first()
    return None if row is None else (row.time_us, row.detail)


def first(connection: Connection, kind: str, from_us: int = 0) -> int | None:
    """When a kind of event happened first from a time on [us]; None if it never did."""
    found = connection.exec_driver_sql(
        "select min(time_us) from event where kind = ? and time_us >= ?", (kind, from_us)
    ).scalar()
    return None if found is None else int(found)
