"""How long may the write-ahead log grow? Housekeeping cuts it back; a reader that holds on to it keeps it long."""

from pathlib import Path

from sqlalchemy import Connection

from collector.store.files import log_bytes
from collector.store.store import driver_connection

MOST_BYTES = 32 << 20
TOLD_BYTES = 64 << 20


def truncate_wal(connection: Connection, store: Path, most_bytes: int = MOST_BYTES) -> None:
    """Write a log that is longer than so many bytes into the file and cut it to nothing, if no reader needs it. For the
    writer, between transactions: it does not wait for readers, whom the next time serves as well."""
    if log_bytes(store) <= most_bytes:
        return
    plain = driver_connection(connection)
    (wait_ms,) = plain.execute("pragma busy_timeout").fetchone()
    plain.execute("pragma busy_timeout = 0")
    try:
        plain.execute("pragma wal_checkpoint(truncate)").fetchall()
    finally:
        plain.execute(f"pragma busy_timeout = {wait_ms}")
