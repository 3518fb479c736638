"""Can every reading be accounted for? What came in must lie in the store or be counted as gone, and why."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection


class Total(StrEnum):
    """What table `total` counts: readings that came or went beside those in `tally`."""

    IMPORTED = "imported"
    REPEATED = "repeated"
    REPLACED = "replaced"
    FORGOTTEN = "forgotten"
    DAMAGED = "damaged"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Account:
    """Readings by where they came from (received, imported) and where they are or went to.

    before: what a store had that was not counted, as it got this account, less what it had received; and what was
    received in times that are forgotten.
    """

    received: int
    imported: int
    journal: int
    chunks: int
    repeated: int
    replaced: int
    forgotten: int
    damaged: int
    before: int

    @property
    def missing(self) -> int:
        """Readings that came in and are nowhere; 0 in a sound store, below 0 where more are stored than came in."""
        gone = self.repeated + self.replaced + self.forgotten + self.damaged
        return self.before + self.received + self.imported - self.journal - self.chunks - gone


def add(connection: Connection, what: Total, readings: int) -> None:
    """Count readings in the caller's transaction; 0 changes nothing."""
    if readings:
        connection.exec_driver_sql(
            "insert into total (what, readings) values (?, ?)"
            " on conflict (what) do update set readings = readings + excluded.readings",
            (what.value, readings),
        )


def account(connection: Connection) -> Account:
    """The account of a store; all 0 in an empty one."""
    counted = {row.what: row.readings for row in connection.exec_driver_sql("select what, readings from total")}
    received, journal, chunks = (
        connection.exec_driver_sql(f"select coalesce(sum({column}), 0) from {table}").scalar_one()
        for table, column in (("tally", "received"), ("journal", "readings"), ("chunk", "readings"))
    )
    return Account(
        received, journal=journal, chunks=chunks, **{what.value: int(counted.get(what.value, 0)) for what in Total}
    )
