"""What are the KPI values of a plant? From the store's readings, quantities and orders through pure arithmetic."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from sqlalchemy import Connection

from collector.comparison import Comparisons
from collector.delivery_lines import DeliveryLines, delivery_lines
from collector.records import Records
from collector.scope_bill import Bills
from collector.scope_energy import fitted
from collector.scope_facts import PeriodFacts, unit_or_any
from collector.scope_savings import WorkingDays
from collector.store import orders
from collector.store.corrections import all_corrections
from collector.store.past import tag_as_known
from collector.store.reports import StoredReport, newest_of_periods
from collector.store.tags import StoredTag, stored_tags
from config.site import EnergyBaselineSettings, Site
from kpi.catalogue import BY_ID
from kpi.manual import HandCounted
from kpi.outcome import Outcome, Reason, absent
from kpi.regression import EnergyModel
from kpi.value import KpiValue
from plant.as_of import AsOf
from plant.correction import Correction, LotDecision, MeterChange, contents, in_force
from plant.instant import US_PER_S
from plant.kpi_id import KpiId
from plant.period import Clock, Period, PeriodKind, periods
from plant.quantity import Quantity
from plant.shift import ShiftCalendar
from plant.tag import PLANT

_GROUP_US = 32 * 86400 * US_PER_S


class Evaluation:
    """The KPI values of a plant as of an instant, on the production or the civil calendar.

    known_before_us: only what was recorded before this instant counts; default: what was recorded until now_us.
    """

    def __init__(
        self, connection: Connection, site: Site, clock: Clock, now_us: int, known_before_us: int | None = None
    ) -> None:
        self.connection, self.site, self.clock, self.now_us = connection, site, clock, now_us
        self.as_of_us = known_before_us
        self.known_before_us = now_us + 1 if known_before_us is None else known_before_us
        self.shifts: ShiftCalendar = site.shift_calendar()
        self.names_in_file = frozenset(settings.name for device in site.devices for settings in device.tags)
        self._models: dict[tuple[str, str], EnergyModel | None] = {}
        self._recent: PeriodFacts | None = None

    def scopes(self) -> list[str]:
        """The plant and every work unit that has a tag, a setting or a hand count."""
        named = [stored.tag.work_unit for stored in self.tags]
        counted = [row.work_unit for row in self.quantities]
        return list(dict.fromkeys([PLANT, *self.site.work_unit_names(), *named, *counted]))

    def values(self, periods: Iterable[Period], scopes: Sequence[str], kpis: Sequence[KpiId]) -> Iterator[KpiValue]:
        """Every KPI asked for, of every scope, over every period, in this order of nesting from the outside in:
        period, scope, KPI. A work unit has only the shifts that are for it, as they are for it."""
        for group in _groups(periods):
            until_us = max(period.end_us for period in group)
            for period in group:
                shared = PeriodFacts(self, period, until_us)
                for scope in scopes:
                    own = self.shifts.own(period, unit_or_any(scope))
                    if own is None:
                        continue
                    facts = self._recent = shared if own == period else PeriodFacts(self, own, until_us)
                    outcomes = self.outcomes(facts, scope, kpis)
                    for kpi, outcome in zip(kpis, outcomes, strict=True):
                        yield self._value(kpi, scope, own, outcome)

    def facts(self, period: Period) -> PeriodFacts:
        """What is known of a period; what was gathered for the value that came last is used again."""
        if self._recent is None or self._recent.period != period:
            self._recent = PeriodFacts(self, period, period.end_us)
        return self._recent

    @cached_property
    def tags(self) -> list[StoredTag]:
        """Tags of the site file, and those that it once had: these end at their last reading."""
        now = stored_tags(self.connection)
        then = {name: tag_as_known(self.connection, one, self.as_of_us) for name, one in now.items()}
        stored = {
            name: found if name in self.names_in_file else replace(found, known_until_us=found.last_us)
            for name, found in then.items()
        }
        for device in self.site.devices:
            for settings in device.tags:
                known = stored.get(settings.name, StoredTag(-1, device.id, settings.tag()))
                stored[settings.name] = replace(known, device=device.id, tag=settings.tag())
        return list(stored.values())

    @cached_property
    def tags_of(self) -> dict[str, list[StoredTag]]:
        """The tags of each work unit."""
        found: dict[str, list[StoredTag]] = {}
        for stored in self.tags:
            found.setdefault(stored.tag.work_unit, []).append(stored)
        return found

    @cached_property
    def records(self) -> Records:
        """What readings say, in a form that adds up."""
        changes = contents(self.corrections, MeterChange)
        return Records(
            self.connection, self.site, self.clock, self.shifts, self.tags, self.now_us, self.as_of_us, changes
        )

    @cached_property
    def corrections(self) -> list[Correction]:
        """What people signed off and holds, as far as it is known."""
        return in_force(all_corrections(self.connection), self.known_before_us)

    @cached_property
    def lots(self) -> list[LotDecision]:
        """Lots that were judged again."""
        return contents(self.corrections, LotDecision)

    @cached_property
    def bills(self) -> Bills:
        """Peaks of the plant's months."""
        return Bills(self)

    @cached_property
    def comparisons(self) -> Comparisons:
        """What values are compared with."""
        return Comparisons(self)

    @cached_property
    def working_days(self) -> WorkingDays:
        """Days on which the plant works."""
        return WorkingDays(self.shifts)

    def energy_model(self, settings: EnergyBaselineSettings) -> EnergyModel | None:
        """The energy baseline of these settings, fitted once."""
        key = settings.scope, settings.period
        if key not in self._models:
            bounds = self.clock.day_start(settings.from_), self.clock.day_start(settings.to)
            found = periods(PeriodKind(settings.period), *bounds, self.clock)
            whole = [one for one in found if bounds[0] <= one.start_us and one.end_us <= bounds[1]]
            facts = [PeriodFacts(self, period, bounds[1]) for period in whole]
            self._models[key] = fitted(facts, settings)
        return self._models[key]

    @cached_property
    def quantities(self) -> list[Quantity]:
        """All hand-counted quantities that are known."""
        return orders.all_quantities(self.connection, AsOf(self.known_before_us))

    @cached_property
    def by_hand(self) -> dict[str, HandCounted]:
        """Hand-counted quantities of each work unit."""
        units = {row.work_unit for row in self.quantities}
        return {unit: HandCounted([row for row in self.quantities if row.work_unit == unit]) for unit in units}

    @cached_property
    def reports(self) -> dict[tuple[str, str], StoredReport]:
        """The newest report of every period that had one; reports are of production days alone."""
        return newest_of_periods(self.connection, self.as_of_us) if self.clock == self.site.clock() else {}

    @cached_property
    def lines(self) -> DeliveryLines:
        """All order lines that are known, and what became of them."""
        return delivery_lines(
            self.connection, self.site, self.clock, self.now_us, self.known_before_us, self.corrections
        )

    def outcomes(self, facts: PeriodFacts, scope: str, kpis: Sequence[KpiId]) -> list[Outcome]:
        """What the formulas of some KPIs give for a scope over one period."""
        if facts.period.start_us >= self.now_us:
            return [absent(Reason.OPEN_PERIOD) for _ in kpis]
        found = facts.of(scope)
        return [BY_ID[kpi].outcome(found) for kpi in kpis]

    def _value(self, kpi: KpiId, scope: str, period: Period, outcome: Outcome) -> KpiValue:
        comparison = self.comparisons.of(kpi, scope, period)
        revision, state = self._reported(scope, period)
        currency = self.site.savings.currency
        return KpiValue(BY_ID[kpi], scope, period, outcome, comparison, currency, self.now_us, revision, state)

    def _reported(self, scope: str, period: Period) -> tuple[int, str]:
        """Revision and state of the newest report about a scope and period; 0 and open without one."""
        found = self.reports.get((period.kind.value, period.label))
        if found is None or self.site.mqtt is None or scope not in self.site.mqtt.scopes:
            return 0, "open"
        return found.revision, found.period_state


def _groups(periods: Iterable[Period]) -> Iterator[list[Period]]:
    """Periods in groups that are loaded together: at most 32 days, or one period that is longer."""
    group: list[Period] = []
    for period in periods:
        if group and period.end_us - group[0].start_us > _GROUP_US:
            yield group
            group = []
        group.append(period)
    if group:
        yield group
