"""How is a setting written in YAML, so that it reads back as it was? Plain where that is safe, quoted where not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from config.document import WrittenFloat, WrittenInt, scalar

LINE = 120

# A colon or `#` inside a word is text (YAML 1.2.2, 7.3.3); at its end, or before a blank, it is not.
_PLAIN = re.compile(r"[A-Za-z0-9_/](?:[A-Za-z0-9_./;=+%°-]|:(?=[A-Za-z0-9_./]))*")


def value_text(value: Any) -> str:
    """A value on one line: text, number, true, false, null, or a list or mapping of these in flow style.

    >>> value_text({"name": "press1.good", "unit": "1", "max_rate": 4000, "states": {0: "Executing"}})
    '{name: press1.good, unit: "1", max_rate: 4000, states: {0: Executing}}'
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(_entries(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, WrittenInt | WrittenFloat):
        return value.written
    if isinstance(value, int | float):
        return repr(value)
    return value if _is_plain(value) else '"' + "".join(map(_quoted, value)) + '"'


def mapping_item(values: Mapping[str, Any], column: int) -> list[str]:
    """The lines of a list's item that is a mapping in flow style, its dash in this column (from 0)."""
    lines, line = [], " " * column + "- {"
    for at, entry in enumerate(entries := list(_entries(values))):
        piece = entry + ("}" if at == len(entries) - 1 else ",")
        if len(line) + len(piece) + 1 > LINE and not line.endswith("{"):
            lines.append(line)
            line = " " * (column + 2)
        line += piece if line.endswith("{") else f" {piece}"
    return [*lines, line]


def block_item(values: Mapping[str, Any], column: int, offset: int) -> list[str]:
    """The lines of a list's item that is a mapping in block style; its keys stand `offset` columns after the dash."""
    lead = [" " * column + "-" + " " * (offset - 1), *[" " * (column + offset)] * (len(values) - 1)]
    return [before + entry for before, entry in zip(lead, _entries(values), strict=True)]


def _entries(values: Mapping[Any, Any]) -> Iterator[str]:
    return (f"{value_text(key)}: {value_text(value)}" for key, value in values.items())


def _quoted(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and isinstance(scalar(text, plain=True), str)
