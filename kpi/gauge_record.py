"""What was the mean of a gauge over a stretch of time? Each reading weighs as long as it held.

A value holds until the next reading, and no longer than the tag's `max_hold_s`; Bad time and gaps have no weight
(OPC UA Part 13, TimeAverage with stepped values and simple bounds).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kpi.series import TagSeries
from plant.instant import US_PER_S
from plant.intervals import length_before
from plant.reading import F64, Readings


@dataclass(frozen=True, slots=True)
class GaugeRecord:
    """A gauge over [start, end): sum of value times seconds [unit s], and known seconds.

    flags: remarks on the readings that held.
    """

    integral: float
    known_s: float
    flags: frozenset[str] = frozenset()

    @property
    def mean(self) -> float | None:
        """Time-weighted mean over the known time; None where nothing is known."""
        return self.integral / self.known_s if self.known_s else None


def gauge_record(series: TagSeries, start_us: int, end_us: int) -> GaugeRecord:
    """What a gauge held over [start, end)."""
    readings, known = series.believed(), series.known(start_us, end_us)
    if len(known) == 1:
        values, held_us = _held(readings, int(known[0, 0]), int(known[0, 1]))
    else:
        values = readings.values
        held_us = np.diff(length_before(known, np.append(readings.times_us, np.int64(end_us))))
    known_s = float(held_us.sum()) / US_PER_S
    with np.errstate(all="ignore"):  # what is too large for a number is absent in the end
        integral = float((values * held_us).sum()) / US_PER_S
    return GaugeRecord(integral, known_s, series.remarks_on_held(start_us, end_us))


def _held(readings: Readings, start_us: int, end_us: int) -> tuple[F64, F64]:
    """Values that held within [start, end), all of which is known, and for how long [us]."""
    times = readings.times_us
    first = max(int(np.searchsorted(times, start_us, side="right")) - 1, 0)
    last = int(np.searchsorted(times, end_us, side="left"))
    if first >= last:
        return np.empty(0), np.empty(0)
    edges = np.append(times[first:last], end_us)
    edges[0] = max(int(edges[0]), start_us)
    return readings.values[first:last], np.diff(edges).astype(np.float64)


def joined_gauge(parts: Sequence[GaugeRecord]) -> GaugeRecord:
    """The record of consecutive stretches."""
    flags = frozenset[str]().union(*(part.flags for part in parts))
    return GaugeRecord(sum(part.integral for part in parts), sum(part.known_s for part in parts), flags)
