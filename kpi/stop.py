"""Where did planned time go when a work unit did not produce? Its stops, and their Pareto."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plant.instant import US_PER_S
from plant.reading import I64


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Stops of a work unit as columns, by start.

    start_us, end_us: first and last instant inside planned busy time. time_us: the time inside it [us], less than
    end - start where a break lies between, or a short time that is not known. reason: name of the machine state, or
    what people or alarms say.
    """

    start_us: I64
    end_us: I64
    time_us: I64
    reason: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.start_us)

    @property
    def time_s(self) -> float:
        """Time of all of them inside planned busy time [s]; 0 for none."""
        return int(self.time_us.sum()) / US_PER_S


@dataclass(frozen=True, slots=True)
class StopShare:
    """All stops of one reason: their time [s], their number, and the share (0 to 1) of it and of all before it."""

    reason: str
    time_s: float
    count: int
    cumulated_share: float


def stop_pareto(stops: Stops) -> list[StopShare]:
    """Stops by reason, the longest time first (equal times by name); empty for no stops.

    >>> us = np.array([0, 60, 90], dtype=np.int64) * US_PER_S
    >>> stops = Stops(us, us + 60, np.array([60, 10, 30]) * US_PER_S, np.array(["Setup", "OutOfService", "Setup"]))
    >>> [(row.reason, row.time_s, row.count, row.cumulated_share) for row in stop_pareto(stops)]
    [('Setup', 90.0, 2, 0.9), ('OutOfService', 10.0, 1, 1.0)]
    """
    reasons, which = np.unique(stops.reason, return_inverse=True)
    times = np.zeros(len(reasons), dtype=np.int64)
    np.add.at(times, which, stops.time_us)
    counts = np.bincount(which, minlength=len(reasons))
    order = np.lexsort((reasons, -times))
    whole = int(times.sum())
    shares, reached = [], 0
    for at in order.tolist():
        reached += int(times[at])
        share = reached / whole if whole else 1.0
        shares.append(StopShare(str(reasons[at]), int(times[at]) / US_PER_S, int(counts[at]), share))
    return shares
