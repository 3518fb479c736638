"""What did a number read over stretches of time? Lowest, highest, first, last, sum and counts (OPC 10000-13).

Aggregates of aggregates are exact: a peak that a quarter hour has is in the week that the quarter hour is in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plant.reading import F64, I64, SEVERITY_BITS, U32, Readings
from plant.status_code import UNCERTAIN

QUARTER_US = 900_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Aggregates:
    """Columns of one length, a row for each stretch of time in which there was a reading, ascending.

    start_us: where the stretch begins, UTC us. minimum, maximum, first, last, total (sum): of the readings that have a
    value, Good and Uncertain ones; NaN (total 0) where there is none. count: these; uncertain: those of them whose
    severity is Uncertain; bad: readings without value. last_status: StatusCode of the last reading.
    """

    start_us: I64
    first: F64
    last: F64
    minimum: F64
    maximum: F64
    total: F64
    count: I64
    uncertain: I64
    bad: I64
    last_status: U32

    def __len__(self) -> int:
        return len(self.start_us)

    def __getitem__(self, index: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "Aggregates":
        return Aggregates(*(column[index] for column in columns(self)))

    @property
    def mean(self) -> F64:
        """Mean of the readings, whatever time lies between them; NaN where none has a value."""
        return np.asarray(np.divide(self.total, self.count, out=np.full(len(self), np.nan), where=self.count > 0))


def columns(aggregates: Aggregates) -> list[NDArray[Any]]:
    """The columns in order of their definition."""
    return [getattr(aggregates, column.name) for column in fields(Aggregates)]


def of_readings(readings: Readings) -> Aggregates:
    """Each reading as a stretch of its own, at its time."""
    bad = np.isnan(readings.values)
    uncertain = (readings.status & SEVERITY_BITS) == np.uint32(UNCERTAIN)
    values = readings.values
    return Aggregates(
        readings.times_us,
        values,
        values,
        values,
        values,
        np.where(bad, 0.0, values),
        (~bad).astype(np.int64),
        uncertain.astype(np.int64),
        bad.astype(np.int64),
        readings.status,
    )


def joined_aggregates(parts: Sequence[Aggregates]) -> Aggregates:
    """Aggregates of different times as one, ascending whatever the order of the parts; no rows of no parts."""
    if not parts:
        return of_readings(Readings.empty())
    found = Aggregates(*(np.concatenate(column) for column in zip(*map(columns, parts), strict=True)))
    times = found.start_us
    return found if (times[1:] >= times[:-1]).all() else found[np.argsort(times, kind="stable")]


def widened(parts: Aggregates, width_us: int) -> Aggregates:
    """The same in stretches that begin at multiples of a width; those without a reading are left out.

    The width must be a multiple of that of the parts.
    """
    if not len(parts):
        return parts
    begins = parts.start_us // width_us
    at = np.flatnonzero(np.append(True, begins[1:] != begins[:-1]))
    ends = np.append(at[1:], len(parts))
    valued = parts.count > 0
    rows = np.arange(len(parts))
    first = np.minimum.reduceat(np.where(valued, rows, len(parts) - 1), at)
    last = np.maximum.reduceat(np.where(valued, rows, 0), at)
    first, last = np.minimum(first, ends - 1), np.maximum(last, at)  # a stretch without value: any row of its own
    with np.errstate(over="ignore", invalid="ignore"):  # a sum that no number can hold is as good as none
        total = np.add.reduceat(parts.total, at)
    return Aggregates(
        begins[at] * width_us,
        parts.first[first],
        parts.last[last],
        np.fmin.reduceat(parts.minimum, at),
        np.fmax.reduceat(parts.maximum, at),
        total,
        np.add.reduceat(parts.count, at),
        np.add.reduceat(parts.uncertain, at),
        np.add.reduceat(parts.bad, at),
        parts.last_status[ends - 1],
    )
