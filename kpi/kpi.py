"""What is a KPI: what it means, and from which facts it is worked out?"""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from zoneinfo import ZoneInfo

from kpi.billing import BillingDemand, PowerFactorItem
from kpi.delivery import DeliveryCount
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.equipment_use import EquipmentUse
from kpi.improvement import Trend
from kpi.outcome import Outcome
from kpi.pieces import PieceCount
from kpi.saving import SavingStatement
from plant.kpi_id import KpiId
from plant.tariff import Tariff


@dataclass(frozen=True, slots=True)
class TariffTerms:
    """What a supply contract needs beside its tables: the plant's zone and the public holidays."""

    tariff: Tariff
    zone: ZoneInfo
    public_holidays: Container[date] = frozenset()


@dataclass(frozen=True, slots=True)
class ElectricityBill:
    """What a civil month is billed for beside its energy; power_factor None: the contract has no such item."""

    demand: BillingDemand
    power_factor: PowerFactorItem | None = None


@dataclass(frozen=True, slots=True)
class Defects:
    """Defects counted by reason, units, and opportunities for a defect in all units (None: not said) [1]."""

    defects: Element
    units: Element
    opportunities: Element | None = None


@dataclass(frozen=True, slots=True)
class EnergyBaseline:
    """Energy of a period, what the model of the baseline expects of it, and whether that lies outside its range.

    coverage, flags: of the variables that the expectation follows from.
    """

    energy_kwh: Element
    expected_kwh: float | None
    coverage: float
    extrapolated: bool = False
    flags: frozenset[str] = frozenset()


class Facts(Protocol):
    """Everything that formulas may need of one scope over one period.

    delivery None: no order lines are known for the scope, or days do not fit the kind of period. equipment: the use of
    each work unit of the scope. route: the steps through which its pieces go. bill: of a whole month of the plant.
    savings: of the plant, over a day or longer.
    """

    @property
    def pieces(self) -> PieceCount: ...
    @property
    def energy(self) -> EnergyUse: ...
    @property
    def delivery(self) -> DeliveryCount | None: ...
    @property
    def equipment(self) -> Sequence[EquipmentUse]: ...
    @property
    def has_shifts(self) -> bool: ...
    @property
    def emission_factor_t_per_mwh(self) -> float | None: ...
    @property
    def tariff(self) -> TariffTerms | None: ...
    @property
    def bill(self) -> ElectricityBill | None: ...
    @property
    def route(self) -> Sequence[tuple[str, PieceCount]]: ...
    @property
    def defects(self) -> Defects | None: ...
    @property
    def energy_baseline(self) -> EnergyBaseline | None: ...
    @property
    def savings(self) -> SavingStatement | None: ...


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """Facts that are all at hand."""

    pieces: PieceCount
    energy: EnergyUse
    delivery: DeliveryCount | None = None
    equipment: Sequence[EquipmentUse] = ()
    has_shifts: bool = False
    emission_factor_t_per_mwh: float | None = None
    tariff: TariffTerms | None = None
    bill: ElectricityBill | None = None
    route: Sequence[tuple[str, PieceCount]] = ()
    defects: Defects | None = None
    energy_baseline: EnergyBaseline | None = None
    savings: SavingStatement | None = None


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
    outcome: Callable[[Facts], Outcome]
    definition: int = 1
