"""Where does a control chart say that something has changed? Points beyond limits, and runs that chance seldom makes.

Rules of Western Electric (Statistical Quality Control Handbook, 1956) and the trend of Nelson (Journal of Quality
Technology, October 1984). Each point is judged by its own sigma, so that samples may differ in size.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from kpi.control_chart import ChartPoint, ControlChart

_SLACK_SIGMA, _SLACK_RATIO = 1e-9, 1e-12  # of sigma and of the centre: rounding alone puts no value beyond a line


class Rule(StrEnum):
    """What may be found. Beyond is never on the line, a side never on the centre line.

    beyond_limit: one point beyond a control limit (3 sigma, or the cut at 0 or 1). two_of_three: two of three points in
    a row beyond 2 sigma, on one side. four_of_five: four of five beyond 1 sigma, on one side. eight_on_a_side: eight in
    a row on one side of the centre line. six_rising, six_falling: six in a row, each above (below) the one before.
    """

    BEYOND_LIMIT = "beyond_limit"
    TWO_OF_THREE = "two_of_three"
    FOUR_OF_FIVE = "four_of_five"
    EIGHT_ON_A_SIDE = "eight_on_a_side"
    SIX_RISING = "six_rising"
    SIX_FALLING = "six_falling"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a point completes. at: its index in the chart; involved: indices of the points that make it."""

    rule: Rule
    at: int
    involved: tuple[int, ...]


_RUNS = ((Rule.TWO_OF_THREE, 2, 3, 2.0), (Rule.FOUR_OF_FIVE, 4, 5, 1.0), (Rule.EIGHT_ON_A_SIDE, 8, 8, 0.0))
"""Rule, points needed, points in a row looked at, sigma beyond which a point counts."""


def violations(chart: ControlChart) -> tuple[Violation, ...]:
    """Every violation, by point and then in the order of `Rule`; empty for a chart without limits.

    In a row are points next to one another on the chart: samples left out do not interrupt. A run that goes on is found
    again at each further point. Of two of three (four of five), the last point is one that counts, and involved are
    those that count.

    >>> from kpi.control_chart import ChartKind, Sample, control_chart
    >>> samples = [Sample(f"d{day}", defects, 100) for day, defects in enumerate((10, 17, 10, 17, 25))]
    >>> for found in violations(control_chart(ChartKind.P, samples, centre=0.1)):
    ...     print(found.rule.value, found.at, found.involved)
    two_of_three 3 (1, 3)
    beyond_limit 4 (4,)
    two_of_three 4 (3, 4)
    """
    centre = chart.centre
    if centre is None:
        return ()
    found = [*_runs(Rule.BEYOND_LIMIT, [_beyond_limit(point, centre) for point in chart.points], 1, 1)]
    for rule, needed, row, sigmas in _RUNS:
        for side in (1, -1):
            found += _runs(rule, [_beyond(point, centre, side * sigmas, side) for point in chart.points], needed, row)
    steps = list(pairwise(point.value for point in chart.points))
    found += _trends(Rule.SIX_RISING, [after > before for before, after in steps])
    found += _trends(Rule.SIX_FALLING, [after < before for before, after in steps])
    order = {rule: place for place, rule in enumerate(Rule)}
    return tuple(sorted(found, key=lambda violation: (violation.at, order[violation.rule])))


def _beyond_limit(point: ChartPoint, centre: float) -> bool:
    if point.limits is None:
        return False
    slack = _slack(point.limits.sigma, centre)
    return point.value > point.limits.upper + slack or point.value < point.limits.lower - slack


def _beyond(point: ChartPoint, centre: float, sigmas: float, side: int) -> bool:
    """Whether a value lies farther than so many (signed) sigmas from the centre line."""
    if point.limits is None:
        return False
    sigma = point.limits.sigma
    return side * (point.value - centre - sigmas * sigma) > _slack(sigma, centre)


def _slack(sigma: float, centre: float) -> float:
    return _SLACK_SIGMA * sigma + _SLACK_RATIO * centre


def _runs(rule: Rule, counts: Sequence[bool], needed: int, row: int) -> Iterator[Violation]:
    """Where a point that counts is at least the needed one among the last points in a row."""
    for at, here in enumerate(counts):
        involved = tuple(index for index in range(max(0, at - row + 1), at + 1) if counts[index])
        if here and len(involved) >= needed:
            yield Violation(rule, at, involved)


def _trends(rule: Rule, steps: Sequence[bool]) -> Iterator[Violation]:
    """Six points are five steps in a row; step 0 leads from point 0 to point 1."""
    for run in _runs(rule, steps, 5, 5):
        yield Violation(rule, run.at + 1, (*run.involved, run.at + 1))
