"""What shape does a report have? A CloudEvents 1.0 event; the JSON Schema `kpi/report.v1.json` is made of this."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

TYPE = "smartwings.report.v1"

_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})$"

Time = Annotated[str, StringConstraints(pattern=_TIME, max_length=40)]
"""RFC 3339 with an offset or Z."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, hex."""
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""One of a list that may grow: KPI, reason, flag."""
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,120}$")]
"""Label of a period."""
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")]
Ordinal = Annotated[int, Field(ge=1, lt=2**31)]
"""A CloudEvents integer from 1 on."""
Count = Annotated[int, Field(ge=0, lt=2**53)]
Share = Annotated[float, Field(ge=0, le=1)]


class Shape(BaseModel):
    """What all parts share: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class ReportedPeriod(Shape):
    """The period that is reported, [start, end), with the plant's offset."""

    kind: Literal["hour", "shift", "day", "week", "month", "year"]
    label: Label
    start: Time
    end: Time


class ReportedValue(Shape):
    """One KPI value with its evidence, as `smartwings kpi --json` prints it."""

    kpi: Word
    definition: Ordinal
    scope: Text
    period: ReportedPeriod
    value: float | None
    unit: Text
    numerator: float | None
    denominator: float | None
    coverage: Share
    grade: Literal["good", "partial", "low"]
    reason: Word | None
    flags: Annotated[tuple[Word, ...], Field(strict=False, max_length=40)]
    at: Time | None
    as_of: Time
    revision: Annotated[int, Field(ge=0, lt=2**31)]
    state: Literal["open", "provisional", "final", "restated"]
    baseline: float | None
    target: float | None
    improvement: float | None
    attainment: float | None
    savings: float | None


class ReportedLedger(Shape):
    """Readings of the period: expected (null for subscriptions), received, stored, and seconds declared as gaps."""

    expected: Count | None
    received: Count
    stored: Count
    gap_s: Annotated[float, Field(ge=0)]


class ReportData(Shape):
    """What a report says of its period."""

    period: ReportedPeriod
    revision: Ordinal
    state: Literal["provisional", "final", "restated"]
    values: Annotated[tuple[ReportedValue, ...], Field(strict=False)]
    ledger: ReportedLedger
    site_sha256: Sha256


class Report(Shape):
    """A signed report: the envelope that programme and plant agree on, and the data."""

    specversion: Literal["1.0"]
    id: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,250}$")]
    source: Annotated[str, StringConstraints(pattern=r"^/[a-z0-9][a-z0-9-]{2,62}/[a-z0-9][a-z0-9-]{2,62}$")]
    type: Literal["smartwings.report.v1"]
    time: Time
    subject: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,160}$")]
    epoch: Ordinal
    sequence: Ordinal
    previous: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")]
    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{86}==$")]
    data: ReportData

    @property
    def programme(self) -> str:
        """The programme that is reported to."""
        return self.source.split("/")[1]

    @property
    def plant(self) -> str:
        """The plant that reports."""
        return self.source.split("/")[2]


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report, as `kpi/report.v1.json` ships it."""
    schema = Report.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": TYPE}
