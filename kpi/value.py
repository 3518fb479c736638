"""What is published of a KPI: its value with evidence, what it is compared with, and what that is worth."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from kpi.element import FLAGS, Grade, grade
from kpi.improvement import Trend, attainment, change_points, improvement, reduction_of_misses, savings
from kpi.kpi import Kpi
from kpi.outcome import Outcome
from plant.instant import format_instant
from plant.kpi_id import KpiId
from plant.period import Period


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a KPI is measured against: its value before, the value to be reached, and the price of one unit of loss."""

    baseline: float | None = None
    target: float | None = None
    price: float | None = None


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One KPI of one scope over one period, as of an instant. revision 0 and state `open`: never reported."""

    kpi: Kpi
    scope: str
    period: Period
    outcome: Outcome
    comparison: Comparison
    currency: str
    as_of_us: int
    revision: int = 0
    state: str = "open"

    @property
    def id(self) -> KpiId:
        return self.kpi.id

    @property
    def unit(self) -> str:
        return self.currency if self.kpi.unit == "currency" else self.kpi.unit

    @property
    def grade(self) -> Grade:
        return grade(self.outcome.coverage)

    @property
    def improvement(self) -> float | None:
        value, before = self.outcome.value, self.comparison.baseline
        return None if value is None or before is None else improvement(value, before, self.kpi.trend)

    @property
    def points(self) -> float | None:
        """Change of a rate against its baseline in percentage points, positive when better; None of what is no rate."""
        value, before = self.outcome.value, self.comparison.baseline
        if value is None or before is None or self.kpi.unit != "ratio":
            return None
        return change_points(value, before, self.kpi.trend)

    @property
    def fewer_misses(self) -> float | None:
        """Share of a rate's misses that is gone since its baseline [ratio]; None of what is no rate."""
        value, before = self.outcome.value, self.comparison.baseline
        if value is None or before is None or self.kpi.unit != "ratio":
            return None
        return reduction_of_misses(value, before, self.kpi.trend)

    @property
    def attainment(self) -> float | None:
        value, before, target = self.outcome.value, self.comparison.baseline, self.comparison.target
        return None if value is None or before is None or target is None else attainment(value, before, target)

    @property
    def on_target(self) -> bool | None:
        """Whether the value has reached its target, on the better side of it; None without a value or a target."""
        value, target = self.outcome.value, self.comparison.target
        if value is None or target is None:
            return None
        return value <= target if self.kpi.trend is Trend.LOWER else value >= target

    @property
    def savings(self) -> float | None:
        found, against = self.outcome, self.comparison
        if found.value is None or found.numerator is None or found.denominator is None:
            return None
        if against.baseline is None or against.price is None:
            return None
        return savings(self.id, found.numerator, found.denominator, against.baseline, against.price)

    def as_json(self, zone: ZoneInfo) -> dict[str, Any]:
        """The value in the shape that commands, reports and addresses share; times with the plant's offset."""
        found = self.outcome
        return {
            "kpi": self.id.value,
            "definition": self.kpi.definition,
            "scope": self.scope,
            "period": {
                "kind": self.period.kind.value,
                "label": self.period.label,
                "start": format_instant(self.period.start_us, zone),
                "end": format_instant(self.period.end_us, zone),
            },
            "value": found.value,
            "unit": self.unit,
            "numerator": found.numerator,
            "denominator": found.denominator,
            "coverage": found.coverage,
            "grade": self.grade.value,
            "reason": found.reason.value if found.reason else None,
            "flags": [flag for flag in FLAGS if flag in found.flags],
            "at": format_instant(found.at_us, zone) if found.at_us is not None else None,
            "as_of": format_instant(self.as_of_us, zone),
            "revision": self.revision,
            "state": self.state,
            "baseline": self.comparison.baseline,
            "target": self.comparison.target,
            "improvement": self.improvement,
            "attainment": self.attainment,
            "savings": self.savings,
        }
