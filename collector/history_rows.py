"""How do stored readings leave as CSV or JSON? A stored day at a time, so that any stretch takes bounded memory."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection

from collector.store.readings import short_reads_by_day
from collector.store.tags import StoredTag, texts
from plant.instant_column import format_instants
from plant.reading import F64
from plant.status_code import status_name, status_text
from plant.tag import Kind, Tag

_AT_ONCE = 5000
_MOST_WHOLE = 1e16


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Some readings of one tag: times as texts, values (NaN: none), StatusCodes; said: the texts of a text tag by what
    stands for them in values, None of any other tag."""

    tag: Tag
    times: list[str]
    values: F64
    status: list[int]
    said: dict[int, str] | None


def history_rows(
    connection: Connection, tags: Iterable[StoredTag], start_us: int, end_us: int, zone: ZoneInfo
) -> Iterator[Rows]:
    """Readings with start <= time < end, by tag and time, some at a time."""
    named = texts(connection)
    for stored in tags:
        said = named if stored.tag.kind is Kind.TEXT else None
        for day in short_reads_by_day(connection, stored.id, start_us, end_us):
            for at in range(0, len(day), _AT_ONCE):
                part = day[at : at + _AT_ONCE]
                times = format_instants(part.times_us, zone)
                yield Rows(stored.tag, times, part.values, part.status.tolist(), said)


def csv_parts(rows: Iterable[Rows]) -> Iterator[str]:
    """Parts of a CSV text, the heading first."""
    yield "time,tag,value,status,unit\n"
    for some in rows:
        name, unit = _quoted(some.tag.name), _quoted(some.tag.storage_unit)
        tails = {code: f",{status_text(code)},{unit}\n" for code in set(some.status)}
        shown = zip(some.times, _csv_values(some), some.status, strict=True)
        yield "".join([f"{time},{name},{value}{tails[code]}" for time, value, code in shown])


def json_parts(rows: Iterable[Rows]) -> Iterator[str]:
    """Parts of one strict JSON text in the shape of `read`."""
    yield '{"readings": ['
    between = ""
    for some in rows:
        head = f'{{"tag": {_json(some.tag.name)}, "time": "'
        unit = _json(some.tag.storage_unit)
        tails = {code: f', "unit": {unit}, "status": {_json(status_name(code))}}}' for code in set(some.status)}
        shown = zip(some.times, _json_values(some), some.status, strict=True)
        yield between + ", ".join([f'{head}{time}", "value": {value}{tails[code]}' for time, value, code in shown])
        between = ", "
    yield "]}\n"


def _csv_values(rows: Rows) -> list[object]:
    """Whole numbers without a fraction, nothing for none."""
    values = rows.values
    if rows.said is not None:
        return [_quoted(text or "") for text in _said(rows)]
    whole = (values == np.floor(values)) & (np.abs(values) < _MOST_WHOLE)
    if whole.all():
        return values.astype(np.int64).tolist()  # type: ignore[no-any-return]
    marked = zip(values.tolist(), whole.tolist(), strict=True)
    return [int(value) if is_whole else value if value == value else "" for value, is_whole in marked]


def _json_values(rows: Rows) -> list[object]:
    if rows.said is not None:
        return ["null" if text is None else _json(text) for text in _said(rows)]
    return [value if value == value else "null" for value in rows.values.tolist()]


def _said(rows: Rows) -> Iterator[str | None]:
    said = rows.said or {}
    return (said.get(int(value)) if value == value else None for value in rows.values.tolist())


def _json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=10_000)
def _quoted(text: str) -> str:
    """A cell as CSV has it."""
    found = StringIO(newline="")
    csv.writer(found).writerow(("", text))  # it quotes those line ends alone that its own rows have
    return found.getvalue()[1:-2]
