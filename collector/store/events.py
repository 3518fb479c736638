"""What happened to the collector itself? Starts, stops, clock steps, faults."""

from sqlalchemy import Connection


def save(connection: Connection, time_us: int, kind: str, detail: str = "") -> None:
    """Note that something happened."""
    connection.exec_driver_sql("insert into event (time_us, kind, detail) values (?, ?, ?)", (time_us, kind, detail))


def first(connection: Connection, kind: str) -> int | None:
    """When a kind of event happened first [us]; None if it never did."""
    found = connection.exec_driver_sql("select min(time_us) from event where kind = ?", (kind,)).scalar()
    return None if found is None else int(found)
