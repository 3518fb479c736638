"""Which records of work units are kept, so that a closed day need not be read again?

They are made from readings, quantities left out, and may be deleted at any time. `changes.note` deletes those whose
time it touches.
"""

import json
import struct
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray
from sqlalchemy import Connection

from collector.store import changes
from kpi.counter_record import CounterRecord, Share
from kpi.demand import Blocks
from kpi.gauge_record import GaugeRecord
from kpi.state import StateRuns
from kpi.unit_record import UnitRecord

FORMAT = 3
"""Part of what records are kept under: raised when a record of the same readings would differ."""
_LENGTH = struct.Struct("<I")
Key = tuple[int, int]


def kept(connection: Connection, work_unit: str, start_us: int, end_us: int) -> dict[Key, str]:
    """The kept records of a work unit that lie in [start, end], by start and end: the settings of each."""
    rows = connection.exec_driver_sql(
        "select start_us, end_us, settings from element"
        " where work_unit = ? and start_us >= ? and start_us < ? and end_us <= ?",
        (work_unit, start_us, end_us, end_us),
    )
    return {(row.start_us, row.end_us): row.settings for row in rows}


def record(connection: Connection, work_unit: str, key: Key) -> UnitRecord:
    """A record that is kept."""
    query = "select payload from element where work_unit = ? and start_us = ? and end_us = ?"
    return from_bytes(connection.exec_driver_sql(query, (work_unit, *key)).scalar_one())


def keep(connection: Connection, work_unit: str, records: Iterable[tuple[Key, str, UnitRecord]], seen: int) -> int:
    """Keep records of closed stretches, each with a hash of what it was worked out under; returns how many.

    seen: the newest change that the records know of. One whose time changed since is left out, and all are where
    changes since are forgotten already.
    """
    changed = changes.since(connection, seen)
    if changed is None:
        return 0
    done = 0
    for (start_us, end_us), settings, record in records:
        if not any(first_us <= end_us and last_us >= start_us for first_us, last_us in changed):
            connection.exec_driver_sql(
                "insert or replace into element (work_unit, start_us, end_us, settings, payload)"
                " values (?, ?, ?, ?, ?)",
                (work_unit, start_us, end_us, settings, to_bytes(record)),
            )
            done += 1
    return done


def to_bytes(record: UnitRecord) -> bytes:
    """A record packed: length of a JSON text, that text, and the columns that it counts, in one zstd frame."""
    columns: list[NDArray[Any]] = []

    def put(*of_one_length: NDArray[Any]) -> int:
        columns.extend(np.ascontiguousarray(column) for column in of_one_length)
        return len(of_one_length[0])

    content = {
        "counters": {name: _counter(one, put) for name, one in record.counters.items()},
        "gauges": {name: asdict(one) | {"flags": sorted(one.flags)} for name, one in record.gauges.items()},
        "state": put(record.state.start_us, record.state.end_us, record.state.code),
        "state_flags": sorted(record.state_flags),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    plain = _LENGTH.pack(len(text)) + text + b"".join(column.tobytes() for column in columns)
    return zstandard.ZstdCompressor(level=3).compress(plain)


def _counter(record: CounterRecord, put: Any) -> dict[str, Any]:
    blocks = record.blocks
    return {
        "amount": record.amount,
        "seen": record.seen,
        "flags": sorted(record.flags),
        "known": put(record.known),
        "holes": put(record.holes),
        "bridges": put(record.bridges),
        "shares": [[share.product, share.order, share.planned, amount] for share, amount in record.shares.items()],
        "blocks": blocks and put(blocks.start_us, blocks.kwh, blocks.estimated, blocks.covered),
        "idle_kwh": record.idle_kwh,
        "idle_s": record.idle_s,
        "stated_s": record.stated_s,
    }


def from_bytes(packed: bytes) -> UnitRecord:
    """The record of a kept blob."""
    plain = memoryview(zstandard.ZstdDecompressor().decompress(packed))
    (length,) = _LENGTH.unpack_from(plain)
    content = json.loads(bytes(plain[_LENGTH.size : _LENGTH.size + length]))
    place = _LENGTH.size + length

    def take(rows: int, kind: str = "<i8", width: int = 1) -> NDArray[Any]:
        nonlocal place
        found = np.frombuffer(plain, dtype=kind, count=rows * width, offset=place)
        place += found.nbytes
        return found.reshape(rows, width) if width > 1 else found

    counters = {name: _from_counter(one, take) for name, one in content["counters"].items()}
    gauges = {name: GaugeRecord(**{**one, "flags": frozenset(one["flags"])}) for name, one in content["gauges"].items()}
    runs = content["state"]
    state = StateRuns(take(runs), take(runs), take(runs, "<f8"))
    return UnitRecord(counters, gauges, state, frozenset(content["state_flags"]))


def _from_counter(content: dict[str, Any], take: Any) -> CounterRecord:
    known, holes, bridges = (take(content[name], width=2) for name in ("known", "holes", "bridges"))
    shares = {Share(product, order, planned): amount for product, order, planned, amount in content["shares"]}
    n = content["blocks"]
    blocks = None if n is None else Blocks(take(n), take(n, "<f8"), take(n, "?"), take(n, "<f8"))
    return CounterRecord(
        amount=content["amount"],
        seen=content["seen"],
        flags=frozenset(content["flags"]),
        known=known,
        holes=holes,
        bridges=bridges,
        shares=shares,
        blocks=blocks,
        idle_kwh=content["idle_kwh"],
        idle_s=content["idle_s"],
        stated_s=content["stated_s"],
    )
