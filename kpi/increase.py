"""How much did a counter count in a period, and how much of the period is known?"""

from dataclasses import dataclass

from kpi.counter import Steps
from kpi.counter_record import counter_record
from kpi.element import Element
from kpi.series import TagSeries
from plant.intervals import Intervals


@dataclass(frozen=True, slots=True)
class Increase:
    """A counter over one period.

    element: the sum, its coverage raised by gaps that accepted steps bridge; what sums and their ratios use.
    known_share: coverage without that, what peaks use.
    """

    element: Element
    known_share: float


def increase(series: TagSeries, steps: Steps, start_us: int, end_us: int, expected: Intervals) -> Increase:
    """What a counter counted in (start_us, end_us]; `expected`: the part of the period that should be known."""
    record = counter_record(series, steps, start_us, end_us)
    return Increase(record.element(start_us, end_us, expected), record.known_share(expected))
