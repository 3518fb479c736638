"""What else is forgotten with the readings of long ago? What only stood beside them, bit by bit."""

from sqlalchemy import Connection

from collector.store import account
from collector.store.account import Total

MOST_TALLIES = 10_000
MOST_PAYLOADS = 200


def forget_beside(connection: Connection, before_us: int) -> None:
    """Forget how many readings came, which ones were replaced, and what was set aside as damaged, before an instant.

    At most 10,000 quarter hours and 200 rows each of the others, the rest the next time: a transaction stays short.
    The account still has all that came and went.
    """
    received = connection.exec_driver_sql(
        "delete from tally where rowid in (select rowid from tally"
        " where device in (select device from tag) and quarter_us < ? limit ?) returning received",  # by its index
        (before_us, MOST_TALLIES),
    ).scalars()
    account.add(connection, Total.BEFORE, sum(received))
    for table, time in (("replaced", "max_us"), ("damaged", "found_us")):
        connection.exec_driver_sql(
            f"delete from {table} where id in (select id from {table} where {time} < ? limit ?)",
            (before_us, MOST_PAYLOADS),
        )
