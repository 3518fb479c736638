"""How do stored readings leave as CSV or JSON? A stored day at a time, so that any stretch takes bounded memory."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from json import JSONEncoder
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from collector.store.readings import short_reads_by_day
from collector.store.tags import StoredTag, texts
from plant.instant import format_instants
from plant.status_code import status_name
from plant.tag import Kind

Row = dict[str, object]

_BATCH = 1000


def history_rows(
    connection: Connection, tags: Iterable[StoredTag], start_us: int, end_us: int, zone: ZoneInfo
) -> Iterator[Row]:
    """Readings with start <= time < end, by tag and time: tag, time, value, unit, status."""
    named = texts(connection)
    for stored in tags:
        is_text = stored.tag.kind is Kind.TEXT
        for readings in short_reads_by_day(connection, stored.id, start_us, end_us):
            times = format_instants(readings.times_us, zone)
            for time, number, status in zip(times, readings.values.tolist(), readings.status.tolist(), strict=True):
                value = None if number != number else named.get(int(number)) if is_text else number
                yield {
                    "tag": stored.tag.name,
                    "time": time,
                    "value": value,
                    "unit": stored.tag.storage_unit,
                    "status": status_name(status),
                }


def csv_parts(rows: Iterable[Row]) -> Iterator[str]:
    """Parts of a CSV text, the heading first."""
    yield _csv([("time", "tag", "value", "status", "unit")])
    for some in _batches(rows):
        yield _csv((row["time"], row["tag"], _shown(row["value"]), row["status"], row["unit"]) for row in some)


def json_parts(rows: Iterable[Row]) -> Iterator[str]:
    """Parts of one strict JSON text in the shape of `read`."""
    encoded = JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    yield '{"readings": ['
    between = ""
    for some in _batches(rows):
        yield between + ", ".join(map(encoded, some))
        between = ", "
    yield "]}\n"


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _shown(value: object) -> object:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return int(value)
    return "" if value is None else value


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while some := list(islice(left, _BATCH)):
        yield some
