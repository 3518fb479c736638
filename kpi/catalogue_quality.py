"""Which KPIs of quantity and quality are there?"""

from collections.abc import Callable, Sequence

from kpi import throughput_yield
from kpi.element import total
from kpi.energy import EnergyUse
from kpi.improvement import Trend
from kpi.kpi import Facts, Kpi, ScopeFacts
from kpi.outcome import Outcome, Reason, absent, flags_of, quotient, sum_of
from kpi.pieces import PieceCount
from plant.kpi_id import KpiId

_HIGHER, _LOWER = Trend.HIGHER, Trend.LOWER
_ISO = "ISO 22400-2:2014"


def _amount(name: str) -> Callable[[Facts], Outcome]:
    return lambda facts: sum_of(facts.pieces.amount(name))


def _piece_ratio(counted: Sequence[str], base: Sequence[str]) -> Callable[[Facts], Outcome]:
    def outcome(facts: Facts) -> Outcome:
        found = facts.pieces.pair(counted, base)
        if found is None:
            return absent(Reason.NO_SOURCE)
        elements = [*found[0].values(), found[1]]
        coverage = min(element.coverage for element in elements)
        return quotient(total(found[0].values()).value, found[1].value, coverage, flags_of(elements))

    return outcome


_first_pass_yield = _piece_ratio(("good",), ("inspected", "produced"))


def _rolled_yield(facts: Facts) -> Outcome:
    steps = [(name, yield_of(count)) for name, count in facts.route]
    return throughput_yield.rolled_throughput_yield(steps).outcome


def yield_of(pieces: PieceCount) -> Outcome:
    """The first pass yield of some pieces."""
    return _first_pass_yield(ScopeFacts(pieces, EnergyUse()))


def _defects_per_unit(facts: Facts) -> Outcome:
    if facts.defects is None:
        return absent(Reason.NO_SOURCE)
    return throughput_yield.defects_per_unit(facts.defects.defects, facts.defects.units)


def _defects_per_million(facts: Facts) -> Outcome:
    found = facts.defects
    if found is None or found.opportunities is None:
        return absent(Reason.NO_SOURCE)
    return throughput_yield.defects_per_million_opportunities(found.defects, found.opportunities, 1.0)


QUALITY: tuple[Kpi, ...] = (
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
)  # fmt: skip

QUALITY_IN_DETAIL: tuple[Kpi, ...] = (
    Kpi(
        KpiId.ROLLED_THROUGHPUT_YIELD, "Rolled throughput yield", "누적 직행률", "ratio", _HIGHER,
        "product of the first pass yields of the route's work units", "Six Sigma, RTY", _rolled_yield,
    ),
    Kpi(
        KpiId.DEFECTS_PER_UNIT, "Defects per unit", "단위당 결함 수", "1", _LOWER,
        "defects counted by reason / inspected, where nothing is inspected / produced", "Six Sigma, DPU",
        _defects_per_unit,
    ),
    Kpi(
        KpiId.DEFECTS_PER_MILLION_OPPORTUNITIES, "Defects per million opportunities", "백만 기회당 결함 수",
        "1", _LOWER,
        "defects counted by reason / (units x opportunities / 1 000 000)", "Six Sigma, DPMO", _defects_per_million,
    ),
)  # fmt: skip
