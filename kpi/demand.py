"""What was the demand of each clock quarter hour? Energy of 15-minute blocks, as supply contracts bill it.

Blocks start on the full hour of civil time; every time zone in use is offset by whole quarter hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kpi.counter import Steps, spans
from kpi.series import TagSeries
from plant.instant import US_PER_S
from plant.intervals import EMPTY, difference, length_before, union
from plant.reading import F64, I64

BLOCK_US = 900 * US_PER_S
LONGEST_SHARED_US = 1200 * US_PER_S
LEAST_COVERED = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Quarter hours as columns: start [us], energy [kWh], whether it is estimated, and the known share (0 to 1)."""

    start_us: I64
    kwh: F64
    estimated: NDArray[np.bool_]
    covered: F64


def blocks(series: TagSeries, steps: Steps, start_us: int, end_us: int) -> Blocks:
    """The blocks that start in [start_us, end_us).

    A step of at most 20 min is shared by time over the blocks it touches; blocks touched by a longer step or by one
    over a declared gap are estimated. Time under a step that was not accepted is not covered.
    """
    first = -(-start_us // BLOCK_US) * BLOCK_US
    edges = np.arange(first, -(-end_us // BLOCK_US) * BLOCK_US + 1, BLOCK_US, dtype=np.int64)
    if len(edges) < 2:
        none = np.empty(0, dtype=np.int64)
        return Blocks(none, np.empty(0), np.empty(0, dtype=bool), np.empty(0))
    kwh = np.zeros(len(edges) - 1)
    if len(steps.at_us):
        times = np.append(steps.before_us[:1], steps.at_us)
        kwh = np.diff(np.interp(edges, times, np.append(0.0, np.cumsum(steps.amount))))
    refused = union(spans(steps, ~steps.accepted), EMPTY)
    known = difference(series.known(int(edges[0]), int(edges[-1])), refused)
    return Blocks(edges[:-1], kwh, _estimated(series, steps, edges), np.diff(length_before(known, edges)) / BLOCK_US)


def joined_blocks(parts: Sequence[Blocks]) -> Blocks:
    """The blocks of one meter over consecutive stretches."""
    return Blocks(
        np.concatenate([part.start_us for part in parts]),
        np.concatenate([part.kwh for part in parts]),
        np.concatenate([part.estimated for part in parts]),
        np.concatenate([part.covered for part in parts]),
    )


def together(meters: Sequence[Blocks]) -> Blocks:
    """The sum of several meters over the same blocks: estimated if one is, covered as the least covered."""
    return Blocks(
        meters[0].start_us,
        np.sum([meter.kwh for meter in meters], axis=0),
        np.any([meter.estimated for meter in meters], axis=0),
        np.min([meter.covered for meter in meters], axis=0),
    )


def may_set_peak(found: Blocks) -> NDArray[np.bool_]:
    """Which blocks are neither estimated nor less than 95 % covered."""
    return np.asarray(~found.estimated & (found.covered >= LEAST_COVERED))


def peak(found: Blocks) -> tuple[float, int] | None:
    """Largest demand [kW] of a block that may set a peak, and that block's start [us]; None if none may.

    The first of equal blocks counts. Demand is 4 times the energy of the block.
    """
    may = may_set_peak(found)
    if not may.any():
        return None
    at = int(np.argmax(np.where(may, found.kwh, -np.inf)))
    return 4.0 * float(found.kwh[at]), int(found.start_us[at])


def _estimated(series: TagSeries, steps: Steps, edges: I64) -> NDArray[np.bool_]:
    long = steps.at_us - steps.before_us > LONGEST_SHARED_US
    starts, ends = series.gaps[:, 0], series.gaps[:, 1]
    over_gap = np.searchsorted(starts, steps.at_us, "left") > np.searchsorted(ends, steps.before_us, "right")
    touched = np.zeros(len(edges), dtype=np.int64)
    which = long | over_gap
    np.add.at(touched, np.clip((steps.before_us[which] - edges[0]) // BLOCK_US, 0, len(edges) - 1), 1)
    np.add.at(touched, np.clip(-((edges[0] - steps.at_us[which]) // BLOCK_US), 0, len(edges) - 1), -1)
    return np.asarray(np.cumsum(touched)[:-1] > 0)
