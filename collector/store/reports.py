"""Which reports were made, and what became of them? The outbox: a report is pending until the programme's ack."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert

from collector.store import schema
from plant.instant import US_PER_S

REJECTED_AGAIN_US = 3600 * US_PER_S
_COLUMNS = (
    "epoch, sequence, id, kind, label, revision, period_state, state, sha256, created_us, sent_us, accepted_us, reason"
)


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report without its event. state: pending, accepted or rejected. period_state: provisional, final, restated."""

    epoch: int
    sequence: int
    id: str
    kind: str
    label: str
    revision: int
    period_state: str
    state: str
    sha256: str
    created_us: int
    sent_us: int | None = None
    accepted_us: int | None = None
    reason: str | None = None


def save(connection: Connection, report: StoredReport, event: bytes) -> None:
    """Put a new report into the outbox."""
    fields = {name: getattr(report, name) for name in StoredReport.__slots__}
    connection.execute(insert(schema.report).values(**fields, event=event))


def all_reports(connection: Connection, pending: bool = False, most: int = -1, skip: int = 0) -> list[StoredReport]:
    """Every report (or those that wait), in the order in which they were made. most: at most so many (-1: all), after
    the first `skip`."""
    where = "where state = 'pending' " if pending else ""
    query = f"select {_COLUMNS} from report {where}order by epoch, sequence limit ? offset ?"
    return _found(connection.exec_driver_sql(query, (most, skip)).all())


def of_state(connection: Connection, state: str, most: int) -> list[StoredReport]:
    """The last so many reports in a state, the newest first."""
    rows = connection.exec_driver_sql(
        f"select {_COLUMNS} from report where state = ? order by epoch desc, sequence desc limit ?", (state, most)
    )
    return _found(rows.all())


def last_made(connection: Connection, most: int) -> list[StoredReport]:
    """The last so many reports, the newest first."""
    query = f"select {_COLUMNS} from report order by epoch desc, sequence desc limit ?"
    return _found(connection.exec_driver_sql(query, (most,)).all())


def made_since(connection: Connection, at_us: int) -> bool:
    """Whether a report was made at an instant or since."""
    return connection.exec_driver_sql("select 1 from report where created_us >= ?", (at_us,)).first() is not None


def counted(connection: Connection) -> dict[str, int]:
    """How many reports there are in each state."""
    rows = connection.exec_driver_sql("select state, count(*) as reports from report group by state")
    return {row.state: row.reports for row in rows}


def newest_of_periods(connection: Connection, as_of_us: int | None = None) -> dict[tuple[str, str], StoredReport]:
    """The newest revision (as of an instant) of every period that has a report, by kind and label."""
    made = "" if as_of_us is None else f" where created_us < {int(as_of_us)}"
    found = _found(connection.exec_driver_sql(f"select {_COLUMNS} from report{made} order by epoch, sequence").all())
    return {(report.kind, report.label): report for report in sorted(found, key=lambda one: one.revision)}


def of_period(connection: Connection, kind: str, label: str, as_of_us: int | None = None) -> list[StoredReport]:
    """Every report about a period (made before an instant), the oldest revision first."""
    rows = connection.exec_driver_sql(
        f"select {_COLUMNS} from report where kind = ? and label = ? and created_us < coalesce(?, created_us + 1)"
        " order by revision, epoch, sequence",
        (kind, label, as_of_us),
    ).all()
    return _found(rows)


def last(connection: Connection) -> tuple[int, int, str]:
    """Newest epoch, and sequence and hash of the newest report in it; sequence 0 and no hash before its first."""
    epoch = newest_epoch(connection)
    row = connection.exec_driver_sql(
        "select sequence, sha256 from report where epoch = ? order by sequence desc limit 1", (epoch,)
    ).first()
    return (epoch, row.sequence, row.sha256) if row else (epoch, 0, "")


def newest_epoch(connection: Connection) -> int:
    """The epoch that reports are made in; the first is 1."""
    query = "select max(number) from (select number from epoch union all select epoch from report)"
    return int(connection.exec_driver_sql(query).scalar() or 1)


def begin_epoch(connection: Connection, number: int, begun_us: int, reason: str) -> None:
    """Let the reports from here on be those of another epoch, whose sequence and chain begin anew."""
    connection.exec_driver_sql(
        "insert into epoch (number, begun_us, reason) values (?, ?, ?)", (number, begun_us, reason)
    )


def event(connection: Connection, epoch: int, sequence: int) -> bytes | None:
    """The event of a report, as it is sent; None if there is no such report."""
    found = connection.exec_driver_sql(
        "select event from report where epoch = ? and sequence = ?", (epoch, sequence)
    ).scalar()
    return None if found is None else bytes(found)


def mark_sent(connection: Connection, sequences: Sequence[tuple[int, int]], at_us: int) -> None:
    """Note that copies of reports (epoch, sequence) were handed to the broker."""
    if sequences:
        connection.exec_driver_sql(
            "update report set sent_us = ? where epoch = ? and sequence = ?",
            [(at_us, epoch, sequence) for epoch, sequence in sequences],
        )


def named(connection: Connection, sha256: str, id_: str | None) -> tuple[int, int] | None:
    """Epoch and sequence of the report with this hash, and this id where one is said; None if there is none."""
    row = connection.exec_driver_sql(
        "select epoch, sequence from report where sha256 = ? and id = coalesce(?, id)", (sha256, id_)
    ).first()
    return (row.epoch, row.sequence) if row else None


def settle(connection: Connection, sha256: str, accepted: bool, reason: str | None, at_us: int) -> bool:
    """Note the programme's answer to the report with this hash; false if there is none that waits for it."""
    state = "accepted" if accepted else "rejected"
    return bool(
        connection.exec_driver_sql(
            "update report set state = ?, reason = ?, accepted_us = ? where sha256 = ? and state = 'pending'",
            (state, reason, at_us if accepted else None, sha256),
        ).rowcount
    )


def ask_again(connection: Connection, epoch: int, first: int, last_: int, at_us: int) -> None:
    """Send again what the programme misses: what it had accepted, and, once an hour, what it had rejected."""
    connection.exec_driver_sql(
        "update report set state = 'pending', accepted_us = null where epoch = ? and sequence between ? and ?"
        " and (state = 'accepted' or (state = 'rejected' and sent_us < ?))",
        (epoch, first, last_, at_us - REJECTED_AGAIN_US),
    )


def resend(connection: Connection, first: int, last_: int) -> int:
    """Make reports of the newest epoch that has any pending again, by sequence; returns how many."""
    return connection.exec_driver_sql(
        "update report set state = 'pending', reason = null, accepted_us = null"
        " where epoch = (select max(epoch) from report) and sequence between ? and ?",
        (first, last_),
    ).rowcount


def _found(rows: Sequence[Row[Any]]) -> list[StoredReport]:
    return [StoredReport(**row._mapping) for row in rows]
