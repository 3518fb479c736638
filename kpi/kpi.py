"""What is a KPI: what it means, and from which facts it is worked out?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kpi.delivery import DeliveryCount
from kpi.energy import EnergyUse
from kpi.equipment_use import EquipmentUse
from kpi.improvement import Trend
from kpi.outcome import Outcome
from kpi.pieces import PieceCount
from plant.kpi_id import KpiId


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """Everything that formulas need of one scope over one period.

    delivery None: no order lines are known for the scope, or days do not fit the kind of period. equipment: the use of
    each work unit of the scope that has a state, or planned run times.
    """

    pieces: PieceCount
    energy: EnergyUse
    delivery: DeliveryCount | None = None
    equipment: Sequence[EquipmentUse] = ()
    has_shifts: bool = False
    emission_factor_t_per_mwh: float | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI in the terms of ISO 22400-1: id, unit, trend, formula, source, and the function that works it out.

    definition: version of its meaning; a new one starts a new baseline.
    """

    id: KpiId
    title: str
    title_ko: str
    unit: str
    trend: Trend
    formula: str
    source: str
    outcome: Callable[[ScopeFacts], Outcome]
    definition: int = 1
