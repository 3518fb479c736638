"""What was read: readings as columns, since an object a reading costs 10 to 50 times as much."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from plant.status_code import BAD, BAD_NO_DATA

I64 = NDArray[np.int64]
F64 = NDArray[np.float64]
U32 = NDArray[np.uint32]

SEVERITY_BITS = np.uint32(0xC0000000)


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Readings of one tag as columns of one length, in the order in which they arrived or ascending by time.

    times_us: KPI time, UTC us: the source's, or the time of receipt where the source's clock is not believed.
    values: in the unit of storage, NaN exactly where the severity is Bad. status: StatusCodes. received_us: when the
    reading was received. source_offset_us: source time minus KPI time; 0 unless the clock was not believed.
    """

    times_us: I64
    values: F64
    status: U32
    received_us: I64
    source_offset_us: I64

    def __len__(self) -> int:
        return len(self.times_us)

    @classmethod
    def empty(cls) -> Self:
        none = np.empty(0, dtype=np.int64)
        return cls(none, np.empty(0), np.empty(0, dtype=np.uint32), none, none)

    def __getitem__(self, index: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "Readings":
        return Readings(
            self.times_us[index],
            self.values[index],
            self.status[index],
            self.received_us[index],
            self.source_offset_us[index],
        )

    def within(self, start_us: int, end_us: int) -> "Readings":
        """Those with start <= time < end; the readings must be ascending."""
        first, last = np.searchsorted(self.times_us, [start_us, end_us], side="left")
        return self[int(first) : int(last)]

    def after(self, start_us: int, end_us: int) -> "Readings":
        """Those with start < time <= end; the readings must be ascending."""
        first, last = np.searchsorted(self.times_us, [start_us, end_us], side="right")
        return self[int(first) : int(last)]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one poll or one notification of a device brought: readings of several tags as columns of one length.

    tags: row of each reading's tag in `names`. times_us, source_offset_us as in `Readings`; received_us is one instant
    for the whole batch. snapshot: values were read again after a loss, they are not events. texts: row to text of the
    readings of text tags; what stands in values for them is nothing until the store gives the text its id.
    """

    device: str
    names: tuple[str, ...]
    tags: U32
    times_us: I64
    values: F64
    status: U32
    received_us: int
    source_offset_us: I64
    snapshot: bool = False
    texts: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times_us)


def joined(parts: list[Readings]) -> Readings:
    """All parts behind one another, in the order given."""
    if not parts:
        return Readings.empty()
    if len(parts) == 1:
        return parts[0]
    return Readings(
        np.concatenate([part.times_us for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.status for part in parts]),
        np.concatenate([part.received_us for part in parts]),
        np.concatenate([part.source_offset_us for part in parts]),
    )


def sound(values: F64, status: U32) -> tuple[F64, U32]:
    """Values and StatusCodes with the rule kept that a value is absent exactly when the severity is Bad.

    A value that is absent or not finite under a Good or Uncertain status makes the status BadNoData; a value under a
    Bad status is dropped.
    """
    severity = status & SEVERITY_BITS
    bad = (severity & np.uint32(BAD)) != 0
    absent = ~np.isfinite(values)
    status = np.where(absent & ~bad, np.uint32(BAD_NO_DATA), status).astype(np.uint32)
    return np.where(bad | absent, np.nan, values), status


def believed(readings: Readings, use_uncertain: bool) -> NDArray[np.bool_]:
    """Mask of the readings that KPIs use: Good ones, and Uncertain ones where the tag says so."""
    severity = readings.status & SEVERITY_BITS
    good = severity == 0
    if use_uncertain:
        good |= severity == np.uint32(0x40000000)
    return np.asarray(good)


def distinct(readings: Readings) -> Readings:
    """Ascending by time, each (source time, value, status) once, other values at the same time in order of arrival.

    Permuted arrival of different times and repeats change nothing (`CONTRACT` 4, identity of a reading).
    """
    times = readings.times_us
    if len(times) < 2:
        return readings
    if not np.all(times[1:] >= times[:-1]):
        readings = readings[np.argsort(times, kind="stable")]
        times = readings.times_us
    same_time = times[1:] == times[:-1]
    if not same_time.any():
        return readings
    tied = np.flatnonzero(np.append(same_time, False) | np.append(False, same_time))
    again = _again(readings[tied])
    if not again.any():
        return readings
    keep = np.ones(len(times), dtype=bool)
    keep[tied[again]] = False
    return readings[keep]


def among(some: Readings, others: Readings) -> NDArray[np.bool_]:
    """Mask of the readings that others have too: same time, value and status, in any order."""
    near = np.flatnonzero(np.isin(some.times_us, others.times_us))
    result = np.zeros(len(some), dtype=np.bool_)
    if len(near):
        like = others[np.isin(others.times_us, some.times_us[near])]
        same = _alike(joined([like, some[near]]))
        result[near] = np.isin(same[len(like) :], same[: len(like)])
    return result


def _again(readings: Readings) -> NDArray[np.bool_]:
    """Mask of the readings that stand before as well."""
    again = np.ones(len(readings), dtype=np.bool_)
    again[np.unique(_alike(readings), return_index=True)[1]] = False
    return again


def _alike(readings: Readings) -> I64:
    """A number for each reading that is the same where time, value and status are."""
    keys = readings.status, readings.values.view(np.int64), readings.times_us
    order = np.lexsort(keys)
    differs = np.zeros(max(len(order) - 1, 0), dtype=np.bool_)
    for key in keys:
        differs |= key[order[1:]] != key[order[:-1]]
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.append(0, np.cumsum(differs))[: len(order)]
    return number
