"""Which roles, units, tag lists, register maps and tariffs does settings.md show? Tables of what the code knows."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from config.tag_list import KEYS
from config.tariff import load_tariff, shipped_tariffs
from plant.tag import STORAGE_UNITS, Role, kind_of
from plant.unit import CONVERSIONS, IDENTITY


def table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    names = list(headings)
    yield f"| {' | '.join(names)} |"
    yield f"|{' --- |' * len(names)}"
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


def tables() -> Iterator[str]:
    """Lines of the page behind the settings, by heading."""
    yield from (*_roles(), "", *_units(), "", *_names_in_tag_lists(), "", *_profiles(), "", *_tariffs())


def _roles() -> Iterator[str]:
    yield from ("## Roles", "", "What a tag measures. The kind follows from the role.", "")
    rows = ((f"`{role}`", kind_of(role).value, STORAGE_UNITS.get(role, _as_given(role))) for role in Role)
    yield from table(("role", "kind", "unit of storage"), rows)


def _as_given(role: Role) -> str:
    return "as given" if kind_of(role).value == "gauge" else "none"


def _units() -> Iterator[str]:
    yield from ("## Units", "", "Units that a tag may have where its role fixes the unit of storage.", "")
    rows = []
    for storage, known in CONVERSIONS.items():
        for unit, way in known.items():
            added = f"{way.offset:+.10g}" if way.offset else ""
            changed = f"× {way.factor:.12g} {added}".strip()
            rows.append((storage, unit, changed if way != IDENTITY else "stored as given"))
    yield from table(("unit of storage", "unit in the file", "becomes"), rows)


def _names_in_tag_lists() -> Iterator[str]:
    yield from ("## Tag lists", "", _TAG_LISTS, "")
    for protocol, keys in KEYS.items():
        yield f"- {protocol}: {', '.join(f'`{key}`' for key in keys)}"


_TAG_LISTS = """\
A CSV or XLSX file, one row a tag, whose headings are the keys of a tag. An empty cell is an absent key.
A cell of `states` is `0=NotExecuting;1=Executing`, one of `bad_values` is `65535;32768`. Headings of each protocol:"""


def _profiles() -> Iterator[str]:
    yield from ("## Register maps", "", _PROFILES)


_PROFILES = """\
A Modbus tag may name a `register` of the map that its device names as `profile`, or no `address` at all: then it is
the register of its role. The register gives `role`, `unit`, `table`, `address`, `type`, `order`, `scale` and
`bad_values` where the tag does not say them itself. [All shipped maps](profiles.md) with their registers."""


def _tariffs() -> Iterator[str]:
    yield from ("## Shipped tariffs", "", _TARIFFS, "")
    for name in shipped_tariffs():
        starts = [version.valid_from.isoformat() for version in load_tariff(name, Path()).versions]
        yield f"- `{name}`: {', '.join(starts)}"


_TARIFFS = "Dates from which something in a [table](tariffs.md) changes. Before the first there is no price."
