"""What are the KPI values of a plant? From the store's readings, quantities and orders through pure arithmetic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import Connection

from collector.delivery_lines import DeliveryLines, delivery_lines
from collector.store import orders
from collector.store.reports import StoredReport, newest_of_periods
from collector.store.tags import StoredTag, stored_tags
from collector.tag_window import TagWindow
from config.site import Site
from kpi.catalogue import BY_ID
from kpi.demand import together
from kpi.element import Element, total
from kpi.energy import EnergyUse
from kpi.kpi import ScopeFacts
from kpi.manual import AMOUNTS, HandCount, HandCounted
from kpi.outcome import Outcome, Reason, absent
from kpi.pieces import PieceCount, completed
from kpi.value import Comparison, KpiValue
from plant.instant import US_PER_S
from plant.intervals import Intervals, clip, intervals
from plant.kpi_id import KpiId
from plant.period import Clock, Period, range_period
from plant.quantity import Quantity
from plant.shift import ShiftCalendar, planned_or_all
from plant.tag import PLANT, Role

_AMOUNT_OF_ROLE = {
    Role.PRODUCED_COUNT: "produced",
    Role.GOOD_COUNT: "good",
    Role.SCRAP_COUNT: "scrap",
    Role.REWORK_COUNT: "rework",
    Role.INSPECTED_COUNT: "inspected",
    Role.TRIAL_COUNT: "trial",
}
_WINDOW_US = 32 * 86400 * US_PER_S


class Evaluation:
    """The KPI values of a plant as of an instant, on the production or the civil calendar."""

    def __init__(self, connection: Connection, site: Site, clock: Clock, now_us: int) -> None:
        self.connection, self.site, self.clock, self.now_us = connection, site, clock, now_us
        self.shifts: ShiftCalendar = site.shift_calendar()
        self.names_in_file = frozenset(settings.name for device in site.devices for settings in device.tags)
        self._baselines: dict[tuple[KpiId, str], float | None] = {}

    def scopes(self) -> list[str]:
        """The plant and every work unit that has a tag, a setting or a hand count."""
        named = [stored.tag.work_unit for stored in self.tags]
        counted = [row.work_unit for row in self.quantities]
        return list(dict.fromkeys([PLANT, *self.site.work_unit_names(), *named, *counted]))

    def values(self, periods: Iterable[Period], scopes: Sequence[str], kpis: Sequence[KpiId]) -> Iterator[KpiValue]:
        """Every KPI asked for, of every scope, over every period, in this order of nesting from the outside in:
        period, scope, KPI. A work unit has only the shifts that are for it, as they are for it."""
        for window_periods in _windows(periods):
            window = self._window(window_periods)
            for period in window_periods:
                for scope in scopes:
                    own = self.shifts.own(period, _unit_or_any(scope))
                    if own is not None:
                        outcomes = self._outcomes(window, own, scope, kpis)
                        yield from (self._value(kpi, scope, own, one) for kpi, one in zip(kpis, outcomes, strict=True))

    @cached_property
    def tags(self) -> list[StoredTag]:
        """Tags of the site file, and those that it once had: these end at their last reading."""
        stored = {
            name: found if name in self.names_in_file else replace(found, known_until_us=found.last_us)
            for name, found in stored_tags(self.connection).items()
        }
        for device in self.site.devices:
            for settings in device.tags:
                known = stored.get(settings.name, StoredTag(-1, device.id, settings.tag()))
                stored[settings.name] = replace(known, device=device.id, tag=settings.tag())
        return list(stored.values())

    @cached_property
    def quantities(self) -> list[Quantity]:
        """All hand-counted quantities."""
        return orders.all_quantities(self.connection)

    @cached_property
    def by_hand(self) -> dict[str, HandCounted]:
        """Hand-counted quantities of each work unit."""
        units = {row.work_unit for row in self.quantities}
        return {unit: HandCounted([row for row in self.quantities if row.work_unit == unit]) for unit in units}

    @cached_property
    def reports(self) -> dict[tuple[str, str], StoredReport]:
        """The newest report of every period that has one; reports are of production days alone."""
        return newest_of_periods(self.connection) if self.clock == self.site.clock() else {}

    @cached_property
    def lines(self) -> DeliveryLines:
        """All order lines and what became of them."""
        return delivery_lines(self.connection, self.site, self.clock, self.now_us)

    def _window(self, periods: Sequence[Period]) -> TagWindow:
        end_us = max(period.end_us for period in periods)
        return TagWindow(self.connection, self.tags, self.shifts, periods[0].start_us, end_us, self.now_us)

    def _outcomes(self, window: TagWindow, period: Period, scope: str, kpis: Sequence[KpiId]) -> list[Outcome]:
        if period.start_us >= self.now_us:
            return [absent(Reason.OPEN_PERIOD) for _ in kpis]
        facts = _Facts(self, window, period).of(scope)
        return [BY_ID[kpi].outcome(facts) for kpi in kpis]

    def _value(self, kpi: KpiId, scope: str, period: Period, outcome: Outcome) -> KpiValue:
        comparison = self._comparison(kpi, scope)
        revision, state = self._reported(scope, period)
        currency = self.site.savings.currency
        return KpiValue(BY_ID[kpi], scope, period, outcome, comparison, currency, self.now_us, revision, state)

    def _reported(self, scope: str, period: Period) -> tuple[int, str]:
        """Revision and state of the newest report about a scope and period; 0 and open without one."""
        found = self.reports.get((period.kind.value, period.label))
        if found is None or self.site.mqtt is None or scope not in self.site.mqtt.scopes:
            return 0, "open"
        return found.revision, found.period_state

    def _comparison(self, kpi: KpiId, scope: str) -> Comparison:
        prices = self.site.savings
        price = {
            KpiId.DEFECT_RATE: prices.cost_per_defect,
            KpiId.ON_TIME_DELIVERY: prices.cost_per_late_line,
            KpiId.ENERGY_PER_GOOD_UNIT: prices.price_per_kwh,
        }.get(kpi)
        for settings in self.site.baselines:
            if settings.kpi is kpi and settings.scope == scope:
                return Comparison(self._baseline(kpi, scope), settings.target, price)
        return Comparison(price=price)

    def _baseline(self, kpi: KpiId, scope: str) -> float | None:
        if (kpi, scope) not in self._baselines:
            settings = next(found for found in self.site.baselines if found.kpi is kpi and found.scope == scope)
            value = settings.value
            if settings.from_ and settings.to:
                start_us, end_us = self.clock.day_start(settings.from_), self.clock.day_start(settings.to)
                period = range_period(start_us, end_us, self.clock)
                value = self._outcomes(self._window([period]), period, scope, [kpi])[0].value
            self._baselines[kpi, scope] = value
        return self._baselines[kpi, scope]


def _windows(periods: Iterable[Period]) -> Iterator[list[Period]]:
    """Periods in groups that are loaded together: at most 32 days, or one period that is longer."""
    group: list[Period] = []
    for period in periods:
        if group and period.end_us - group[0].start_us > _WINDOW_US:
            yield group
            group = []
        group.append(period)
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class _Facts:
    """Gathers what the formulas need of one period."""

    evaluation: Evaluation
    window: TagWindow
    period: Period

    def of(self, scope: str) -> ScopeFacts:
        site = self.evaluation.site
        return ScopeFacts(
            pieces=self._pieces(scope),
            energy=self._energy(scope),
            delivery=self.evaluation.lines.count(scope, self.period, self.evaluation.clock),
            has_shifts=self.evaluation.shifts.has_shifts(),
            emission_factor_t_per_mwh=site.energy.emission_factor_t_per_mwh,
        )

    @property
    def _end_us(self) -> int:
        return min(self.period.end_us, self.evaluation.now_us)

    def _pieces(self, scope: str) -> PieceCount:
        if scope != PLANT:
            return PieceCount([self._unit_pieces(scope)])
        units = [name for name in self.evaluation.scopes() if name != PLANT]
        settings = self.evaluation.site.work_units
        marked = {name for name in units if name in settings and settings[name].output is True}
        hidden = {name for name in units if name in settings and settings[name].output is False}
        output = [name for name in units if (name in marked if marked else name not in hidden)]
        own, by_hand = self._own_pieces(PLANT)
        apart = {name: element for name, element in own.items() if name in by_hand}
        whole = {name: element for name, element in own.items() if name not in by_hand}
        # Only a tag stands for the whole plant; what people count for the plant adds to its work units.
        counted = [self._unit_pieces(name) for name in output]
        return PieceCount([*counted, completed(apart)] if apart else counted, whole)

    def _unit_pieces(self, work_unit: str) -> dict[str, Element]:
        settings = self.evaluation.site.work_units.get(work_unit)
        own, by_hand = self._own_pieces(work_unit)
        if "produced" in by_hand and {"good", "scrap"} <= own.keys() and not {"good", "scrap"} <= by_hand:
            del own["produced"]  # counters of good and scrap say more of it than rows beside them
        return completed(own, bool(settings and settings.trial_in_produced))

    def _own_pieces(self, work_unit: str) -> tuple[dict[str, Element], set[str]]:
        """Amounts that are counted, and which of them are counted by hand alone."""
        counted = self._hand_count(work_unit)
        own: dict[str, Element] = {}
        hand_alone: set[str] = set()
        for role, amount in _AMOUNT_OF_ROLE.items():
            tags = self._tags(role, work_unit)
            by_tag = [self._increase(stored, self._planned(work_unit)) for stored in tags]
            by_hand = counted.element(amount) if amount in AMOUNTS else None
            if by_tag:
                # Hand counts beside a counter correct it; how much of the period is known is the counter's to say.
                beside = [replace(by_hand, coverages=())] if by_hand else []
                own[amount] = total([*by_tag, *beside])
            elif by_hand:
                own[amount] = by_hand
                hand_alone.add(amount)
        return own, hand_alone

    def _hand_count(self, work_unit: str) -> HandCount:
        counted = self.evaluation.by_hand.get(work_unit)
        if counted is None:
            return HandCount((), (), frozenset())
        calendar, unit = self.evaluation.shifts, _unit_or_any(work_unit)
        begun = calendar.periods(self.period.start_us, self._end_us, unit)
        over = [
            shift
            for shift in begun
            if shift.end_us <= self.evaluation.now_us and len(calendar.planned(unit, shift.start_us, shift.end_us))
        ]
        return HandCount(counted.within(*self._bounds()), over, counted.sources)

    def _planned(self, work_unit: str) -> Intervals:
        start_us, end_us = self.period.start_us, self._end_us
        planned = self.evaluation.shifts.planned(_unit_or_any(work_unit), start_us, end_us)
        return planned_or_all(planned, start_us, end_us)

    def _energy(self, scope: str) -> EnergyUse:
        elapsed = intervals([(self.period.start_us, self._end_us)])
        meters = self._scope_tags(Role.ENERGY_IMPORT, scope)
        found = [
            self.window.increase(stored, *self._bounds(), self._while_in_file(stored, elapsed)) for stored in meters
        ]
        quarter_hours = [self.window.blocks(stored, *self._bounds()) for stored in meters]
        return EnergyUse(
            energy_kwh=total(one.element for one in found) if found else None,
            reactive_kvarh=self._sum(Role.REACTIVE_IMPORT, scope, elapsed),
            fuel_mj=self._sum(Role.FUEL, scope, elapsed),
            blocks=together(quarter_hours) if quarter_hours else None,
            demand_coverage=sum(one.known_share for one in found) / len(found) if found else 0.0,
            elapsed_s=(self._end_us - self.period.start_us) / US_PER_S,
        )

    def _sum(self, role: Role, scope: str, expected: Intervals) -> Element | None:
        tags = self._scope_tags(role, scope)
        return total(self._increase(stored, expected) for stored in tags) if tags else None

    def _scope_tags(self, role: Role, scope: str) -> list[StoredTag]:
        own = self._tags(role, scope)
        if own or scope != PLANT:
            return own
        return [stored for unit in self.evaluation.scopes() for stored in self._tags(role, unit)]

    def _tags(self, role: Role, work_unit: str) -> list[StoredTag]:
        return [
            stored
            for stored in self.evaluation.tags
            if stored.tag.role is role and stored.tag.work_unit == work_unit and not self._ended(stored)
        ]

    def _in_file(self, stored: StoredTag) -> bool:
        return stored.tag.name in self.evaluation.names_in_file

    def _ended(self, stored: StoredTag) -> bool:
        """Whether a tag was taken out of the site file and had its last reading before the period."""
        return not self._in_file(stored) and (stored.known_until_us or 0) <= self.period.start_us

    def _while_in_file(self, stored: StoredTag, expected: Intervals) -> Intervals:
        if self._in_file(stored) or stored.known_until_us is None:
            return expected
        return clip(expected, self.period.start_us, stored.known_until_us)

    def _increase(self, stored: StoredTag, expected: Intervals) -> Element:
        return self.window.increase(stored, *self._bounds(), self._while_in_file(stored, expected)).element

    def _bounds(self) -> tuple[int, int]:
        return self.period.start_us, self.period.end_us


def _unit_or_any(scope: str) -> str | None:
    return None if scope == PLANT or ":" in scope else scope
