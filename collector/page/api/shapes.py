"""What shape has each answer? The JSON Schemas of the description are made of this."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.json_schema import models_json_schema

from kpi.explanation import Explanation
from kpi.report_schema import ReportedPeriod, ReportedValue
from kpi.running_sum import RunningSum
from kpi.value_chart import ValueChart

_SCHEMAS = "#/components/schemas/{model}"
_NOUNS = "#/components/schemas/why.{model}"


class Shape(BaseModel):
    """What answers share: nothing but what is named here. The docstring below a field is its description."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Reading(Shape):
    """A reading."""

    tag: str
    time: datetime
    value: float | str | None
    """Null exactly when the status is Bad; text of tags whose values are text."""
    unit: str
    """Unit of storage."""
    status: str
    """Name of the OPC UA StatusCode."""


class LatestReading(Reading):
    """The newest reading of a tag."""

    age_s: float
    """Its age by the clock of the collector's computer."""


class Readings(Shape):
    """Newest readings; tags without any are left out."""

    readings: list[LatestReading]


class History(Shape):
    """Stored readings, by tag and time."""

    readings: list[Reading]


class Period(ReportedPeriod):
    """A period, [start, end), with the plant's offset."""

    kind: Literal["hour", "shift", "day", "week", "month", "year", "range"]  # type: ignore[assignment]


class Value(ReportedValue):
    """One KPI of one scope over one period, with its evidence."""

    period: Period
    explanation: dict[str, Any] = {}  # noqa: RUF012 (pydantic copies defaults)


class Kpis(Shape):
    """Values by period, scope and KPI. With `explain=true` each has its explanation, and there are charts of several
    periods; unless KPIs are named, values that there are none of by the settings are then left out."""

    values: list[Value]
    charts: list[dict[str, Any]] = []
    running_sums: list[dict[str, Any]] = []


class Report(Shape):
    """A report of the outbox."""

    id: str
    sequence: int
    state: Literal["pending", "accepted", "rejected"]
    created_at: datetime
    sent_at: datetime | None
    accepted_at: datetime | None
    reason: str | None
    """Why the programme refused it."""


class Reports(Shape):
    """Reports in the order in which they were made."""

    reports: list[Report]


class BadBlock(Shape):
    """Modbus addresses that a device refuses, or is silent about though it answers others."""

    table: Literal["holding", "input", "coil", "discrete"]
    address: int
    """The first, from 0."""
    count: int
    tags: list[str]
    exception_code: int | None
    """Null: silent."""
    exception: str | None
    """What the exception code means."""
    bad_since_us: int
    next_try_us: int | None
    """Null: it is asked for at every poll."""


class Device(Shape):
    """A device of the site file; what is not known while the collector does not run is null. Times are UTC
    microseconds."""

    id: str
    requests_per_poll: int
    """0: by subscription."""
    tags: int
    """How many tags are read from it."""
    connected: bool
    connected_since_us: int | None
    last_good_us: int | None
    last_error: str | None
    last_error_us: int | None
    next_try_us: int | None
    """When it is tried again, where that is not the next poll."""
    reconnects: int | None
    readings: int | None
    polls: int | None
    polls_failed: int | None
    polls_late: int | None
    line: str | None
    """Host and port, or serial port, of a Modbus device."""
    unit: int | None
    line_devices: int | None
    """How many devices share the line."""
    is_silent: bool | None
    """Its line can be used, but it does not answer there."""
    is_probed: bool | None
    """It is asked rarely, so that others on the line are not kept waiting."""
    requests_now: int | None
    """Requests of a poll without the addresses that are asked for rarely."""
    requests_planned: int | None
    bad_blocks: list[BadBlock]
    notes: list[str]
    security_exceptions: list[str] | None
    """What is accepted of an OPC UA server that is less than secure."""


class Devices(Shape):
    """Devices in the order of the site file."""

    running: bool
    """Whether the collector runs."""
    devices: list[Device]


class Gap(Shape):
    """A time, [from, to), whose readings could not be had."""

    device: str
    tag: str | None
    """Null: all tags of the device."""
    from_: Annotated[datetime, Field(alias="from")]
    to: datetime | None
    """Null: it lasts."""
    cause: str


class Gaps(Shape):
    """Gaps by start."""

    gaps: list[Gap]


class Fault(Shape):
    """What cannot be answered, and why."""

    key: str
    """The parameter that is at fault; empty where none is."""
    message: str


class Faults(Shape):
    """Everything that is wrong with a request, or why there is no answer now."""

    faults: list[Fault]


SHAPES: tuple[type[Shape] | type[ReportedValue], ...] = (
    Readings, History, Kpis, Reports, Devices, Gaps, Faults,
)  # fmt: skip


def schemas() -> dict[str, Any]:
    """JSON Schemas of all answers by name, as the components of an OpenAPI description have them."""
    _, found = models_json_schema([(shape, "serialization") for shape in SHAPES], ref_template=_SCHEMAS)
    components: dict[str, Any] = found["$defs"]
    for shape, key, noun in (
        ("Value", "explanation", Explanation),
        ("Kpis", "charts", ValueChart),
        ("Kpis", "running_sums", RunningSum),
    ):
        schema = TypeAdapter(noun).json_schema(ref_template=_NOUNS, mode="serialization")
        components |= {f"why.{name}": _as_json(part) for name, part in schema.pop("$defs").items()}
        components[f"why.{noun.__name__}"] = _as_json(schema)
        reference = {"$ref": _NOUNS.format(model=noun.__name__)}
        many = components[shape]["properties"][key]["type"] == "array"
        components[shape]["properties"][key] = {"type": "array", "items": reference} if many else reference
    return components


def _as_json(schema: Any) -> Any:
    """The schema of a noun as `kpi.explanation.as_json` writes it: instants as times, what is not finite as null, and
    every field there."""
    if isinstance(schema, list):
        return [_as_json(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "number" or schema.get("format") == "date":
        return {**schema, "type": [schema["type"], "null"]}
    made = {key: _as_json(part) for key, part in schema.items() if key not in ("title", "default")}
    if "properties" in schema:
        named = {
            name.removesuffix("_us"): _instant(part) if name.endswith("_us") else _as_json(part)
            for name, part in schema["properties"].items()
        }
        made |= {"properties": named, "required": list(named), "additionalProperties": False}
    return made


def _instant(schema: dict[str, Any]) -> dict[str, Any]:
    optional = schema.get("type") != "integer"
    return {"type": ["string", "null"] if optional else "string", "format": "date-time"}
