"""How far is a KPI from its baseline, how much of the way to its target is done, and what is that worth?"""

from enum import StrEnum
from math import isfinite

from plant.kpi_id import KpiId


class Trend(StrEnum):
    """Which direction is better (ISO 22400-1: trend)."""

    HIGHER = "higher"
    LOWER = "lower"


def improvement(value: float, baseline: float, trend: Trend) -> float | None:
    """Change relative to the baseline, positive when better [ratio]; None for a baseline of (next to) 0.

    >>> round(improvement(0.012308, 0.031, Trend.LOWER), 3)
    0.603
    """
    if baseline == 0:
        return None
    better = value - baseline if trend is Trend.HIGHER else baseline - value
    return _finite(better / abs(baseline))


def attainment(value: float, baseline: float, target: float) -> float | None:
    """Share of the way from baseline to target that is done [ratio]; None where they are equal.

    >>> round(attainment(0.012308, 0.031, 0.010), 2)
    0.89
    """
    if target == baseline:
        return None
    return _finite((value - baseline) / (target - baseline))


def savings(kpi: KpiId, numerator: float, denominator: float, baseline: float, price: float) -> float | None:
    """Money saved against the baseline at the price of one defect, late line or kWh; None for other KPIs.

    >>> savings(KpiId.DEFECT_RATE, 12.0, 975.0, 0.031, 4200)
    76545.0
    """
    match kpi:
        case KpiId.DEFECT_RATE | KpiId.ENERGY_PER_GOOD_UNIT:
            return _finite(price * (baseline * denominator - numerator))
        case KpiId.ON_TIME_DELIVERY:
            return _finite(price * (numerator - baseline * denominator))
    return None


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
