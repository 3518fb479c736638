"""Does `latest` say what is stored? Of each tag its newest reading, which is the one that people are shown."""

from sqlalchemy import Connection

from collector.store.account import account
from collector.store.findings import Findings
from collector.store.pages import pages
from collector.store.readings import series

_AT_ONCE = 50


def verify_latest(connection: Connection, found: Findings) -> None:
    """Look at the newest reading of every tag. Where readings were forgotten or set aside, it may be no more."""
    query = "select tag_id, time_us, value, status from latest where tag_id > ? order by tag_id limit ?"
    for rows in pages(connection, query, (0,), _AT_ONCE):
        stands = account(connection)
        may_be_gone = stands.forgotten or stands.damaged or stands.before or stands.replaced
        for row in rows:
            stored = series(connection, row.tag_id, row.time_us, row.time_us + 1)
            values = [None if value != value else value for value in stored.values.tolist()]
            if not len(stored) and may_be_gone:
                continue
            if (row.value, row.status) not in zip(values, stored.status.tolist(), strict=True):
                found.add(f"latest {row.tag_id}", "is of a reading that is not stored")
