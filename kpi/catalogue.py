"""Which KPIs are there, what does each mean, and how is it worked out? One explicit tuple."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kpi import delivery, energy
from kpi.delivery import DeliveryCount, LineResult
from kpi.element import total
from kpi.energy import EnergyUse
from kpi.improvement import Trend
from kpi.outcome import Outcome, Reason, absent, flags_of, quotient, ratio_of, ratio_of_counts, sum_of
from kpi.pieces import PieceCount
from plant.kpi_id import KpiId


@dataclass(frozen=True, slots=True)
class ScopeFacts:
    """Everything that formulas need of one scope over one period.

    delivery None: no order lines are known for the scope, or days do not fit the kind of period.
    """

    pieces: PieceCount
    energy: EnergyUse
    delivery: DeliveryCount | None = None
    has_shifts: bool = False
    emission_factor_t_per_mwh: float | None = None


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
    outcome: Callable[[ScopeFacts], Outcome]
    definition: int = 1


def _amount(name: str) -> Callable[[ScopeFacts], Outcome]:
    return lambda facts: sum_of(facts.pieces.amount(name))


def _piece_ratio(counted: Sequence[str], base: Sequence[str]) -> Callable[[ScopeFacts], Outcome]:
    def outcome(facts: ScopeFacts) -> Outcome:
        found = facts.pieces.pair(counted, base)
        if found is None:
            return absent(Reason.NO_SOURCE)
        elements = [*found[0].values(), found[1]]
        coverage = min(element.coverage for element in elements)
        return quotient(total(found[0].values()).value, found[1].value, coverage, flags_of(elements))

    return outcome


def _line_ratio(count: Callable[[Sequence[LineResult]], tuple[float, float]]) -> Callable[[ScopeFacts], Outcome]:
    def outcome(facts: ScopeFacts) -> Outcome:
        if facts.delivery is None:
            return absent(Reason.NO_SOURCE)
        return ratio_of_counts(count(facts.delivery.lines), facts.delivery.dated_share)

    return outcome


def _on_time_orders(facts: ScopeFacts) -> Outcome:
    if facts.delivery is None:
        return absent(Reason.NO_SOURCE)
    return ratio_of_counts(delivery.on_time_orders(facts.delivery.orders), facts.delivery.dated_share)


def _equipment(facts: ScopeFacts) -> Outcome:
    # Work of its own; until then no state is understood, so that none of these has a source.
    return absent(Reason.NO_SOURCE if facts.has_shifts else Reason.NO_CALENDAR)


_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO, _SCOR = "ISO 22400-2:2014", "SCOR 12.0"

CATALOGUE: tuple[Kpi, ...] = (
    Kpi(
        KpiId.PRODUCED_QUANTITY, "Produced quantity", "생산 수량", "1", _HIGHER,
        "its counter, else good + scrap + rework", f"{_ISO}, PQ", _amount("produced"),
    ),
    Kpi(
        KpiId.GOOD_QUANTITY, "Good quantity", "양품 수량", "1", _HIGHER,
        "its counter, else produced - scrap - rework", f"{_ISO}, GQ", _amount("good"),
    ),
    Kpi(
        KpiId.DEFECT_RATE, "Defect rate", "불량률", "ratio", _LOWER,
        "(scrap + rework) / inspected, where nothing is inspected / produced", "local",
        _piece_ratio(("scrap", "rework"), ("inspected", "produced")),
    ),
    Kpi(
        KpiId.QUALITY_RATIO, "Quality ratio", "양품률", "ratio", _HIGHER,
        "good / produced", f"{_ISO}, GQ / PQ", _piece_ratio(("good",), ("produced",)),
    ),
    Kpi(
        KpiId.SCRAP_RATIO, "Scrap ratio", "폐기율", "ratio", _LOWER,
        "scrap / produced", f"{_ISO}, SQ / PQ", _piece_ratio(("scrap",), ("produced",)),
    ),
    Kpi(
        KpiId.REWORK_RATIO, "Rework ratio", "재작업률", "ratio", _LOWER,
        "rework / produced", f"{_ISO}, RQ / PQ", _piece_ratio(("rework",), ("produced",)),
    ),
    Kpi(
        KpiId.FIRST_PASS_YIELD, "First pass yield", "직행률", "ratio", _HIGHER,
        "good / inspected, where nothing is inspected / produced", f"{_ISO}, GP / IP",
        _piece_ratio(("good",), ("inspected", "produced")),
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY, "On-time delivery", "납기 준수율", "ratio", _HIGHER,
        "order lines complete by due date + grace / order lines due", f"{_SCOR}, RL.2.2",
        _line_ratio(delivery.on_time_lines),
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY_ORDERS, "On-time delivery of orders", "주문 납기 준수율", "ratio", _HIGHER,
        "orders with every line on time / orders due, by their latest due date", f"{_SCOR}, RL.2.2", _on_time_orders,
    ),
    Kpi(
        KpiId.ON_TIME_DELIVERY_QUANTITY, "On-time delivery of quantity", "수량 납기 준수율", "ratio", _HIGHER,
        "sum of min(ordered, delivered by due date + grace) / sum of ordered", "local",
        _line_ratio(delivery.on_time_quantity),
    ),
    Kpi(
        KpiId.IN_FULL, "Delivery in full", "완납률", "ratio", _HIGHER,
        "order lines complete / order lines due", f"{_SCOR}, RL.2.1", _line_ratio(delivery.in_full_lines),
    ),
    Kpi(
        KpiId.ON_TIME_IN_FULL, "On time in full", "정시 완납률", "ratio", _HIGHER,
        "order lines complete by due date + grace / order lines due", f"{_SCOR}, RL.1.1 (in part)",
        _line_ratio(delivery.on_time_lines),
    ),
    Kpi(
        KpiId.MEAN_DAYS_LATE, "Mean days late", "평균 지연 일수", "d", _LOWER,
        "calendar days late / late order lines", "local", _line_ratio(delivery.days_late),
    ),
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
    Kpi(
        KpiId.AVAILABILITY, "Availability", "가동률", "ratio", _HIGHER,
        "actual production time / planned busy time", f"{_ISO}, APT / PBT", _equipment,
    ),
    Kpi(
        KpiId.EFFECTIVENESS, "Effectiveness", "성능률", "ratio", _HIGHER,
        "planned run time per item x produced quantity / actual production time", f"{_ISO}, PRI x PQ / APT", _equipment,
    ),
    Kpi(
        KpiId.OEE, "Overall equipment effectiveness", "설비 종합 효율", "ratio", _HIGHER,
        "planned run time per item x good quantity / planned busy time", f"{_ISO}, PRI x GQ / PBT", _equipment,
    ),
    Kpi(
        KpiId.MTBF, "Mean time between failures", "평균 고장 간격", "s", _HIGHER,
        "(actual production time + setup time) / failures", f"{_ISO}, MTBF", _equipment,
    ),
    Kpi(
        KpiId.MTTR, "Mean time to repair", "평균 수리 시간", "s", _LOWER,
        "time of closed repairs / closed repairs", f"{_ISO}, MTTR", _equipment,
    ),
)  # fmt: skip

BY_ID: dict[KpiId, Kpi] = {kpi.id: kpi for kpi in CATALOGUE}
