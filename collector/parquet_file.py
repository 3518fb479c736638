"""How do readings leave for other tools? As a Parquet file: time (UTC), tag, value, text, status, unit."""

from collections.abc import Iterable
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from collector.store.readings import series_by_day
from collector.store.tags import StoredTag, texts
from plant.status_code import status_name
from plant.tag import Kind

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


def write_parquet(
    connection: Connection, tags: Iterable[StoredTag], start_us: int, end_us: int, output: IO[bytes]
) -> None:
    """Write the readings of some tags with start <= time < end, a stored day at a time."""
    named = texts(connection)
    with pq.ParquetWriter(output, SCHEMA, compression="zstd") as file:
        for stored in tags:
            is_text = stored.tag.kind is Kind.TEXT
            for readings in series_by_day(connection, stored.id, start_us, end_us):
                numbers = [None if value != value else value for value in readings.values.tolist()]
                columns = [
                    pa.array(readings.times_us, pa.timestamp("us", tz="UTC")),
                    [stored.tag.name] * len(readings),
                    [None if is_text else number for number in numbers],
                    [named.get(int(number)) if is_text and number is not None else None for number in numbers],
                    [status_name(code) for code in readings.status.tolist()],
                    [stored.tag.storage_unit] * len(readings),
                ]
                file.write_table(pa.table(columns, schema=SCHEMA))
