"""Which KPIs of equipment are there? The time model of ISO 22400-2."""

from kpi.improvement import Trend
from kpi.kpi import Kpi, ScopeFacts
from kpi.outcome import Outcome, Reason, absent
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO = "ISO 22400-2:2014"


def _equipment(facts: ScopeFacts) -> Outcome:
    # Work of its own; until then no state is understood, so that none of these has a source.
    return absent(Reason.NO_SOURCE if facts.has_shifts else Reason.NO_CALENDAR)


EQUIPMENT: tuple[Kpi, ...] = (
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
