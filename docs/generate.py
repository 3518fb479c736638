"""How do settings.md, kpis.md, explain.md and profiles.md come about? From the code and its data, by this program.

A test compares the files with what this writes. Descriptions are the docstrings in config/; rules of the KPIs are in
kpis-rules.md, what explanations are for in explain-text.md, and how register maps are used in profiles-text.md.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

DOCS = Path(__file__).resolve().parent
if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent))

from config import address_range, calendar, devices, model, mqtt, page, programme, savings, site, tags  # noqa: E402
from docs.explanation_tables import objects  # noqa: E402
from docs.profile_tables import profiles  # noqa: E402
from docs.setting_tables import table, tables  # noqa: E402
from kpi.catalogue import CATALOGUE  # noqa: E402
from plant.kpi_id import KpiId  # noqa: E402
from plant.tag import Role  # noqa: E402

GENERATED = "<!-- Written by `python docs/generate.py`; change the code, not this page. -->"

WITHOUT_EFFECT = {
    "`max_clock_error_s`, `outage_s`, `allow_insecure` of a Modbus device": "Modbus has no clock, queue or security",
}  # fmt: skip
"""Settings that are checked and kept, but change nothing."""

GROUPS: tuple[tuple[str, type[model.Settings], type[model.Settings] | None], ...] = (
    ("plant", site.PlantSettings, None),
    ("store", site.StoreSettings, None),
    ("page", page.PageSettings, None),
    ("mqtt", mqtt.MqttSettings, None),
    ("calendar", calendar.CalendarSettings, None),
    ("extra_shifts: each", calendar.ExtraShiftSettings, None),
    ("planned_downtime: each", calendar.PlannedDowntimeSettings, None),
    ("shifts: each", calendar.ShiftSettings, None),
    ("devices: every protocol", devices.DeviceSettings, None),
    ("devices: protocol opcua", devices.OpcUaDevice, devices.DeviceSettings),
    ("devices: protocol modbus", devices.ModbusDevice, devices.DeviceSettings),
    ("tags: every protocol", tags.TagSettings, None),
    ("tags: protocol opcua", tags.OpcUaTag, tags.TagSettings),
    ("tags: protocol modbus", tags.ModbusTag, tags.TagSettings),
    ("work_units: each, by name", site.WorkUnitSettings, None),
    ("products: each, by id", site.ProductSettings, None),
    ("baselines: each", savings.BaselineSettings, None),
    ("energy", site.EnergySettings, None),
    ("energy baselines: each", site.EnergyBaselineSettings, None),
    ("savings", savings.SavingsSettings, None),
    ("savings prices: each", savings.PriceSettings, None),
    ("orders", site.OrderSettings, None),
    ("programme file", programme.Programme, None),
    ("programme file: programme", programme.ProgrammeIdentity, None),
    ("programme file: store", programme.ProgrammeStoreSettings, None),
    ("programme file: mqtt", mqtt.BrokerSettings, None),
)
"""Tables of the page: heading, settings, and the settings whose keys another table has already."""

_PLAIN = {bool: "true or false", int: "whole number", float: "number", str: "text"}
_BY_CHECK = {
    model._date: "date",
    model._minutes: "time of day, as in 08:00",
    model._instant: "time with offset, as in 2026-11-22T09:30:00+09:00",
    calendar._weekday: f"one of {', '.join(calendar.WEEKDAYS)}",
    calendar._break: "break, as in 12:00-13:00",
    calendar._country: "country's code",
    address_range._address_range: "addresses, as in `holding 100-199` or `input 5`",
}
_BY_PATTERN = {
    f"^{model.NAME}$": "name",
    "^[a-z0-9][a-z0-9-]{2,62}$": "3 to 63 of a-z, 0-9 and -, not - first",
    "^sqlite:///.+$": "`sqlite:///FILE`",
    "^(sqlite:///|postgresql://).+$": "`sqlite:///FILE` or `postgresql://…`",
    r"^\S+:\d{1,5}$": "`HOST:PORT`",
}


def type_words(hint: Any) -> str:
    """A type as people would say it. Raises LookupError for one that nobody has put into words."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments[0], arguments[1:])
    if origin in (Union, UnionType):
        return " or ".join(type_words(part) for part in arguments if part is not NoneType)
    if origin is Literal:
        return _one_of([str(value) for value in arguments])
    if origin is tuple:
        return f"list of: {type_words(arguments[0])}"
    if origin is not None and len(arguments) == 2:
        return f"mapping of {type_words(arguments[0])} to {type_words(arguments[1])}"
    if hint is KpiId:
        return "id of a [KPI](kpis.md)"
    if hint is Role:
        return "[role](#roles)"
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _one_of([str(member.value) for member in hint])
    if isinstance(hint, type) and issubclass(hint, model.Settings):
        return next(
            f"[{heading.removeprefix('programme file: ').split(':')[0]}](#{_anchor(heading)})"
            for heading, settings, _ in GROUPS
            if settings is hint
        )
    return _PLAIN[hint]


