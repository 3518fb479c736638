"""What became of each report? Rows of the outbox, as `smartwings reports` and addresses show them."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from collector.store.reports import StoredReport
from plant.instant import format_instant


def report_rows(reports: Iterable[StoredReport], zone: ZoneInfo) -> list[dict[str, Any]]:
    """Reports in the shape of `reports`: id, sequence, state, when made, sent and accepted, and why refused."""

    def shown(us: int | None) -> str | None:
        return None if us is None else format_instant(us, zone)

    return [
        {
            "id": report.id,
            "sequence": report.sequence,
            "state": report.state,
            "created_at": shown(report.created_us),
            "sent_at": shown(report.sent_us),
            "accepted_at": shown(report.accepted_us),
            "reason": report.reason,
        }
        for report in reports
    ]
