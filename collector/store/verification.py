"""Is a store whole? Every blob read, every order and reference looked at, every reading accounted for.

It works on short transactions, so that a running collector goes on and its write-ahead log does not grow; SQLite's own
check of a table is one each. What it holds in memory does not depend on how large the store is.
"""

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from collector.store import schema
from collector.store.account import account
from collector.store.findings import Findings
from collector.store.latest_verification import verify_latest
from collector.store.outbox_verification import verify_outbox
from collector.store.readings_verification import (
    verify_chunks,
    verify_journal,
    verify_replaced,
    verify_stamps,
    verify_summaries,
)
from collector.store.recent import thaw

MOST_OF_A_TABLE = 20
_SAID = {"journal": "in the journal", "chunks": "in chunks"}
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
        ("summary", verify_summaries),
        ("latest", verify_latest),
        ("stamp", verify_stamps),
        ("replaced", verify_replaced),
        ("report", verify_outbox),
        ("account", _verify_account),
        ("damaged", _count_damaged),
    ]
    for where, check in checks:
        try:
            check(connection, found)
        except DatabaseError as error:  # a damaged page: the other tables are looked at all the same
            found.add(where, f"cannot be read: {error.orig}")
        except (TypeError, ValueError, OverflowError) as error:  # a text where a number is to be, say
            found.add(where, f"has what does not belong there, the rest was not looked at: {error}")
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


def _verify_account(connection: Connection, found: Findings) -> None:
    """In one transaction, since readings move meanwhile: what came in is in the store, or counted as gone."""
    stands = account(connection)
    for name, readings in asdict(stands).items():
        found.counted[f"readings {_SAID.get(name, name)}"] = readings
    if stands.missing > 0:
        found.add("account", f"{stands.missing} readings came in and are nowhere")
    elif stands.missing < 0:
        found.add("account", f"{-stands.missing} readings are there that never came in")


def _count_damaged(connection: Connection, found: Findings) -> None:
    """What was set aside is known, said and no fault of its own."""
    found.counted["rows set aside"] += connection.exec_driver_sql("select count(*) from damaged").scalar_one()
