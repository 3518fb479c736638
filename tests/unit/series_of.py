"""Series of one tag as tests write them down, (second, value) or (second, value, status), and what they count."""

from dataclasses import dataclass

import numpy as np

from kpi.counter import Steps
from kpi.counter_record import counter_record
from kpi.element import Element
from kpi.series import TagSeries
from plant.intervals import Intervals, intervals
from plant.reading import Readings
from plant.status_code import GOOD
from plant.tag import CounterRules, Restarts, Role, Tag

S = 1_000_000
NAN = float("nan")
Row = tuple[float, float] | tuple[float, float, int]


def series_of(
    rows: list[Row],
    rules: CounterRules | None = None,
    *,
    role: Role = Role.GOOD_COUNT,
    known: tuple[float, float] | str | None = "readings",
    gaps: list[tuple[float, float]] | None = None,
    max_hold_s: float | None = None,
    use_uncertain: bool = False,
    source_offset_us: int = 0,
) -> TagSeries:
    """A series; unless said otherwise it is known from its first reading to its last."""
    full = [(*row, GOOD) if len(row) == 2 else row for row in rows]
    times = np.array([round(row[0] * S) for row in full], dtype=np.int64)
    readings = Readings(
        times,
        np.array([row[1] for row in full], dtype=np.float64),
        np.array([row[2] for row in full], dtype=np.uint32),
        times.copy(),
        np.full(len(full), source_offset_us, dtype=np.int64),
    )
    counter = rules or CounterRules(Restarts.ANY)
    tag = Tag("t", "press1", role, "", max_hold_s=max_hold_s, use_uncertain=use_uncertain, counter=counter)
    declared = intervals([(round(start * S), round(end * S)) for start, end in gaps or ()])
    if known == "readings":
        known = (full[0][0], full[-1][0]) if full else None
    if known is None:
        return TagSeries(tag, readings, gaps=declared)
    return TagSeries(tag, readings, round(float(known[0]) * S), round(float(known[1]) * S), declared)


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
