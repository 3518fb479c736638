"""Which readings are still in the journal, not yet in chunks?"""

import numpy as np
from sqlalchemy import Connection

from collector.store.journal import unpack
from plant.reading import Readings, joined

_SNAPSHOT = "journal"


def freeze(connection: Connection) -> None:
    """Let a reader unpack the journal once for all tags: a transaction of its own sees the same rows to its end."""
    connection.info[_SNAPSHOT] = None


def thaw(connection: Connection) -> None:
    """Let a reader look only at the rows of the journal that it needs, whenever it needs them: for one whose
    transactions are short, so that it does not keep the file growing while whoever it reads for takes their time."""
    connection.info.pop(_SNAPSHOT, None)


def in_journal(connection: Connection, tag_id: int, start_us: int, end_us: int) -> list[Readings]:
    """Readings of a tag in rows of the journal that reach into [start_us, end_us), in order of arrival."""
    if _SNAPSHOT not in connection.info:
        rows = connection.exec_driver_sql(
            "select payload from journal where max_us >= ? and min_us < ? order by id", (start_us, end_us)
        )
        return [unpack(row.payload).of(tag_id) for row in rows]
    snapshot = connection.info[_SNAPSHOT]
    if snapshot is None or snapshot[0] is not connection.get_transaction():
        by_tag = _by_tag(connection)
        snapshot = connection.info[_SNAPSHOT] = (connection.get_transaction(), by_tag)
    return [snapshot[1][tag_id]] if tag_id in snapshot[1] else []


def _by_tag(connection: Connection) -> dict[int, Readings]:
    rows = connection.exec_driver_sql("select payload from journal order by id").scalars()
    entries = [unpack(payload) for payload in rows]
    if not entries:
        return {}
    ids = np.concatenate([entry.tag_ids for entry in entries])
    readings = joined([entry.readings for entry in entries])
    by_tag = np.argsort(ids, kind="stable")
    ids, starts = np.unique(ids[by_tag], return_index=True)
    ends = [*starts[1:].tolist(), len(by_tag)]
    return {int(tag): readings[by_tag[a:b]] for tag, a, b in zip(ids, starts.tolist(), ends, strict=True)}
