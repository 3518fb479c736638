"""How do stored readings leave as CSV or JSON? A stored day at a time, so that any stretch takes bounded memory."""

import csv
import json
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.store.readings import short_reads_by_day
from collector.store.tags import StoredTag, texts
from plant.instant import format_instant
from plant.status_code import status_name
from plant.tag import Kind

Row = dict[str, object]


def history_rows(
    connection: Connection, tags: Iterable[StoredTag], start_us: int, end_us: int, zone: ZoneInfo
) -> Iterator[Row]:
    """Readings with start <= time < end, by tag and time: tag, time, value, unit, status."""
    named = texts(connection)
    for stored in tags:
        is_text = stored.tag.kind is Kind.TEXT
        for readings in short_reads_by_day(connection, stored.id, start_us, end_us):
            columns = (readings.times_us.tolist(), readings.values.tolist(), readings.status.tolist())
            for time_us, number, status in zip(*columns, strict=True):
                value = None if number != number else named.get(int(number)) if is_text else number
                yield {
                    "tag": stored.tag.name,
                    "time": format_instant(time_us, zone),
                    "value": value,
                    "unit": stored.tag.storage_unit,
                    "status": status_name(status),
                }


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Lines of CSV, the heading first."""
    line = csv.writer(_Line(), lineterminator="\n").writerow
    yield str(line(("time", "tag", "value", "status", "unit")))
    for row in rows:
        value = row["value"]
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e16
        shown = int(value) if whole else value  # type: ignore[call-overload]
        yield str(line((row["time"], row["tag"], "" if shown is None else shown, row["status"], row["unit"])))


def json_parts(rows: Iterable[Row]) -> Iterator[str]:
    """Parts of one strict JSON text in the shape of `read`."""
    yield '{"readings": ['
    for at, row in enumerate(rows):
        yield ("" if at == 0 else ", ") + json.dumps(row, ensure_ascii=False, allow_nan=False)
    yield "]}\n"


class _Line:
    """A file for csv that hands every line back."""

    def write(self, line: str) -> str:
        return line
