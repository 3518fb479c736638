"""How far is a KPI from its baseline, how much of the way to its target is done, and what is that worth?"""

from enum import StrEnum

from kpi.finite import finite
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
    return finite(better / abs(baseline))


def reduction_of_misses(value: float, baseline: float, trend: Trend) -> float | None:
    """Share of the misses of a rate that is gone, positive when better [ratio]; None where the baseline has no misses.

    value, baseline: rates [ratio]. Misses are 1 - rate where higher is better (late lines of an on-time rate), the rate
    itself where lower is better (a defect rate; then it is the improvement). Nothing is clipped: twice the misses are
    -1.

    >>> round(reduction_of_misses(0.96, 0.90, Trend.HIGHER), 3)
    0.6
    """
    misses = 1 - baseline if trend is Trend.HIGHER else baseline
    fewer = value - baseline if trend is Trend.HIGHER else baseline - value
    return finite(fewer / misses) if misses > 0 else None


def change_points(value: float, baseline: float, trend: Trend) -> float | None:
    """Change of a rate against the baseline in percentage points, positive when better; None if too large for a number.

    value, baseline: rates [ratio]; 0.01 is one point.

    >>> round(change_points(0.96, 0.90, Trend.HIGHER), 3), round(change_points(0.012, 0.031, Trend.LOWER), 3)
    (6.0, 1.9)
    """
    better = value - baseline if trend is Trend.HIGHER else baseline - value
    return finite(100 * better)


def attainment(value: float, baseline: float, target: float) -> float | None:
    """Share of the way from baseline to target that is done [ratio]; None where they are equal.

    >>> round(attainment(0.012308, 0.031, 0.010), 2)
    0.89
    """
    if target == baseline:
        return None
    return finite((value - baseline) / (target - baseline))


def saved_units(kpi: KpiId, numerator: float, denominator: float, baseline: float) -> float | None:
    """Defects, late lines or kWh fewer than the baseline expects of as many pieces or lines, below 0 where more; None
    for other KPIs.

    >>> round(saved_units(KpiId.DEFECT_RATE, 12.0, 975.0, 0.031), 6)
    18.225
    """
    match kpi:
        case KpiId.DEFECT_RATE | KpiId.ENERGY_PER_GOOD_UNIT:
            return finite(baseline * denominator - numerator)
        case KpiId.ON_TIME_DELIVERY:
            return finite(numerator - baseline * denominator)
    return None


def savings(kpi: KpiId, numerator: float, denominator: float, baseline: float, price: float) -> float | None:
    """Money saved against the baseline at the price of one defect, late line or kWh; None for other KPIs.

    >>> savings(KpiId.DEFECT_RATE, 12.0, 975.0, 0.031, 4200)
    76545.0
    """
    saved = saved_units(kpi, numerator, denominator, baseline)
    return None if saved is None else finite(price * saved)
