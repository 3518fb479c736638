"""The closed list of KPIs: units and trends as agreed, and values without sources."""

from datetime import date

import pytest

from kpi.catalogue import BY_ID, CATALOGUE
from kpi.catalogue_delivery import DELIVERY_IN_DETAIL
from kpi.catalogue_equipment import EQUIPMENT, EQUIPMENT_IN_DETAIL
from kpi.delivery import DeliveryCount
from kpi.element import Element
from kpi.energy import EnergyUse
from kpi.kpi import ScopeFacts
from kpi.order_line import LineResult
from kpi.outcome import Reason
from kpi.pieces import PieceCount
from plant.kpi_id import KpiId

AGREED = """
produced_quantity 1 higher
good_quantity 1 higher
defect_rate ratio lower
quality_ratio ratio higher
scrap_ratio ratio lower
rework_ratio ratio lower
first_pass_yield ratio higher
on_time_delivery ratio higher
on_time_delivery_orders ratio higher
on_time_delivery_quantity ratio higher
in_full ratio higher
on_time_in_full ratio higher
mean_days_late d lower
energy kWh lower
fuel_energy MJ lower
energy_per_good_unit kWh lower
peak_demand kW lower
load_factor ratio higher
power_factor ratio higher
idle_energy_share ratio lower
emissions t lower
energy_cost currency lower
availability ratio higher
effectiveness ratio higher
oee ratio higher
mtbf s higher
mttr s lower
rolled_throughput_yield ratio higher
defects_per_unit 1 lower
defects_per_million_opportunities 1 lower
line_fill ratio higher
quantity_fill ratio higher
on_time_first_promise ratio higher
on_time_request ratio higher
on_time_delivery_value ratio higher
mean_power kW lower
base_load kW lower
idle_load kW lower
billing_demand kW lower
power_factor_item currency lower
energy_saving_ratio ratio higher
net_equipment_effectiveness ratio higher
utilisation_efficiency ratio higher
allocation_efficiency ratio higher
technical_efficiency ratio higher
setup_ratio ratio lower
throughput_rate 1/h higher
micro_stops 1 lower
unplanned_production_time s lower
savings_a_year currency higher
payback_months mo lower
"""
PRICED = {KpiId.ENERGY_COST, KpiId.BILLING_DEMAND, KpiId.POWER_FACTOR_ITEM}
IN_DETAIL = [kpi.id for kpi in DELIVERY_IN_DETAIL]
NOTHING = ScopeFacts(PieceCount([]), EnergyUse())


def test_ids_units_and_trends_are_as_agreed() -> None:
    assert [f"{kpi.id} {kpi.unit} {kpi.trend}" for kpi in CATALOGUE] == AGREED.split("\n")[1:-1]


def test_every_kpi_stands_once_and_says_what_it_means() -> None:
    assert list(BY_ID) == list(KpiId)
    assert all(kpi.title and kpi.title_ko and kpi.formula and kpi.source for kpi in CATALOGUE)
    assert {kpi.definition for kpi in CATALOGUE} == {1}


@pytest.mark.parametrize("kpi", KpiId)
def test_without_any_source_there_is_a_reason_and_no_value(kpi: KpiId) -> None:
    found = BY_ID[kpi].outcome(NOTHING)
    equipment = BY_ID[kpi] in (*EQUIPMENT, *EQUIPMENT_IN_DETAIL)
    wanted = Reason.NO_CALENDAR if equipment else Reason.NO_PRICE if kpi in PRICED else Reason.NO_SOURCE
    assert (found.value, found.reason) == (None, wanted)


def test_with_a_calendar_equipment_kpis_lack_a_source() -> None:
    facts = ScopeFacts(PieceCount([]), EnergyUse(), has_shifts=True)
    assert BY_ID[KpiId.OEE].outcome(facts).reason is Reason.NO_SOURCE


def test_delivery_kpis_count_lines_and_orders() -> None:
    lines = [
        LineResult("A", None, date(2026, 11, 10), 10.0, True, True, True, 0, 10.0),
        LineResult("B", None, date(2026, 11, 10), 30.0, True, True, False, 3, 0.0),
    ]
    facts = ScopeFacts(PieceCount([]), EnergyUse(), DeliveryCount(lines, [(True, True), (True, False)], 0.9))
    wanted = {
        KpiId.ON_TIME_DELIVERY: 0.5,
        KpiId.ON_TIME_DELIVERY_ORDERS: 0.5,
        KpiId.ON_TIME_DELIVERY_QUANTITY: 0.25,
        KpiId.IN_FULL: 1.0,
        KpiId.ON_TIME_IN_FULL: 0.5,
        KpiId.MEAN_DAYS_LATE: 3.0,
    }
    assert {kpi: BY_ID[kpi].outcome(facts).value for kpi in wanted} == wanted
    assert {BY_ID[kpi].outcome(facts).coverage for kpi in wanted} == {0.9}


def test_delivery_kpis_of_some_lines_have_the_coverage_of_those() -> None:
    line = LineResult("A", None, date(2026, 11, 10), 10.0, True, True, True, 0, 10.0, 10.0, True, True, False, 700.0)
    facts = ScopeFacts(PieceCount([]), EnergyUse(), DeliveryCount([line], [], 1.0, 0.9, 0.85))
    found = {kpi: BY_ID[kpi].outcome(facts) for kpi in IN_DETAIL}
    assert {kpi.value: (outcome.value, outcome.coverage) for kpi, outcome in found.items()} == {
        "line_fill": (1, 1),
        "quantity_fill": (1, 1),
        "on_time_first_promise": (1, 1),
        "on_time_request": (0, 0.9),
        "on_time_delivery_value": (1, 0.85),
    }
    without = ScopeFacts(PieceCount([]), EnergyUse(), DeliveryCount([line], [], 1.0))
    assert BY_ID[KpiId.ON_TIME_REQUEST].outcome(without).reason is Reason.NO_SOURCE


def test_energy_per_good_unit_needs_both() -> None:
    good = PieceCount([{"good": Element(50.0, (1.0,))}])
    use = EnergyUse(Element(100.0, (1.0,)))
    assert BY_ID[KpiId.ENERGY_PER_GOOD_UNIT].outcome(ScopeFacts(good, use)).value == 2
    assert BY_ID[KpiId.ENERGY_PER_GOOD_UNIT].outcome(ScopeFacts(PieceCount([]), use)).reason is Reason.NO_SOURCE
