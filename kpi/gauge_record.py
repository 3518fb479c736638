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
from plant.reading import F64, I64


@dataclass(frozen=True, slots=True)
class GaugeRecord:
    """A gauge over [start, end): sum of value times seconds [unit s], known seconds, least and largest value held.

    flags: remarks on the readings that held.
    """

    integral: float
    known_s: float
    least: float | None = None
    largest: float | None = None
    flags: frozenset[str] = frozenset()

    @property
    def mean(self) -> float | None:
        """Time-weighted mean over the known time; None where nothing is known."""
        return self.integral / self.known_s if self.known_s else None


def gauge_record(series: TagSeries, start_us: int, end_us: int) -> GaugeRecord:
    """What a gauge held over [start, end)."""
    readings = series.believed()
    held_us = _held_us(series, readings.times_us, start_us, end_us)
    seconds = held_us / US_PER_S
    values = readings.values[held_us > 0]
    known_s = float(seconds.sum())
    if not known_s:
        return GaugeRecord(0.0, 0.0)
    flags = series.remarks_on_held(start_us, end_us)
    with np.errstate(all="ignore"):  # what is too large for a number is absent in the end
        integral = float(readings.values @ seconds)
    return GaugeRecord(integral, known_s, float(values.min()), float(values.max()), flags)


def _held_us(series: TagSeries, times: I64, start_us: int, end_us: int) -> F64:
    known = series.known(start_us, end_us)
    if len(known) == 1:
        edges = np.clip(np.append(times, known[0, 1]), known[0, 0], known[0, 1])
        return np.asarray(np.diff(edges), dtype=np.float64)
    return np.diff(length_before(known, np.append(times, np.int64(end_us))))


def joined_gauge(parts: Sequence[GaugeRecord]) -> GaugeRecord:
    """The record of consecutive stretches."""
    held = [part for part in parts if part.least is not None and part.largest is not None]
    return GaugeRecord(
        sum(part.integral for part in held),
        sum(part.known_s for part in held),
        min((part.least for part in held if part.least is not None), default=None),
        max((part.largest for part in held if part.largest is not None), default=None),
        frozenset[str]().union(*(part.flags for part in held)),
    )
