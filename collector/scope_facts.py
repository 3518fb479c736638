"""What do the formulas need of a scope over one period? Gathered from records, hand counts, orders and settings.

Nothing is read before a formula asks for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from collector import scope_bill, scope_energy, scope_equipment, scope_pieces, scope_savings
from collector.store.tags import StoredTag
from collector.unit_pieces import UnitPieces
from kpi.counter_record import CounterRecord
from kpi.delivery import DeliveryCount
from kpi.element import Element, total
from kpi.energy import EnergyUse
from kpi.equipment_use import EquipmentUse
from kpi.kpi import Defects, ElectricityBill, EnergyBaseline, TariffTerms
from kpi.pieces import PieceCount
from kpi.saving import SavingStatement
from kpi.unit_record import UnitRecord
from plant.intervals import Intervals, clip, intervals
from plant.period import Period
from plant.shift import planned_or_all
from plant.tag import PLANT, Role

if TYPE_CHECKING:
    from collector.evaluation import Evaluation


@dataclass
class PeriodFacts:
    """What is known of one period; what several scopes share is gathered once.

    until_us: end of the last period that will be asked for; readings up to it may be loaded together.
    """

    evaluation: "Evaluation"
    period: Period
    until_us: int
    _records: dict[str, UnitRecord] = field(default_factory=dict)
    _pieces: dict[str, UnitPieces] = field(default_factory=dict)
    _equipment: dict[str, EquipmentUse] = field(default_factory=dict)

    def of(self, scope: str) -> "FactsOfScope":
        """The facts of the plant, a work unit, a product or an order."""
        return FactsOfScope(self, scope)

    @property
    def end_us(self) -> int:
        """The end of the period, or now where that is earlier."""
        return min(self.period.end_us, self.evaluation.now_us)

    @property
    def elapsed(self) -> Intervals:
        """The period so far."""
        return intervals([(self.period.start_us, self.end_us)])

    def planned(self, work_unit: str) -> Intervals:
        """The time in which a work unit's pieces should be known: its planned time, or all of the period."""
        planned = self.evaluation.shifts.planned(unit_or_any(work_unit), self.period.start_us, self.end_us)
        return planned_or_all(planned, self.period.start_us, self.end_us)

    def units(self, scope: str) -> list[str]:
        """The work units of a scope; none of a product or an order."""
        if scope != PLANT:
            return [scope] if scope in self.evaluation.scopes() else []
        return [name for name in self.evaluation.scopes() if name != PLANT]

    def record(self, work_unit: str) -> UnitRecord:
        """The record of a work unit over the period."""
        if work_unit not in self._records:
            bounds = self.period.start_us, self.period.end_us
            self._records[work_unit] = self.evaluation.records.record(work_unit, *bounds, self.until_us)
        return self._records[work_unit]

    def pieces(self, work_unit: str) -> UnitPieces:
        """The sources of a work unit's pieces."""
        if work_unit not in self._pieces:
            self._pieces[work_unit] = scope_pieces.unit_pieces(self, work_unit)
        return self._pieces[work_unit]

    def equipment(self, work_unit: str) -> EquipmentUse:
        """How a work unit was used."""
        if work_unit not in self._equipment:
            self._equipment[work_unit] = scope_equipment.equipment_use(self, work_unit)
        return self._equipment[work_unit]

    def tags(self, work_unit: str) -> Iterator[StoredTag]:
        """The tags of a work unit that the site file has, or had in the period."""
        tags = self.evaluation.tags_of.get(work_unit, ())
        return (stored for stored in tags if not self._ended(stored))

    def scope_tags(self, role: Role, scope: str) -> list[StoredTag]:
        """The tags of a role that make up a scope: of the plant its own, else those of all work units."""
        own = [stored for stored in self.tags(scope) if stored.tag.role is role]
        if own or scope != PLANT:
            return own
        return [stored for unit in self.units(PLANT) for stored in self.tags(unit) if stored.tag.role is role]

    def counter(self, stored: StoredTag) -> CounterRecord:
        """The record of a counter."""
        return self.record(stored.tag.work_unit).counters[stored.tag.name]

    def element(self, stored: StoredTag, expected: Intervals) -> Element:
        """What a counter counted, and how much of the time expected is known."""
        bounds = self.period.start_us, self.period.end_us
        return self.counter(stored).element(*bounds, self.while_in_file(stored, expected))

    def total(self, tags: Sequence[StoredTag]) -> Element | None:
        """What several counters counted over all of the period; None without any."""
        return total(self.element(stored, self.elapsed) for stored in tags) if tags else None

    def while_in_file(self, stored: StoredTag, expected: Intervals) -> Intervals:
        """The time expected, as far as the tag was in the site file."""
        if self._in_file(stored) or stored.known_until_us is None:
            return expected
        return clip(expected, self.period.start_us, stored.known_until_us)

    def _in_file(self, stored: StoredTag) -> bool:
        return stored.tag.name in self.evaluation.names_in_file

    def _ended(self, stored: StoredTag) -> bool:
        """Whether a tag was taken out of the site file and had its last reading before the period."""
        return not self._in_file(stored) and (stored.known_until_us or 0) <= self.period.start_us


@dataclass
class FactsOfScope:
    """`kpi.kpi.Facts` of one scope."""

    period: PeriodFacts
    scope: str

    @cached_property
    def pieces(self) -> PieceCount:
        return scope_pieces.piece_count(self.period, self.scope)

    @cached_property
    def energy(self) -> EnergyUse:
        return scope_energy.energy_use(self.period, self.scope)

    @cached_property
    def delivery(self) -> DeliveryCount | None:
        evaluation = self.period.evaluation
        return evaluation.lines.count(self.scope, self.period.period, evaluation.clock)

    @cached_property
    def equipment(self) -> list[EquipmentUse]:
        return [self.period.equipment(unit) for unit in self.period.units(self.scope)]

    @property
    def has_shifts(self) -> bool:
        return self.period.evaluation.shifts.has_shifts()

    @property
    def emission_factor_t_per_mwh(self) -> float | None:
        return self.period.evaluation.site.energy.emission_factor_t_per_mwh

    @property
    def tariff(self) -> TariffTerms | None:
        site = self.period.evaluation.site
        if site.tariff is None:
            return None
        return TariffTerms(site.tariff, site.zone, site.calendar.public_holidays())

    @cached_property
    def bill(self) -> ElectricityBill | None:
        return scope_bill.electricity_bill(self.period, self.scope, self.tariff)

    @cached_property
    def route(self) -> list[tuple[str, PieceCount]]:
        return scope_pieces.route(self.period, self.scope)

    @cached_property
    def defects(self) -> Defects | None:
        return scope_pieces.defects(self.period, self.scope, self.pieces)

    @cached_property
    def energy_baseline(self) -> EnergyBaseline | None:
        return scope_energy.energy_baseline(self.period, self.scope, self.energy)

    @cached_property
    def savings(self) -> SavingStatement | None:
        return scope_savings.saving_statement_of(self)


def unit_or_any(scope: str) -> str | None:
    """The work unit whose shifts a scope has; None, any, for the plant, a product or an order."""
    return None if scope == PLANT or ":" in scope else scope
