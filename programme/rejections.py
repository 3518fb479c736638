"""What was refused under a plant's topic, why, and how often? Bounded, so that refusals can never fill the store."""

from sqlalchemy import Connection, func, insert, select, update

from kpi.report_schema import Report
from programme import schema
from programme.verify import Rejected

MOST_UNPROVEN = 1000
"""Refusals kept of one plant that anybody may have caused; further ones are only logged."""


def note_rejection(
    connection: Connection, plant: str, refused: Rejected, proven: Report | None, noticed_us: int
) -> None:
    """Note a refusal, or one more copy of it. proven: the report, where its signature is the plant's."""
    table = schema.rejection
    same = (table.c.plant == plant, table.c.sha256 == refused.sha256)
    place = {"epoch": proven.epoch, "sequence": proven.sequence} if proven else {}
    said = {"reason": refused.reason, "last_us": noticed_us, **place}
    if connection.execute(update(table).where(*same).values(copies=table.c.copies + 1, **said)).rowcount:
        return
    if proven is None:
        unproven = select(func.count()).select_from(table).where(table.c.plant == plant, table.c.sequence.is_(None))
        if connection.execute(unproven).scalar_one() >= MOST_UNPROVEN:
            return
    connection.execute(
        insert(table).values(
            plant=plant,
            sha256=refused.sha256,
            id=refused.id,
            copies=1,
            first_us=noticed_us,
            **said,
        )
    )