def _annotated(inner: Any, metadata: Iterable[Any]) -> str:
    flat = [part for item in metadata for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
    for part in flat:
        check = getattr(part, "func", None)
        if check in _BY_CHECK:
            return _BY_CHECK[check]
        if isinstance(part, StringConstraints) and part.pattern:
            return _BY_PATTERN[str(part.pattern)]
    return type_words(inner) + _bounds(flat)


def _bounds(metadata: Iterable[Any]) -> str:
    limits: dict[type, Any] = {type(part): part for part in metadata}
    if Ge in limits and Le in limits:
        return f", {limits[Ge].ge} to {limits[Le].le}"
    said = []
    if Ge in limits:
        said.append(f"at least {limits[Ge].ge}")
    if Gt in limits:
        said.append(f"more than {limits[Gt].gt}")
    if Le in limits:
        said.append(f"at most {limits[Le].le}")
    if Lt in limits:
        said.append(f"less than {limits[Lt].lt}")
    if MinLen in limits:
        said.append("at least one")
    return f", {' and '.join(said)}" if said else ""


def _one_of(values: Sequence[str]) -> str:
    joint = " or " if len(values) < 4 else ", "
    return joint.join(f"`{value}`" for value in values)


def default_words(field: FieldInfo, hint: Any) -> str:
    """A default as it would be written in the file; `required` where there is none."""
    value = field.default
    if field.default_factory is not None or value == ():
        return "none"
    if value is PydanticUndefined:
        return "**required**"
    if value is None:
        return "absent"
    if isinstance(value, model.Settings):
        return "its defaults"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    if type_words(hint).startswith("time of day"):
        return f"`{value // 60:02d}:{value % 60:02d}`"
    if isinstance(value, float) and value == int(value):
        return f"`{int(value)}`"
    return f"`{value}`" if value != "" else "absent"


def settings_page() -> str:
    """The content of settings.md."""
    lines = [GENERATED, "# Settings of site file and programme file", "", _INTRODUCTION, "", "## Site file", ""]
    lines += table(("key", "holds"), ((f"`{name}`", _top_words(name)) for name in site.Site.model_fields))
    for heading, settings, shown in GROUPS:
        lines += ["", f"## {heading}", "", _summary(settings), ""]
        lines += table(("key", "type", "default", "meaning"), _group_rows(settings, shown))
    lines += ["", "## Checked, but without effect", ""]
    lines += table(("setting", "what holds today"), WITHOUT_EFFECT.items())
    lines += ["", *tables()]
    return "\n".join(lines) + "\n"


_INTRODUCTION = """\
Both files are YAML 1.2: `14:00` and `no` are text. A key that is not listed here, or that stands twice, is an error.
`smartwings init DIR` writes an example site file, `smartwings check SITE` names every fault with file, line and column.
File names are relative to the file. Passwords and keys are never in it: `password_file` and `key_file` name files
that only their owner may read. A number where text or a name is wanted is taken as it is written.
A name begins with a letter or digit and has at most 80 letters, digits, `_`, `.` and `-`."""


def _top_words(name: str) -> str:
    hint = get_type_hints(site.Site, include_extras=True)[name]
    if name == "devices":
        return "list of devices: [opcua](#devices-protocol-opcua) or [modbus](#devices-protocol-modbus)"
    required = "; **required**" if site.Site.model_fields[name].is_required() else ""
    return type_words(hint).replace("list of: [", "list of [") + required


def _summary(settings: type[model.Settings]) -> str:
    return " ".join((settings.__doc__ or "").split())


def _group_rows(settings: type[model.Settings], shown: type[model.Settings] | None) -> Iterator[tuple[str, ...]]:
    hints = get_type_hints(settings, include_extras=True)
    for name, field in settings.model_fields.items():
        if shown is not None and name in shown.model_fields:
            continue
        if not field.description:
            raise LookupError(f"{settings.__name__}.{name} has no docstring")
        words = "list of tags, or the file name of a tag list" if name == "tags" else type_words(hints[name])
        yield f"`{field.alias or name}`", words, default_words(field, hints[name]), " ".join(field.description.split())


def kpis_page() -> str:
    """The content of kpis.md."""
    lines = [GENERATED, "# KPIs", "", _KPI_INTRODUCTION, ""]
    lines += table(
        ("id", "title", "한국어", "unit", "better", "formula", "source"),
        ((f"`{k.id}`", k.title, k.title_ko, k.unit, k.trend.value, k.formula, k.source) for k in CATALOGUE),
    )
    return "\n".join(lines) + "\n\n" + (DOCS / "kpis-rules.md").read_text(encoding="utf-8")


_KPI_INTRODUCTION = """\
`smartwings kpi SITE` prints these, of the plant and every work unit, for the last closed day or any other period.
Every value comes with numerator, denominator, coverage, grade and flags; where there is no value there is a reason.
`local` as source means that no standard defines the KPI; the formula here is ours."""


def explain_page() -> str:
    """The content of explain.md."""
    text = (DOCS / "explain-text.md").read_text(encoding="utf-8")
    return f"{GENERATED}\n{text}\n" + "\n".join(objects()) + "\n"


def profiles_page() -> str:
    """The content of profiles.md."""
    text = (DOCS / "profiles-text.md").read_text(encoding="utf-8")
    return f"{GENERATED}\n{text}" + "\n".join(profiles()) + "\n"


def _anchor(heading: str) -> str:
    return heading.replace(":", "").replace(",", "").replace(" ", "-")


def main() -> None:
    """Write all pages."""
    pages = {"settings": settings_page, "kpis": kpis_page, "explain": explain_page, "profiles": profiles_page}
    for name, content in pages.items():
        (DOCS / f"{name}.md").write_text(content(), encoding="utf-8")


if __name__ == "__main__":
    main()
