"""Why is a value what it is? Everything that stands behind one KPI of one scope over one period, down to readings."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from kpi.breakdown import Breakdown
from kpi.comparison_evidence import ComparisonEvidence
from kpi.delivery_evidence import DeliveryEvidence
from kpi.element import Grade
from kpi.energy_evidence import EnergyEvidence
from kpi.equipment_evidence import EquipmentEvidence
from kpi.formula import FormulaElement
from kpi.hand_evidence import HandEvidence
from kpi.remark import Remark
from kpi.saving import SavingStatement
from kpi.tag_evidence import TagEvidence
from kpi.version_evidence import VersionEvidence
from plant.instant import format_instant


@dataclass(frozen=True, slots=True)
class Formula:
    """The formula in words, where it is from, and with its numbers."""

    words: str
    source: str
    numbers: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """An element that is not wholly known: its coverage (0 to 1), and the tags or hand counts that are to blame."""

    element: str
    work_unit: str
    coverage: float
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CoverageEvidence:
    """Coverage of the value (0 to 1) and its grade; lowered_by: elements of the formula that are not wholly known, the
    least known first."""

    value: float
    grade: Grade
    lowered_by: tuple[Lowered, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that stands behind one value; what does not concern its KPI is None or empty.

    title, title_ko: of the KPI. elements: those of the formula, and those that they follow from. by_hand: rows that
    people counted. corrections: those in force that touch the value, as `smartwings correct` lists them.
    """

    title: str
    title_ko: str
    formula: Formula
    coverage: CoverageEvidence
    reason: Remark | None
    flags: tuple[Remark, ...]
    elements: tuple[FormulaElement, ...]
    tags: tuple[TagEvidence, ...]
    by_hand: HandEvidence | None
    delivery: DeliveryEvidence | None
    equipment: EquipmentEvidence | None
    energy: EnergyEvidence | None
    breakdowns: tuple[Breakdown, ...]
    comparison: ComparisonEvidence | None
    savings: SavingStatement | None
    corrections: tuple[Mapping[str, Any], ...]
    versions: VersionEvidence


def as_json(noun: Any, zone: ZoneInfo) -> Any:
    """A noun of an explanation as JSON has it: fields by name, instants (names that end in `_us`) with the zone's
    offset and without the ending, dates in ISO 8601 (null for one that holds since ever), what is no finite number as
    null.

    >>> as_json(Lowered("scrap", "press1", 0.5, ("press1.scrap",)), ZoneInfo("Asia/Seoul"))
    {'element': 'scrap', 'work_unit': 'press1', 'coverage': 0.5, 'by': ['press1.scrap']}
    """
    if is_dataclass(noun):
        return dict(_member(field.name, getattr(noun, field.name), zone) for field in fields(noun))
    if isinstance(noun, Enum):
        return noun.value
    if isinstance(noun, float):
        return noun if isfinite(noun) else None
    if isinstance(noun, date):
        return None if noun == date.min else noun.isoformat()
    if isinstance(noun, Mapping):
        return {str(key): as_json(value, zone) for key, value in noun.items()}
    if isinstance(noun, frozenset):
        return sorted(as_json(one, zone) for one in noun)
    if isinstance(noun, tuple | list):
        return [as_json(one, zone) for one in noun]
    return noun


def _member(name: str, value: Any, zone: ZoneInfo) -> tuple[str, Any]:
    if not name.endswith("_us"):
        return name, as_json(value, zone)
    return name.removesuffix("_us"), None if value is None else format_instant(value, zone)
