"""Are the reports of a store whole? Each is what its hash says, names the one before it, and none is missing."""

import hashlib
import json

from sqlalchemy import Connection

from collector.store.findings import Findings
from collector.store.pages import pages

FIRST_EPOCH = 1
_AT_ONCE = 50


def verify_outbox(connection: Connection, found: Findings) -> None:
    """Look at every report in the order in which they were made."""
    epoch, sequence, sha256 = 0, 0, ""
    query = (
        "select report.epoch, sequence, id, state, event, sha256, epoch.number as begun from report"
        " left join epoch on epoch.number = report.epoch"
        " where (report.epoch, sequence) > (?, ?) order by report.epoch, sequence limit ?"
    )
    for rows in pages(connection, query, (epoch, sequence), _AT_ONCE):
        for row in rows:
            where = f"report {row.epoch}/{row.sequence}"
            if row.epoch != epoch:
                epoch, sequence, sha256 = row.epoch, 0, ""
                if row.begun is None and epoch != FIRST_EPOCH:
                    found.add(where, "is of an epoch that never began")
            if row.sequence != sequence + 1:
                found.add(where, f"is not the one after {sequence}")
            elif _previous(row.event) != sha256:
                found.add(where, "does not name the hash of the report before it")
            if hashlib.sha256(row.event).hexdigest() != row.sha256:
                found.add(where, "is not what its hash says")
            if row.state not in ("pending", "accepted", "rejected"):
                found.add(where, f"has a state that there is not: {row.state}")
            sequence, sha256 = row.sequence, row.sha256
            found.counted["reports"] += 1


def _previous(event: bytes) -> str | None:
    try:
        return str(json.loads(event)["previous"])
    except (ValueError, KeyError, TypeError):
        return None
