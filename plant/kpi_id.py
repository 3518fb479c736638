"""Which KPIs are there? The closed list of ids; what each means is in `kpi.catalogue`."""

from enum import StrEnum


class KpiId(StrEnum):
    """Ids of KPIs, in the order in which they are shown."""

    PRODUCED_QUANTITY = "produced_quantity"
    GOOD_QUANTITY = "good_quantity"
    DEFECT_RATE = "defect_rate"
    QUALITY_RATIO = "quality_ratio"
    SCRAP_RATIO = "scrap_ratio"
    REWORK_RATIO = "rework_ratio"
    FIRST_PASS_YIELD = "first_pass_yield"
    ON_TIME_DELIVERY = "on_time_delivery"
    ON_TIME_DELIVERY_ORDERS = "on_time_delivery_orders"
    ON_TIME_DELIVERY_QUANTITY = "on_time_delivery_quantity"
    IN_FULL = "in_full"
    ON_TIME_IN_FULL = "on_time_in_full"
    MEAN_DAYS_LATE = "mean_days_late"
    ENERGY = "energy"
    FUEL_ENERGY = "fuel_energy"
    ENERGY_PER_GOOD_UNIT = "energy_per_good_unit"
    PEAK_DEMAND = "peak_demand"
    LOAD_FACTOR = "load_factor"
    POWER_FACTOR = "power_factor"
    IDLE_ENERGY_SHARE = "idle_energy_share"
    EMISSIONS = "emissions"
    ENERGY_COST = "energy_cost"
    AVAILABILITY = "availability"
    EFFECTIVENESS = "effectiveness"
    OEE = "oee"
    MTBF = "mtbf"
    MTTR = "mttr"

    ROLLED_THROUGHPUT_YIELD = "rolled_throughput_yield"
    DEFECTS_PER_UNIT = "defects_per_unit"
    DEFECTS_PER_MILLION_OPPORTUNITIES = "defects_per_million_opportunities"
    LINE_FILL = "line_fill"
    QUANTITY_FILL = "quantity_fill"
    ON_TIME_FIRST_PROMISE = "on_time_first_promise"
    ON_TIME_REQUEST = "on_time_request"
    ON_TIME_DELIVERY_VALUE = "on_time_delivery_value"
    MEAN_POWER = "mean_power"
    BASE_LOAD = "base_load"
    IDLE_LOAD = "idle_load"
    BILLING_DEMAND = "billing_demand"
    POWER_FACTOR_ITEM = "power_factor_item"
    ENERGY_SAVING_RATIO = "energy_saving_ratio"
    NET_EQUIPMENT_EFFECTIVENESS = "net_equipment_effectiveness"
    UTILISATION_EFFICIENCY = "utilisation_efficiency"
    ALLOCATION_EFFICIENCY = "allocation_efficiency"
    TECHNICAL_EFFICIENCY = "technical_efficiency"
    SETUP_RATIO = "setup_ratio"
    THROUGHPUT_RATE = "throughput_rate"
    MICRO_STOPS = "micro_stops"
    UNPLANNED_PRODUCTION_TIME = "unplanned_production_time"
    SAVINGS_A_YEAR = "savings_a_year"
    PAYBACK_MONTHS = "payback_months"


REPORTED: tuple[KpiId, ...] = (
    KpiId.PRODUCED_QUANTITY,
    KpiId.GOOD_QUANTITY,
    KpiId.DEFECT_RATE,
    KpiId.QUALITY_RATIO,
    KpiId.SCRAP_RATIO,
    KpiId.REWORK_RATIO,
    KpiId.FIRST_PASS_YIELD,
    KpiId.ON_TIME_DELIVERY,
    KpiId.ON_TIME_DELIVERY_ORDERS,
    KpiId.ON_TIME_DELIVERY_QUANTITY,
    KpiId.IN_FULL,
    KpiId.ON_TIME_IN_FULL,
    KpiId.MEAN_DAYS_LATE,
    KpiId.ENERGY,
    KpiId.FUEL_ENERGY,
    KpiId.ENERGY_PER_GOOD_UNIT,
    KpiId.PEAK_DEMAND,
    KpiId.LOAD_FACTOR,
    KpiId.POWER_FACTOR,
    KpiId.IDLE_ENERGY_SHARE,
    KpiId.EMISSIONS,
    KpiId.ENERGY_COST,
    KpiId.AVAILABILITY,
    KpiId.EFFECTIVENESS,
    KpiId.OEE,
    KpiId.MTBF,
    KpiId.MTTR,
)
"""Ids that reports to the programme carry, a closed list; the others are for the plant alone."""
