"""What is the plant billed for in a civil month beside its energy? Demand of the months that count, power factor."""

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kpi.billing import base_charge, billed_peak, billing_demand, months_that_count, power_factor_item
from kpi.demand import Blocks, blocks, joined_blocks, together
from kpi.kpi import ElectricityBill, TariffTerms
from kpi.tariff import banded
from plant.instant import US_PER_S
from plant.period import Clock, PeriodKind, day_period
from plant.tag import PLANT, Role
from plant.tariff import BillingRule

if TYPE_CHECKING:
    from collector.evaluation import Evaluation
    from collector.scope_facts import PeriodFacts

_AT_ONCE_US = 8 * 86400 * US_PER_S


def electricity_bill(facts: "PeriodFacts", scope: str, terms: TariffTerms | None) -> ElectricityBill | None:
    """The bill of a month of the plant, by its civil label; None for other periods, or where the tariff has no rule."""
    if terms is None or scope != PLANT or facts.period.kind is not PeriodKind.MONTH:
        return None
    month = facts.period.label
    version = terms.tariff.version_on(date.fromisoformat(f"{month}-01"))
    if version is None or version.billing is None or not facts.scope_tags(Role.ENERGY_IMPORT, PLANT):
        return None
    bills = facts.evaluation.bills
    peaks = {label: bills.peak_kw(label, terms, version.billing) for label in months_that_count(month, version.billing)}
    demand = billing_demand(month, peaks, version.billing, facts.evaluation.site.energy.contract_power_kw)
    charge = None if demand.kw is None else base_charge(demand.kw, month, terms.tariff)
    active = bills.quarter_hours(month, Role.ENERGY_IMPORT)
    if charge is None or active is None:
        return ElectricityBill(demand)
    lagging = bills.quarter_hours(month, Role.REACTIVE_IMPORT) if version.lagging else None
    leading = bills.quarter_hours(month, Role.REACTIVE_EXPORT) if version.leading else None
    if lagging is None and leading is None:
        return ElectricityBill(demand)
    item = power_factor_item(
        charge.cost,
        active,
        (version.lagging, lagging) if version.lagging and lagging else None,
        (version.leading, leading) if version.leading and leading else None,
        terms.zone,
    )
    return ElectricityBill(demand, item)


@dataclass
class Bills:
    """Quarter hours and peaks of civil months of the plant, each worked out once."""

    evaluation: "Evaluation"

    def __post_init__(self) -> None:
        self._peaks: dict[str, float | None] = {}
        self._blocks: dict[tuple[str, Role], Blocks | None] = {}

    def peak_kw(self, month: str, terms: TariffTerms, rule: BillingRule) -> float | None:
        """Largest demand of a month's quarter hours that count; None where none is known."""
        if month not in self._peaks:
            found = self.quarter_hours(month, Role.ENERGY_IMPORT)
            peak = None
            if found is not None and len(found.start_us):
                bands = banded(found.start_us, terms.tariff, terms.zone, terms.public_holidays)
                peak = billed_peak(found, bands, rule)
            self._peaks[month] = peak and peak[0]
        return self._peaks[month]

    def quarter_hours(self, month: str, role: Role) -> Blocks | None:
        """The quarter hours of a month of all meters of the plant of a role; None without a meter."""
        if (month, role) not in self._blocks:
            self._blocks[month, role] = self._load(month, role)
        return self._blocks[month, role]

    def _load(self, month: str, role: Role) -> Blocks | None:
        evaluation = self.evaluation
        period = day_period(PeriodKind.MONTH, date.fromisoformat(f"{month}-01"), Clock(evaluation.site.zone))
        tags = [stored for stored in evaluation.tags if stored.tag.role is role]
        tags = [stored for stored in tags if stored.tag.work_unit == PLANT] or tags
        end_us = min(period.end_us, evaluation.now_us)
        if not tags or period.start_us >= end_us:
            return None
        parts: list[list[Blocks]] = [[] for _ in tags]
        for start_us in range(period.start_us, end_us, _AT_ONCE_US):
            until_us = min(start_us + _AT_ONCE_US, end_us)
            window = evaluation.records.window(tags, start_us, until_us)
            for meter, stored in zip(parts, tags, strict=True):
                meter.append(blocks(window.series(stored), window.steps(stored), start_us, until_us))
        return together([joined_blocks(meter) for meter in parts])
