"""Which sequences of a plant's epoch are in, which are missing, and do their hashes form one chain?"""

import logging
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, insert, select, union, update

from kpi.report_schema import Report
from programme import schema

MOST_HOLES = 100

log = logging.getLogger("smartwings.programme")


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an epoch of a plant has come: all known up to whole_to, the highest known received_to."""

    plant: str
    epoch: int
    whole_to: int
    received_to: int


def standing(connection: Connection, plant: str, epoch: int) -> Standing | None:
    """The standing of an epoch; None before its first report."""
    table = schema.epoch
    row = connection.execute(select(table).where(table.c.plant == plant, table.c.epoch == epoch)).first()
    return Standing(row.plant, row.epoch, row.whole_to, row.received_to) if row else None


def advance(connection: Connection, report: Report) -> None:
    """Take note that a sequence is known; it is stored, or refused for good because its place is taken."""
    table = schema.epoch
    stand = standing(connection, report.plant, report.epoch)
    if stand is None:
        stand = Standing(report.plant, report.epoch, 0, 0)
        connection.execute(
            insert(table).values(plant=stand.plant, epoch=stand.epoch, whole_to=0, received_to=0),
        )
    whole_to = stand.whole_to
    if report.sequence == whole_to + 1:
        for sequence in connection.execute(_known(stand)).scalars():
            if sequence != whole_to + 1:
                break
            whole_to = sequence
    connection.execute(
        update(table)
        .where(table.c.plant == stand.plant, table.c.epoch == stand.epoch)
        .values(whole_to=whole_to, received_to=max(stand.received_to, report.sequence))
    )


def holes(connection: Connection, stand: Standing) -> list[tuple[int, int]]:
    """First and last sequence of each hole below received_to, the oldest first, at most 100 of them."""
    found: list[tuple[int, int]] = []
    if stand.whole_to == stand.received_to:
        return found
    before = stand.whole_to
    for sequence in connection.execute(_known(stand)).scalars():
        if sequence > before + 1:
            found.append((before + 1, sequence - 1))
            if len(found) == MOST_HOLES:
                break
        before = sequence
    return found


def _known(stand: Standing) -> Select[int]:
    stored, refused = schema.report, schema.rejection
    both = union(
        *(
            select(table.c.sequence).where(
                table.c.plant == stand.plant, table.c.epoch == stand.epoch, table.c.sequence > stand.whole_to
            )
            for table in (stored, refused)
        )
    ).subquery()
    return select(both.c.sequence).order_by(both.c.sequence)


def link(connection: Connection, report: Report, sha256: str, noticed_us: int) -> None:
    """Check the chain between a report just stored and its neighbours, where they are known; note every break."""
    before = "" if report.sequence == 1 else _sha256(connection, report, report.sequence - 1)
    if before is not None and before != report.previous:
        _note_break(connection, report, report.sequence, before, report.previous, noticed_us)
    table = schema.report
    after = connection.execute(
        select(table.c.previous).where(
            table.c.plant == report.plant, table.c.epoch == report.epoch, table.c.sequence == report.sequence + 1
        )
    ).scalar()
    if after is not None and after != sha256:
        _note_break(connection, report, report.sequence + 1, sha256, after, noticed_us)


def _sha256(connection: Connection, report: Report, sequence: int) -> str | None:
    for table in (schema.report, schema.rejection):
        found = connection.execute(
            select(table.c.sha256).where(
                table.c.plant == report.plant, table.c.epoch == report.epoch, table.c.sequence == sequence
            )
        ).scalar()
        if found is not None:
            return str(found)
    return None


def _note_break(
    connection: Connection, report: Report, sequence: int, expected: str, found: str, noticed_us: int
) -> None:
    log.warning("the chain of %s is broken: report %d does not name the one before it", report.plant, sequence)
    table = schema.chain_break
    at = {"plant": report.plant, "epoch": report.epoch, "sequence": sequence}
    connection.execute(delete(table).where(*(table.c[name] == value for name, value in at.items())))
    connection.execute(insert(table).values(**at, expected=expected, found=found, noticed_us=noticed_us))
