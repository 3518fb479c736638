"""What may a program ask under each address, and what is wrong with what it asked?"""

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from starlette.datastructures import QueryParams

from config.model import NAME, Switch, plain_message
from plant.kpi_id import KpiId
from plant.period import PeriodKind

MOST_TAGS, MOST_SCOPES, MOST_ROWS = 50, 100, 10_000
_PLUS_LOST = re.compile(r"(:[0-9]{2}(?:\.[0-9]+)?) ([0-9]{2}:[0-9]{2})$")


def _with_plus(value: object) -> object:
    # A + that nobody wrote as %2B arrives as a space, which means nothing else there.
    return _PLUS_LOST.sub(r"\1+\2", value) if isinstance(value, str) else value


Time = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    BeforeValidator(_with_plus),
    Field(examples=["2026-11-21", "2026-11-21T08:00:00+09:00"]),
]
"""ISO 8601 with an offset or Z, or a date alone, which is the start of that production day."""
Name = Annotated[str, StringConstraints(pattern=rf"^{NAME}$")]
_LINE = r"^[^\x00-\x1f\x7f]{1,200}$"
Scope = Annotated[str, StringConstraints(pattern=_LINE)]


class Query(BaseModel):
    """The parameters of an address. The docstring below a field is what the description says of it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NothingAsked(Query):
    """No parameters."""


class ReadingsQuery(Query):
    """Which tags' latest readings."""

    tag: Annotated[tuple[Name, ...], Field(max_length=MOST_TAGS)] = ()
    """Names of tags. Default: all of the site file."""


class HistoryQuery(Query):
    """Which stored readings, and in which form."""

    tag: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_TAGS)]
    """Names of tags; also of those that the site file no longer has."""
    from_: Annotated[Time, Field(alias="from")]
    """Time of the first reading: ISO 8601 with an offset or Z, or a date alone, which is the start of that production
    day."""
    to: Time | None = None
    """Time after the last reading. Default: now."""
    format: Literal["csv", "json", "parquet"] = "csv"
    """Form of the answer."""


class KpisQuery(Query):
    """Which KPI values."""

    period: PeriodKind = PeriodKind.DAY
    """Kind of period; `range` needs `from` and `to`."""
    at: Time | None = None
    """Time or date in the period. Default: the last closed one."""
    from_: Annotated[Time | None, Field(alias="from")] = None
    """Every period from this time or date on."""
    to: Time | None = None
    """… to before this one. Default: now."""
    kpi: Annotated[tuple[KpiId, ...], Field(max_length=len(KpiId))] = ()
    """KPIs. Default: all."""
    scope: Annotated[tuple[Scope, ...], Field(max_length=MOST_SCOPES)] = ()
    """`plant`, a work unit, `product:…` or `order:…`. Default: the plant and its work units."""
    calendar: Literal["production", "civil"] = "production"
    """Whether days begin at the production day's start or at 00:00."""
    as_of: Time | None = None
    """As known at this time, or at the end of this day. Default: now."""
    explain: Switch = False
    """Why each value is what it is, down to the readings."""


class ReportsQuery(Query):
    """Which reports of the outbox, in the order in which they were made."""

    pending: Switch = False
    """Only those that wait for the programme's answer."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000
    """How many at most; the header `Link` leads to the next ones."""
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    """How many to leave out at the beginning."""


class GapsQuery(Query):
    """Which gaps, by their start."""

    device: Name | None = None
    """Name of a device. Default: all."""
    from_: Annotated[Time | None, Field(alias="from")] = None
    """Gaps that end after this time or date. Default: 7 days before `to`."""
    to: Time | None = None
    """Gaps that begin before this time or date. Default: now."""
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1000
    """How many at most; the header `Link` leads to the next ones."""
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    """How many to leave out at the beginning."""


Q = TypeVar("Q", bound=Query)


class AskedWronglyError(Exception):
    """A query that cannot be answered: a message for each key that is at fault."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__(faults)
        self.faults = faults


def asked(model: type[Q], parameters: QueryParams) -> Q:
    """What a query asks for. Raises AskedWronglyError with everything that is wrong with it."""
    repeated = {field.alias or name for name, field in model.model_fields.items() if "tuple" in str(field.annotation)}
    faults, given = [], {}
    for key in parameters:
        values = parameters.getlist(key)
        given[key] = values if key in repeated else values[0]
        if key not in repeated and len(values) > 1:
            faults.append((key, "must be given once"))
    try:
        found = model.model_validate(given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        faults += [(str(one["loc"][0]), _message(one, model)) for one in problems]
        raise AskedWronglyError(list(dict.fromkeys(faults))) from None
    if faults:
        raise AskedWronglyError(faults)
    return found


def _message(problem: Any, model: type[Query]) -> str:
    if problem["type"] == "extra_forbidden":
        known = ", ".join(field.alias or name for name, field in model.model_fields.items())
        return f"is not a parameter here; there are {known or 'none'}"
    if problem["type"] == "string_pattern_mismatch" and problem["ctx"]["pattern"] == _LINE:
        return "must be one line of at most 200 characters"
    return plain_message(problem, tuple(problem["loc"]), model, hint=False)
