"""Which KPIs of energy are there?"""

from kpi import energy, tariff
from kpi.element import Grade, grade
from kpi.energy_performance import saving_kwh
from kpi.improvement import Trend
from kpi.kpi import Facts, Kpi
from kpi.outcome import Outcome, Reason, absent, quotient, ratio_of, sum_of
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO = "ISO 22400-2:2014"


def _energy_cost(facts: Facts) -> Outcome:
    terms = facts.tariff
    if terms is None:
        return absent(Reason.NO_PRICE)
    return tariff.energy_cost(facts.energy, terms.tariff, terms.zone, terms.public_holidays)


def _billing_demand(facts: Facts) -> Outcome:
    if facts.bill is None:
        return absent(Reason.NO_SOURCE if facts.tariff else Reason.NO_PRICE)
    kw, flags = facts.bill.demand.kw, facts.bill.demand.flags
    return Outcome(kw, kw, None, _bill_coverage(facts), flags, Reason.LOW_COVERAGE if kw is None else None)


def _power_factor_item(facts: Facts) -> Outcome:
    if facts.bill is None or facts.bill.power_factor is None:
        return absent(Reason.NO_SOURCE if facts.tariff else Reason.NO_PRICE)
    cost, coverage = facts.bill.power_factor.cost, _bill_coverage(facts)
    low = grade(coverage) is Grade.LOW
    return Outcome(
        None if low else cost, cost, None, coverage, facts.bill.demand.flags, Reason.LOW_COVERAGE if low else None
    )


def _bill_coverage(facts: Facts) -> float:
    return facts.energy.demand_coverage


def _energy_saving(facts: Facts) -> Outcome:
    found = facts.energy_baseline
    if found is None:
        return absent(Reason.NO_SOURCE)
    used, expected = found.energy_kwh.value, found.expected_kwh
    saved = None if used is None or expected is None else saving_kwh(used, expected)
    flags = found.energy_kwh.flags | found.flags | ({"extrapolated"} if found.extrapolated else set())
    return quotient(saved, expected, min(found.energy_kwh.coverage, found.coverage), flags)


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
        "kWh while not producing / kWh", "local", lambda facts: energy.idle_share(facts.energy),
    ),
    Kpi(
        KpiId.EMISSIONS, "Emissions", "온실가스 배출량", "t", _LOWER,
        "MWh x emission factor", "GHG Protocol, scope 2",
        lambda facts: energy.emissions(facts.energy, facts.emission_factor_t_per_mwh),
    ),
    Kpi(
        KpiId.ENERGY_COST, "Energy cost", "전력 요금", "currency", _LOWER,
        "kWh of each tariff band x its price", "KEPCO tariff", _energy_cost,
    ),
)  # fmt: skip

ENERGY_IN_DETAIL: tuple[Kpi, ...] = (
    Kpi(
        KpiId.MEAN_POWER, "Mean power", "평균 전력", "kW", _LOWER,
        "time-weighted mean of the power gauges", "OPC 10000-13, TimeAverage",
        lambda facts: energy.mean_power(facts.energy),
    ),
    Kpi(
        KpiId.BASE_LOAD, "Base load", "기저 부하", "kW", _LOWER,
        "demand that 95 of 100 quarter hours reach or exceed", "local", lambda facts: energy.base_load(facts.energy),
    ),
    Kpi(
        KpiId.IDLE_LOAD, "Idle load", "유휴 부하", "kW", _LOWER,
        "kWh while not producing / hours not producing", "local", lambda facts: energy.idle_load(facts.energy),
    ),
    Kpi(
        KpiId.BILLING_DEMAND, "Billing demand", "요금 적용 전력", "kW", _LOWER,
        "largest peak of the months that the contract counts", "KEPCO supply terms, article 68", _billing_demand,
    ),
    Kpi(
        KpiId.POWER_FACTOR_ITEM, "Power factor item", "역률 요금", "currency", _LOWER,
        "base charge x (standard - power factor) x rate", "KEPCO supply terms, article 43", _power_factor_item,
    ),
    Kpi(
        KpiId.ENERGY_SAVING_RATIO, "Energy saving", "에너지 절감률", "ratio", _HIGHER,
        "(expected - used) / expected energy, by the baseline's regression", "ISO 50006:2023, statistical model",
        _energy_saving,
    ),
)  # fmt: skip
