"""Which KPIs of equipment are there? The time model of ISO 22400-2."""

from collections.abc import Callable, Sequence

from kpi import equipment
from kpi.equipment_use import EquipmentUse
from kpi.improvement import Trend
from kpi.kpi import Facts, Kpi
from kpi.outcome import Outcome, Reason, absent
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO = "ISO 22400-2:2014"


def _of(formula: Callable[[Sequence[EquipmentUse]], Outcome]) -> Callable[[Facts], Outcome]:
    def outcome(facts: Facts) -> Outcome:
        return formula(facts.equipment) if facts.has_shifts else absent(Reason.NO_CALENDAR)

    return outcome


def _sum(amount: Callable[[EquipmentUse], float]) -> Callable[[Facts], Outcome]:
    return _of(lambda units: equipment.state_sum(units, amount))


EQUIPMENT: tuple[Kpi, ...] = (
    Kpi(
        KpiId.AVAILABILITY, "Availability", "가동률", "ratio", _HIGHER,
        "actual production time / planned busy time", f"{_ISO}, APT / PBT", _of(equipment.availability),
    ),
    Kpi(
        KpiId.EFFECTIVENESS, "Effectiveness", "성능률", "ratio", _HIGHER,
        "planned run time per item x produced quantity / actual production time", f"{_ISO}, PRI x PQ / APT",
        _of(equipment.effectiveness),
    ),
    Kpi(
        KpiId.OEE, "Overall equipment effectiveness", "설비 종합 효율", "ratio", _HIGHER,
        "planned run time per item x good quantity / planned busy time", f"{_ISO}, PRI x GQ / PBT",
        _of(equipment.oee),
    ),
    Kpi(
        KpiId.MTBF, "Mean time between failures", "평균 고장 간격", "s", _HIGHER,
        "(actual production time + setup time) / failures", f"{_ISO}, MTBF", _of(equipment.mtbf),
    ),
    Kpi(
        KpiId.MTTR, "Mean time to repair", "평균 수리 시간", "s", _LOWER,
        "time of closed repairs / closed repairs", f"{_ISO}, MTTR", _of(equipment.mttr),
    ),
)  # fmt: skip

EQUIPMENT_IN_DETAIL: tuple[Kpi, ...] = (
    Kpi(
        KpiId.NET_EQUIPMENT_EFFECTIVENESS, "Net equipment effectiveness", "순 설비 효율", "ratio", _HIGHER,
        "(APT + setup) / PBT x effectiveness x quality ratio", f"{_ISO}, NEE",
        _of(equipment.net_equipment_effectiveness),
    ),
    Kpi(
        KpiId.UTILISATION_EFFICIENCY, "Utilisation efficiency", "설비 이용 효율", "ratio", _HIGHER,
        "actual production time / actual unit busy time", f"{_ISO}, APT / AUBT", _of(equipment.utilisation_efficiency),
    ),
    Kpi(
        KpiId.ALLOCATION_EFFICIENCY, "Allocation efficiency", "설비 할당 효율", "ratio", _HIGHER,
        "actual unit busy time / planned busy time", f"{_ISO}, AUBT / PBT", _of(equipment.allocation_efficiency),
    ),
    Kpi(
        KpiId.TECHNICAL_EFFICIENCY, "Technical efficiency", "기술 효율", "ratio", _HIGHER,
        "actual production time / (actual production time + delay)", f"{_ISO}, APT / (APT + ADET)",
        _of(equipment.technical_efficiency),
    ),
    Kpi(
        KpiId.SETUP_RATIO, "Setup ratio", "준비 교체 비율", "ratio", _LOWER,
        "setup time / (actual production time + setup time)", f"{_ISO}, AUST / AUPT", _of(equipment.setup_ratio),
    ),
    Kpi(
        KpiId.THROUGHPUT_RATE, "Throughput rate", "시간당 생산량", "1/h", _HIGHER,
        "pieces produced in planned busy time / actual unit busy time", "local, after ISO 22400-2",
        _of(equipment.throughput_rate),
    ),
    Kpi(
        KpiId.MICRO_STOPS, "Micro-stops", "순간 정지 횟수", "1", _LOWER,
        "stops of less than 5 min between production", "local", _sum(lambda use: float(use.micro_stops)),
    ),
    Kpi(
        KpiId.UNPLANNED_PRODUCTION_TIME, "Unplanned production time", "계획 외 생산 시간", "s", _LOWER,
        "time Executing outside planned busy time", "local", _sum(lambda use: use.unplanned_s),
    ),
)  # fmt: skip
