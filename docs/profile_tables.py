"""Which register maps does profiles.md show? Every shipped profile with its registers, and the SunSpec models."""

from collections import Counter
from collections.abc import Iterator

from config.devices import shipped
from config.profile import registers
from config.sunspec_model import Model, sunspec_models
from config.table_file import Row
from docs.setting_tables import table


def profiles() -> Iterator[str]:
    """Lines of the page about the meters: all of them in short, then each with its registers."""
    summary = ((f"[`{name}`](#{name})", _title(name), str(len(registers(name))), _ways(name)) for name in shipped())
    yield from table(("profile", "meter", "registers", "found by their role"), summary)
    for name in shipped():
        rows = registers(name)
        yield from ("", f"### {name}", "", f"{rows[0].text('source')}.", "")
        yield from table(("register", "role", "unit", "where", "coding"), map(_cells, rows))
    yield from ("", "## Known SunSpec models", "")
    models = sunspec_models().values()
    yield from table(("model", "name", "points", "registers", "types"), map(_model_cells, models))


def _title(name: str) -> str:
    return registers(name)[0].text("source").split(":")[0]


def _ways(name: str) -> str:
    roles = [row.text("role") for row in registers(name)]
    return ", ".join(f"`{role}`" for role in dict.fromkeys(roles) if role and roles.count(role) == 1)


def _cells(row: Row) -> tuple[str, ...]:
    scaled = f" × {row.text('scale')}" if row.text("scale") else ""
    bad = f", none: {row.text('bad_values')}" if row.text("bad_values") else ""
    coding = f"{row.text('type')} {row.text('order')}{scaled}{bad}"
    return f"`{row.text('register')}`", row.text("role"), row.text("unit"), _where(row), coding


def _model_cells(model: Model) -> tuple[str, ...]:
    types = Counter(point.type for point in model.points)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
    return str(model.id), model.name, str(len(model.points)), str(model.size), counted


def _where(row: Row) -> str:
    return f"{row.text('table')} {row.text('address')}"
