"""Is a store whole? Every blob read, every order and reference looked at, every reading accounted for.

It works on short transactions, so that a running collector goes on and its write-ahead log does not grow; SQLite's own
check of a table is one each. What it holds in memory does not depend on how large the store is.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from collector.store import schema
from collector.store.findings import Findings
from collector.store.outbox_verification import verify_outbox
from collector.store.readings_verification import verify_chunks, verify_journal, verify_replaced, verify_stamps
from collector.store.recent import thaw

MOST_OF_A_TABLE = 20
_OF_SQLITE = ("sqlite_master", "sqlite_sequence", "alembic_version")


def verified(connection: Connection) -> Findings:
    """Everything that is wrong with a store, and how much was looked at."""
    thaw(connection)
    found = Findings()
    checks: list[tuple[str, Callable[[Connection, Findings], None]]] = [
        ("schema", _verify_schema),
        *((table, _integrity_of(table)) for table in (*_OF_SQLITE, *sorted(schema.metadata.tables))),
        ("foreign keys", _verify_foreign_keys),
        ("journal", verify_journal),
        ("chunk", verify_chunks),
        ("stamp", verify_stamps),
        ("replaced", verify_replaced),
        ("report", verify_outbox),
        ("damaged", _count_damaged),
    ]
    for where, check in checks:
        try:
            check(connection, found)
        except DatabaseError as error:  # a damaged page: the other tables are looked at all the same
            found.add(where, f"cannot be read: {error.orig}")
        finally:
            connection.rollback()
    return found


def _verify_schema(connection: Connection, found: Findings) -> None:
    there = set(connection.exec_driver_sql("select name from sqlite_master where type = 'table'").scalars())
    for table in sorted(schema.metadata.tables.keys() - there):
        found.add(table, "the table is not there")


def _integrity_of(table: str) -> Callable[[Connection, Findings], None]:
    def check(connection: Connection, found: Findings) -> None:
        rows = connection.exec_driver_sql(f"pragma integrity_check('{table}')").scalars().all()
        for line in rows[:MOST_OF_A_TABLE]:
            if line != "ok":
                found.add(table, " ".join(str(line).split()))

    return check


def _verify_foreign_keys(connection: Connection, found: Findings) -> None:
    for row in connection.exec_driver_sql("pragma foreign_key_check"):
        found.add(f"{row[0]} {row[1]}", f"refers to a row of {row[2]} that is not there")


def _count_damaged(connection: Connection, found: Findings) -> None:
    """What was set aside is known, said and no fault of its own."""
    row: Any = connection.exec_driver_sql("select count(*) as n, coalesce(sum(readings), 0) as r from damaged").one()
    found.counted["rows set aside as damaged"] += row.n
    found.counted["readings set aside as damaged"] += row.r
