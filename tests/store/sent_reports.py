"""Reports in the outbox of a store, signed and chained as a plant makes them."""

from sample_reports import chain, key_of
from sqlalchemy import Connection

from collector.store.reports import StoredReport, save
from kpi.report import event_sha256, to_payload


def save_chain(connection: Connection, count: int, epoch: int) -> None:
    """Put reports of so many days, accepted but for the last, into an epoch."""
    for event in chain(count, key_of(1), epoch=epoch):
        sequence = event["sequence"]
        state = "pending" if sequence == count else "accepted"
        report = StoredReport(
            epoch, sequence, event["id"], "day", event["subject"][4:], 1, "provisional", state, event_sha256(event), 1
        )
        save(connection, report, to_payload(event))
