"""What came from each device: how long is it known to have been well, and how many readings were received from it?"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from plant.instant import US_PER_S

QUARTER_US = 900 * US_PER_S


def extend_known(connection: Connection, known_until_us: Mapping[str, int]) -> None:
    """Note good polls and keep-alives; an earlier one than is known changes nothing."""
    connection.exec_driver_sql(
        "insert into device (name, known_until_us) values (?, ?)"
        " on conflict (name) do update set known_until_us = max(device.known_until_us, excluded.known_until_us)",
        list(known_until_us.items()),
    )


def save_positions(connection: Connection, positions: Mapping[str, str]) -> None:
    """Keep from where the connector of each device goes on; one that was never heard of has none yet."""
    for name, position in positions.items():
        connection.exec_driver_sql("update device set position = ? where name = ?", (position, name))


def positions(connection: Connection) -> dict[str, str]:
    """From where the connector of each device goes on, as it said itself."""
    rows = connection.exec_driver_sql("select name, position from device where position is not null")
    return {row.name: row.position for row in rows}


def known(connection: Connection) -> dict[str, int]:
    """When each device was heard of last [us]."""
    rows = connection.exec_driver_sql("select name, known_until_us from device")
    return {row.name: row.known_until_us for row in rows}


def add_received(connection: Connection, batches: Iterable[tuple[str, int, int]]) -> None:
    """Count readings that devices handed over, repeats included: device, when they were received [us], how many."""
    counts = Counter[tuple[str, int]]()
    for device, received_us, count in batches:
        counts[device, received_us // QUARTER_US * QUARTER_US] += count
    if counts:
        connection.exec_driver_sql(
            "insert into tally (device, quarter_us, received) values (?, ?, ?)"
            " on conflict (device, quarter_us) do update set received = tally.received + excluded.received",
            [(*quarter, count) for quarter, count in counts.items()],
        )


def received(connection: Connection, start_us: int, end_us: int) -> int:
    """Readings received in the quarter hours that begin in [start_us, end_us)."""
    return int(
        connection.exec_driver_sql(
            "select coalesce(sum(received), 0) from tally where quarter_us >= ? and quarter_us < ?", (start_us, end_us)
        ).scalar_one()
    )


def first_received(connection: Connection) -> dict[str, int]:
    """Start of the quarter hour in which a device first handed over readings, by device."""
    rows = connection.exec_driver_sql("select device, min(quarter_us) as first_us from tally group by device")
    return {row.device: row.first_us for row in rows}
