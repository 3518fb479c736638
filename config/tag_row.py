"""How does a tag stand in a tag list, and a tag list's row in YAML? The same keys, as cells or as values."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.document import scalar
from config.fault import file_fault
from config.table_file import decoded, read_table
from config.tag_list import KEYS
from config.tags import list_cell, states_cell

TagValues = Mapping[str, Any]
_TEXTS = (
    "name",
    "work_unit",
    "role",
    "unit",
    "node",
    "index",
    "field",
    "register",
    "table",
    "type",
    "order",
    "restarts",
)
_USUAL = ("name", "work_unit", "role", "unit")


def values_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """A tag as YAML would have it from the cells of a row; empty cells say nothing.

    >>> values_of({"name": "good", "unit": "", "address": "0", "states": "0=Executing"})
    {'name': 'good', 'address': 0, 'states': {0: 'Executing'}}
    """
    return {key: _value(key, cell.strip()) for key, cell in cells.items() if cell.strip()}


def _value(key: str, cell: str) -> Any:
    if key in _TEXTS:
        return cell
    try:
        if key == "states":
            return states_cell(cell)
        return [scalar(part, plain=True) for part in list_cell(cell)] if key == "bad_values" else scalar(cell, True)
    except ValueError:
        return cell  # the check of the settings says what is wrong with it


def cells_of(tag: TagValues) -> dict[str, str]:
    """A tag as the cells of a row.

    >>> cells_of({"name": "good", "scale": 0.1, "states": {0: "Executing"}, "use_uncertain": True})
    {'name': 'good', 'scale': '0.1', 'states': '0=Executing', 'use_uncertain': 'true'}
    """
    return {key: _cell(value) for key, value in tag.items() if value is not None}


def _cell(value: Any) -> str:
    if isinstance(value, Mapping):
        return ";".join(f"{number}={name}" for number, name in value.items())
    if isinstance(value, list | tuple):
        return ";".join(_cell(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else getattr(value, "written", None) or str(value)


def read_tags(path: Path) -> list[dict[str, Any]]:
    """The tags of a tag list. Raises InputError for a file that cannot be read or has rows that cannot be taken."""
    table = read_table(path, required=("name",))
    if table.faults:
        raise file_fault(path, "; ".join(str(fault) for fault in table.faults))
    return [values_of({heading: row.text(heading) for heading in row.cells}) for row in table.rows]


def tag_list(tags: Sequence[TagValues], protocol: str) -> bytes:
    """A tag list (CSV, UTF-8) of these tags, with the headings that some of them need."""
    given = {key for tag in tags for key in tag}
    headings = [key for key in KEYS[protocol] if key in given or key in _USUAL]
    return _csv([headings, *_rows(tags, headings)], "\n").encode()


def with_rows(path: Path, data: bytes, tags: Sequence[TagValues]) -> bytes:
    """A tag list (CSV) with rows added at its end; a heading that it lacks is added behind the others.

    Raises InputError for a file that is not one, or whose headings take more than a line.
    """
    if path.suffix.lower() == ".xlsx":
        raise file_fault(path, "is a workbook; add the tags there by hand, or save it as CSV and name that")
    table = read_table(path, required=("name",), data=data)
    encoding, text = decoded(path, data)
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    new = list(dict.fromkeys(key for tag in tags for key in tag if key not in table.headings))
    if new:
        at = _heading_line(path, lines)
        lines[at] = ",".join([lines[at], *new])
    text = end.join(lines)
    if text and not text.endswith(end):
        text += end
    text += _csv(_rows(tags, [*table.headings, *new]), end)
    start = data[:3] if data.startswith(b"\xef\xbb\xbf") else b""
    try:
        whole = start + text.encode("cp949" if encoding == "CP949" else "utf-8")
    except UnicodeEncodeError:
        raise file_fault(path, "is CP949, which cannot write all of these tags; save it as UTF-8 first") from None
    if len(read_table(path, data=whole).rows) != len(table.rows) + len(tags):
        raise file_fault(path, "ends within a quoted cell; close it first")
    return whole


def _heading_line(path: Path, lines: list[str]) -> int:
    at = next(at for at, line in enumerate(lines) if line.strip(" ,\t"))
    if lines[at].count('"') % 2:
        raise file_fault(path, "has headings over several lines; put them on one line first")
    return at


def _rows(tags: Iterable[TagValues], headings: Sequence[str]) -> list[list[str]]:
    return [[cells.get(heading, "") for heading in headings] for cells in map(cells_of, tags)]


def _csv(rows: Iterable[Sequence[str]], end: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue()
