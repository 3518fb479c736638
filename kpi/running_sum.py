"""Does the plant go on saving energy? The running sum of what it used beyond what its baseline expects (CUSUM).

ISO 50006:2023: the sum falls while energy is saved, rises while it is wasted, and bends where something changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kpi.energy_performance import cusum
from kpi.numerals import numeral
from kpi.plain_text import columns
from kpi.value import KpiValue
from plant.kpi_id import KpiId


@dataclass(frozen=True, slots=True)
class SumPoint:
    """A period, what was used beyond what was expected until its end [kWh]; None without a value or not over."""

    label: str
    kwh: float | None


@dataclass(frozen=True, slots=True)
class RunningSum:
    """The running sum of actual - expected energy of one scope, over periods in time order."""

    kpi: KpiId
    scope: str
    points: tuple[SumPoint, ...]


def running_sums(values: Sequence[KpiValue], now_us: int) -> tuple[RunningSum, ...]:
    """The running sum of every scope that has the energy saving of at least two periods."""
    series: dict[str, list[KpiValue]] = {}
    for value in values:
        if value.id is KpiId.ENERGY_SAVING_RATIO:
            series.setdefault(value.scope, []).append(value)
    return tuple(_sum(scope, found, now_us) for scope, found in series.items() if len(found) > 1)


def _sum(scope: str, values: Sequence[KpiValue], now_us: int) -> RunningSum:
    sums = cusum(_used(value, now_us) for value in values)
    points = tuple(SumPoint(value.period.label, kwh) for value, kwh in zip(values, sums, strict=True))
    return RunningSum(KpiId.ENERGY_SAVING_RATIO, scope, points)


def _used(value: KpiValue, now_us: int) -> tuple[float | None, float | None]:
    """Energy used and expected [kWh]: the numerator of the KPI is expected - used, its denominator expected."""
    found = value.outcome
    if found.value is None or found.numerator is None or found.denominator is None or value.period.end_us > now_us:
        return None, None
    return found.denominator - found.numerator, found.denominator


def beyond_baseline(values: Sequence[KpiValue], now_us: int) -> list[float | None]:
    """The running sum of a ratio's numerators beyond what its baseline expects of its denominators, one value a period
    (a defect rate: of defects): it falls while fewer occur than before.

    None where a period is not over, or lacks value or baseline; empty for none. values: of one KPI and scope, in time
    order.
    """
    return cusum(_counted(value, now_us) for value in values)


def _counted(value: KpiValue, now_us: int) -> tuple[float | None, float | None]:
    found, before = value.outcome, value.comparison.baseline
    if found.value is None or found.denominator is None or before is None or value.period.end_us > now_us:
        return None, None
    return found.numerator, before * found.denominator


def running_sum_text(found: RunningSum) -> str:
    """The sum as a short table."""
    head = f"{found.kpi.value}  {found.scope}  running sum of energy used - expected: it falls while energy is saved"
    rows = [("period", "kWh"), *((point.label, numeral(point.kwh)) for point in found.points)]
    return "\n".join([head, *columns(rows, right=(1,))])
