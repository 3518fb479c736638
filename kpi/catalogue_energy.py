"""Which KPIs of energy are there?"""

from kpi import energy
from kpi.improvement import Trend
from kpi.kpi import Kpi
from kpi.outcome import Reason, absent, ratio_of, sum_of
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO = "ISO 22400-2:2014"

ENERGY: tuple[Kpi, ...] = (
    Kpi(
        KpiId.ENERGY, "Energy", "전력 사용량", "kWh", _LOWER,
        "accepted steps of the energy counters", f"{_ISO}, M", lambda facts: sum_of(facts.energy.energy_kwh),
    ),
    Kpi(
        KpiId.FUEL_ENERGY, "Fuel energy", "연료 사용량", "MJ", _LOWER,
        "accepted steps of the fuel counters", f"{_ISO}, M", lambda facts: sum_of(facts.energy.fuel_mj),
    ),
    Kpi(
        KpiId.ENERGY_PER_GOOD_UNIT, "Energy per good unit", "양품당 전력량", "kWh", _LOWER,
        "energy / good quantity", "ISO 50006:2023, ratio EnPI",
        lambda facts: ratio_of(facts.energy.energy_kwh, facts.pieces.amount("good")),
    ),
    Kpi(
        KpiId.PEAK_DEMAND, "Peak demand", "최대 수요 전력", "kW", _LOWER,
        "largest 4 x kWh of a clock quarter hour", "KEPCO supply terms", lambda facts: energy.peak_demand(facts.energy),
    ),
    Kpi(
        KpiId.LOAD_FACTOR, "Load factor", "부하율", "ratio", _HIGHER,
        "mean power over the time covered / peak demand", "local", lambda facts: energy.load_factor(facts.energy),
    ),
    Kpi(
        KpiId.POWER_FACTOR, "Power factor", "역률", "ratio", _HIGHER,
        "kWh / sqrt(kWh^2 + kvarh^2), lagging, from sums", "KEPCO supply terms",
        lambda facts: energy.power_factor(facts.energy),
    ),
    Kpi(
        KpiId.IDLE_ENERGY_SHARE, "Idle energy share", "유휴 전력 비율", "ratio", _LOWER,
        "kWh while not producing / kWh", "local", lambda facts: absent(Reason.NO_SOURCE),
    ),
    Kpi(
        KpiId.EMISSIONS, "Emissions", "온실가스 배출량", "t", _LOWER,
        "MWh x emission factor", "GHG Protocol, scope 2",
        lambda facts: energy.emissions(facts.energy, facts.emission_factor_t_per_mwh),
    ),
    Kpi(
        KpiId.ENERGY_COST, "Energy cost", "전력 요금", "currency", _LOWER,
        "kWh of each tariff band x its price", "KEPCO tariff", lambda facts: absent(Reason.NO_PRICE),
    ),
)  # fmt: skip
