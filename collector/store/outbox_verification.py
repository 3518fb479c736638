"""Are the reports of a store whole? Each is what its hash says, names the one before it, and none is missing."""

import hashlib
import json

from sqlalchemy import Connection

from collector.store.findings import Findings

_AT_ONCE = 50


def verify_outbox(connection: Connection, found: Findings) -> None:
    """Look at every report in the order in which they were made."""
    epoch, sequence, sha256 = 0, 0, ""
    while True:
        rows = connection.exec_driver_sql(
            "select epoch, sequence, id, state, event, sha256 from report"
            " where (epoch, sequence) > (?, ?) order by epoch, sequence limit ?",
            (epoch, sequence, _AT_ONCE),
        ).all()
        connection.rollback()
        if not rows:
            return
        for row in rows:
            where = f"report {row.epoch}/{row.sequence}"
            if row.epoch != epoch:
                epoch, sequence, sha256 = row.epoch, 0, ""
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
