"""What do the formulas need of a scope over one period? Gathered from records, hand counts, orders and settings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from collector.store.tags import StoredTag
from collector.unit_pieces import AMOUNT_OF_ROLE, Counted, UnitPieces, planned_run
from kpi.counter_record import CounterRecord, Share
from kpi.demand import together
from kpi.element import Element, total
from kpi.energy import EnergyUse
from kpi.equipment_use import EquipmentUse, use_of
from kpi.kpi import ScopeFacts
from kpi.manual import HandCount, HandCounted
from kpi.pieces import PieceCount, completed
from kpi.time_model import time_model
from kpi.unit_record import UnitRecord
from plant.instant import US_PER_S
from plant.intervals import Intervals, clip, intervals, length_us
from plant.period import Period
from plant.shift import planned_or_all
from plant.tag import PLANT, Kind, Role

if TYPE_CHECKING:
    from collector.evaluation import Evaluation

Wanted = Callable[[Share], bool]


@dataclass
class PeriodFacts:
    """The facts of any scope over one period; what several scopes share is gathered once.

    until_us: end of the last period that will be asked for; readings up to it may be loaded together.
    """

    evaluation: "Evaluation"
    period: Period
    until_us: int
    _records: dict[str, UnitRecord] = field(default_factory=dict)
    _pieces: dict[str, UnitPieces] = field(default_factory=dict)

    def of(self, scope: str) -> ScopeFacts:
        """The facts of the plant, a work unit, a product or an order."""
        site = self.evaluation.site
        return ScopeFacts(
            pieces=self._piece_count(scope),
            energy=self._energy(scope),
            delivery=self.evaluation.lines.count(scope, self.period, self.evaluation.clock),
            equipment=[self._equipment(unit) for unit in self._units(scope)],
            has_shifts=self.evaluation.shifts.has_shifts(),
            emission_factor_t_per_mwh=site.energy.emission_factor_t_per_mwh,
        )

    @property
    def end_us(self) -> int:
        """The end of the period, or now where that is earlier."""
        return min(self.period.end_us, self.evaluation.now_us)

    def record(self, work_unit: str) -> UnitRecord:
        """The record of a work unit over the period."""
        if work_unit not in self._records:
            bounds = self.period.start_us, self.period.end_us
            self._records[work_unit] = self.evaluation.records.record(work_unit, *bounds, self.until_us)
        return self._records[work_unit]

    def _units(self, scope: str) -> list[str]:
        """The work units of a scope; none of a product or an order."""
        if scope != PLANT:
            return [scope] if scope in self.evaluation.scopes() else []
        return [name for name in self.evaluation.scopes() if name != PLANT]

    def _piece_count(self, scope: str) -> PieceCount:
        job = _job(scope)
        if job is not None:
            return PieceCount([self.pieces(unit).all(job) for unit in self._output_units() if self._names(unit, scope)])
        if scope != PLANT:
            return PieceCount([self.pieces(scope).all()])
        own, by_hand = self.pieces(PLANT).own()
        apart = {name: element for name, element in own.items() if name in by_hand}
        whole = {name: element for name, element in own.items() if name not in by_hand}
        # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
        counted = [self.pieces(name).all() for name in self._output_units()]
        return PieceCount([*counted, completed(apart)] if apart else counted, whole)

    def _output_units(self) -> list[str]:
        units = self._units(PLANT)
        settings = self.evaluation.site.work_units
        marked = {name for name in units if name in settings and settings[name].output is True}
        hidden = {name for name in units if name in settings and settings[name].output is False}
        return [name for name in units if (name in marked if marked else name not in hidden)]

    def _names(self, work_unit: str, scope: str) -> bool:
        """Whether a work unit says of which product, or order, its pieces are."""
        kind, _, name = scope.partition(":")
        pieces = self.pieces(work_unit)
        by_hand = self.evaluation.by_hand.get(work_unit, HandCounted(()))
        if kind == "product":
            return pieces.names_product or name in by_hand.products
        return pieces.names_order or name in by_hand.orders

    def pieces(self, work_unit: str) -> UnitPieces:
        """The sources of a work unit's pieces."""
        if work_unit not in self._pieces:
            settings = self.evaluation.site.work_units.get(work_unit)
            planned = self._planned(work_unit)
            counters = [
                Counted(stored, self._counter(stored), self._while_in_file(stored, planned))
                for stored in self._tags(work_unit)
                if stored.tag.role in AMOUNT_OF_ROLE
            ]
            roles = {stored.tag.role for stored in self._tags(work_unit)}
            self._pieces[work_unit] = UnitPieces(
                self.period.start_us,
                self.period.end_us,
                counters,
                self._hand_count(work_unit),
                bool(settings and settings.trial_in_produced),
                Role.PRODUCT_ID in roles,
                Role.ORDER_ID in roles,
            )
        return self._pieces[work_unit]

    def _hand_count(self, work_unit: str) -> HandCount:
        counted = self.evaluation.by_hand.get(work_unit)
        if counted is None:
            return HandCount((), (), frozenset())
        calendar, unit = self.evaluation.shifts, unit_or_any(work_unit)
        begun = calendar.periods(self.period.start_us, self.end_us, unit)
        over = [
            shift
            for shift in begun
            if shift.end_us <= self.evaluation.now_us and len(calendar.planned(unit, shift.start_us, shift.end_us))
        ]
        rows = counted.within(self.period.start_us, self.period.end_us)
        return HandCount(rows, over, counted.sources)

    def _planned(self, work_unit: str) -> Intervals:
        planned = self.evaluation.shifts.planned(unit_or_any(work_unit), self.period.start_us, self.end_us)
        return planned_or_all(planned, self.period.start_us, self.end_us)

    def _equipment(self, work_unit: str) -> EquipmentUse:
        site = self.evaluation.site
        if not self.evaluation.shifts.has_shifts():
            return EquipmentUse(None)
        settings = site.work_units.get(work_unit)
        per_product_s = {name: product.planned_run_time_s for name, product in site.products.items()}
        run = planned_run(self.pieces(work_unit), settings.planned_run_time_s if settings else None, per_product_s)
        return replace(
            self._times(work_unit),
            produced=run.produced,
            planned_run_s=run.planned_run_s,
            good_run_s=run.good_run_s,
            lacks_run_time=run.lacks_run_time,
        )

    def _times(self, work_unit: str) -> EquipmentUse:
        """How the planned time of a work unit was used; without a state only how much was planned."""
        span = self.period.start_us, self.end_us
        records, shifts = self.evaluation.records, self.evaluation.shifts
        state = next((stored for stored in self._tags(work_unit) if stored.tag.kind is Kind.STATE), None)
        if state is None:
            return EquipmentUse(length_us(shifts.planned(work_unit, *span)) / US_PER_S)
        runs = records.state(work_unit, self.record(work_unit), *span)
        return use_of(time_model(runs, state.tag.states, shifts.planned(work_unit, *records.around(*span)), span))

    def _energy(self, scope: str) -> EnergyUse:
        elapsed = intervals([(self.period.start_us, self.end_us)])
        meters = self._scope_tags(Role.ENERGY_IMPORT, scope)
        found = [self._counter(stored) for stored in meters]
        quarter_hours = [record.blocks for record in found if record.blocks is not None]
        known = [
            record.known_share(self._while_in_file(one, elapsed)) for one, record in zip(meters, found, strict=True)
        ]
        return EnergyUse(
            energy_kwh=self._sum(meters, elapsed),
            reactive_kvarh=self._sum(self._scope_tags(Role.REACTIVE_IMPORT, scope), elapsed),
            fuel_mj=self._sum(self._scope_tags(Role.FUEL, scope), elapsed),
            blocks=together(quarter_hours) if quarter_hours else None,
            demand_coverage=sum(known) / len(known) if known else 0.0,
            elapsed_s=(self.end_us - self.period.start_us) / US_PER_S,
        )

    def _sum(self, tags: Sequence[StoredTag], expected: Intervals) -> Element | None:
        return total(self._element(stored, expected) for stored in tags) if tags else None

    def _element(self, stored: StoredTag, expected: Intervals) -> Element:
        bounds = self.period.start_us, self.period.end_us
        return self._counter(stored).element(*bounds, self._while_in_file(stored, expected))

    def _counter(self, stored: StoredTag) -> CounterRecord:
        return self.record(stored.tag.work_unit).counters[stored.tag.name]

    def _scope_tags(self, role: Role, scope: str) -> list[StoredTag]:
        own = [stored for stored in self._tags(scope) if stored.tag.role is role]
        if own or scope != PLANT:
            return own
        return [stored for unit in self._units(PLANT) for stored in self._tags(unit) if stored.tag.role is role]

    def _tags(self, work_unit: str) -> Iterator[StoredTag]:
        tags = self.evaluation.tags_of.get(work_unit, ())
        return (stored for stored in tags if not self._ended(stored))

    def _in_file(self, stored: StoredTag) -> bool:
        return stored.tag.name in self.evaluation.names_in_file

    def _ended(self, stored: StoredTag) -> bool:
        """Whether a tag was taken out of the site file and had its last reading before the period."""
        return not self._in_file(stored) and (stored.known_until_us or 0) <= self.period.start_us

    def _while_in_file(self, stored: StoredTag, expected: Intervals) -> Intervals:
        if self._in_file(stored) or stored.known_until_us is None:
            return expected
        return clip(expected, self.period.start_us, stored.known_until_us)


def _job(scope: str) -> Wanted | None:
    kind, colon, name = scope.partition(":")
    if not colon:
        return None
    return lambda share: (share.product if kind == "product" else share.order) == name


def unit_or_any(scope: str) -> str | None:
    """The work unit whose calendar a scope has; None, any, for the plant, a product or an order."""
    return None if scope == PLANT or ":" in scope else scope
