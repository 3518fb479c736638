"""Which defect rates are ordinary for a process? p, u and c charts, with limits of their own for each point.

Shewhart charts of attributes (ISO 7870-2): the centre line is a ratio of sums, the limits lie 3 standard deviations of
a binomial (p) or Poisson (u, c) count away from it. What a chart says against a process is in `kpi.run_rules`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite, sqrt

FEWEST_POINTS = 20
"""With fewer points, limits that are computed from them are provisional: they are themselves uncertain.

Boeing D1-9000-1: typically at least 20 subgroups; Montgomery, Introduction to Statistical Quality Control: 20 to 25.
"""


class ChartKind(StrEnum):
    """p: defective units / units. u: defects / units, sizes may vary. c: defects of samples of one size."""

    P = "p"
    U = "u"
    C = "c"


class NoLimits(StrEnum):
    """Why a chart has no limits.

    no_points: no sample can be charted and no centre line is given. impossible_centre: a centre line below 0, of a p
    chart above 1, or not finite, as where corrections outweigh counts; no binomial or Poisson count has such a mean.
    """

    NO_POINTS = "no_points"
    IMPOSSIBLE_CENTRE = "impossible_centre"


@dataclass(frozen=True, slots=True)
class Sample:
    """What was found in one sample, in the order of the chart.

    label: of the period or lot. count: defective units (p) or defects (u, c); None where unknown. size: units looked
    at; None where unknown, not needed for c.
    """

    label: str
    count: float | None
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Control limits of one sample, for its size: 3 sigma from the centre line, lower cut at 0 and upper of p at 1.

    sigma: standard deviation of the value, 0 or more.
    """

    sigma: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A charted sample; value and limits are in one unit [ratio for p, defects a unit for u, defects for c].

    limits: None where the chart has none, or they are too large for a number.
    """

    label: str
    value: float
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class ControlChart:
    """A chart: centre line and points.

    centre: None where there are no limits. provisional: the centre line comes from fewer than `FEWEST_POINTS` points.
    left_out: labels of samples that could not be charted. reason: why there are no limits, None where there are.
    """

    kind: ChartKind
    centre: float | None
    points: tuple[ChartPoint, ...]
    provisional: bool
    left_out: tuple[str, ...] = ()
    reason: NoLimits | None = None


def control_chart(kind: ChartKind, samples: Sequence[Sample], centre: float | None = None) -> ControlChart:
    """The chart of samples in time order; values are never clipped, points beyond the limits stay in the centre line.

    centre: a centre line frozen from a baseline [as the values]; its limits are never provisional. Left out are samples
    without a finite count, without a size (p, u), or with a size that is not above 0. No samples give no points.
    Raises ValueError for a c chart of samples of different sizes: that is a u chart.

    p: p ± 3 sqrt(p (1 - p) / n); u: u ± 3 sqrt(u / n); c: c ± 3 sqrt(c).

    >>> chart = control_chart(ChartKind.P, [Sample("mon", 5, 100), Sample("tue", 15, 100), Sample("wed", 3, None)])
    >>> chart.centre, chart.left_out, chart.provisional
    (0.1, ('wed',), True)
    >>> chart.points[0].value, round(chart.points[0].limits.lower, 4), round(chart.points[0].limits.upper, 4)
    (0.05, 0.01, 0.19)
    """
    charted = [sample for sample in samples if _can_be_charted(kind, sample)]
    if kind is ChartKind.C and len({sample.size for sample in charted if sample.size is not None}) > 1:
        raise ValueError("a c chart needs samples of one size; samples of different sizes make a u chart")
    counted = [_counted(kind, sample) for sample in charted]
    line = _ratio_of_sums(counted) if centre is None else centre
    reason = _why_without_limits(kind, line)
    line = line if reason is None else None
    points = tuple(
        ChartPoint(sample.label, count / size, None if line is None else _limits(kind, line, size))
        for sample, (count, size) in zip(charted, counted, strict=True)
    )
    left_out = tuple(sample.label for sample in samples if not _can_be_charted(kind, sample))
    return ControlChart(kind, line, points, centre is None and len(points) < FEWEST_POINTS, left_out, reason)


def _can_be_charted(kind: ChartKind, sample: Sample) -> bool:
    if sample.count is None or (sample.size is None and kind is not ChartKind.C):
        return False
    if sample.size is not None and not (isfinite(sample.size) and sample.size > 0):
        return False
    count, size = _counted(kind, sample)
    return isfinite(count / size)


def _counted(kind: ChartKind, sample: Sample) -> tuple[float, float]:
    """Count and size; on a c chart the sample is the unit."""
    return sample.count or 0.0, (sample.size or 1.0) if kind is not ChartKind.C else 1.0


def _ratio_of_sums(counted: Sequence[tuple[float, float]]) -> float | None:
    if not counted:
        return None
    return sum(count for count, _ in counted) / sum(size for _, size in counted)


def _why_without_limits(kind: ChartKind, line: float | None) -> NoLimits | None:
    if line is None:
        return NoLimits.NO_POINTS
    highest = 1.0 if kind is ChartKind.P else inf
    return None if isfinite(line) and 0 <= line <= highest else NoLimits.IMPOSSIBLE_CENTRE


def _limits(kind: ChartKind, line: float, size: float) -> Limits | None:
    sigma = sqrt(line * (1 - line) / size) if kind is ChartKind.P else sqrt(line / size)
    upper = line + 3 * sigma
    if not isfinite(upper):
        return None
    return Limits(sigma, max(0.0, line - 3 * sigma), min(1.0, upper) if kind is ChartKind.P else upper)
