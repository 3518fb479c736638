"""Of which objects is the JSON of an explanation made? A table of what the code shows, by object and field."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_type_hints

from docs.setting_tables import table
from kpi.explanation import Explanation
from kpi.value_chart import ValueChart


def objects() -> Iterator[str]:
    """Lines of the tables of objects: of an explanation, and of a chart."""
    yield from ("### Objects of an explanation", "", *_table(Explanation), "")
    yield from ("### Objects of a chart", "", *_table(ValueChart))


def _table(first: type) -> Iterator[str]:
    found = _reached(first)
    rows = ((f"`{one.__name__}`", ", ".join(_fields(one)), _meaning(one)) for one in found)
    return table(("object", "fields", "meaning"), rows)


def _reached(first: type) -> list[type]:
    """An object and all that it holds, each once, in the order in which they come."""
    found = [first]
    for one in found:
        for hint in get_type_hints(one).values():
            found += [part for part in _parts(hint) if part not in found]
    return found


def _parts(hint: Any) -> list[type]:
    """The objects that a type is made of."""
    if isinstance(hint, type) and is_dataclass(hint):
        return [hint]
    return [part for argument in get_args(hint) for part in _parts(argument)]


def _fields(one: type) -> Iterator[str]:
    hints = get_type_hints(one)
    for field in fields(one):
        holds = _parts(hints[field.name])
        of = f" ({' or '.join(part.__name__ for part in holds)})" if holds else ""
        yield f"`{field.name.removesuffix('_us')}`{of}"


def _meaning(one: type) -> str:
    text = " ".join((one.__doc__ or "").split())
    return re.sub(r"\b(\w+)_us\b", r"\1", text).replace(" [us]", "").replace(" (UTC us)", "")
