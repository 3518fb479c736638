"""How do readings leave for other tools? As a Parquet file: time (UTC), tag, value, text, status, unit."""

from collections.abc import Iterable, Iterator
from io import RawIOBase
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from collector.store.readings import short_reads_by_day
from collector.store.tags import StoredTag, texts
from plant.reading import Readings
from plant.status_code import status_name
from plant.tag import Kind, Tag

SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us", tz="UTC")),
        ("tag", pa.string()),
        ("value", pa.float64()),
        ("text", pa.string()),
        ("status", pa.string()),
        ("unit", pa.string()),
    ]
)


def parquet_blocks(connection: Connection, tags: Iterable[StoredTag], start_us: int, end_us: int) -> Iterator[bytes]:
    """Parts of a file with the readings of some tags with start <= time < end, a stored day at a time."""
    named = texts(connection)
    sink = _Sink()
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as file:
        for stored in tags:
            for readings in short_reads_by_day(connection, stored.id, start_us, end_us):
                file.write_table(_table(stored.tag, readings, named))
                yield sink.taken()
    yield sink.taken()


def _table(tag: Tag, readings: Readings, named: dict[int, str]) -> pa.Table:
    numbers = [None if value != value else value for value in readings.values.tolist()]
    is_text = tag.kind is Kind.TEXT
    columns = [
        pa.array(readings.times_us, pa.timestamp("us", tz="UTC")),
        [tag.name] * len(readings),
        [None if is_text else number for number in numbers],
        [named.get(int(number)) if is_text and number is not None else None for number in numbers],
        [status_name(code) for code in readings.status.tolist()],
        [tag.storage_unit] * len(readings),
    ]
    return pa.table(columns, schema=SCHEMA)


class _Sink(RawIOBase):
    """A file that is only written to, and whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._at += len(part)
        return len(part)

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._parts)
        self._parts.clear()
        return found
