"""In which state was each work unit, and when? As bands that need no script to be seen."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from collector.evaluation import Evaluation
from kpi.state import StateRuns
from plant.period import Period
from plant.reading import F64, I64
from plant.tag import Kind

WIDTH = 1000.0
"""Of the box that a band is drawn in."""
MOST_RUNS = 400
"""Runs that are drawn one by one; of more, what held at so many instants evenly apart."""
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one state: left edge and width in a box of `WIDTH`, and the state's name."""

    left: float
    width: float
    state: str


@dataclass(frozen=True, slots=True)
class StateBand:
    """The states of one work unit over a period; where nothing is drawn, nothing is known. hours: of each state."""

    work_unit: str
    stretches: tuple[Stretch, ...]
    hours: tuple[tuple[str, float], ...]


def state_bands(evaluation: Evaluation, period: Period, scope: str) -> tuple[StateBand, ...]:
    """The bands of the work units of a scope that have a state."""
    facts = evaluation.facts(period)
    bands = []
    for unit in facts.units(scope):
        tag = next((stored.tag for stored in facts.tags(unit) if stored.tag.kind is Kind.STATE), None)
        if tag is not None:
            bands.append(state_band(unit, facts.record(unit).state, tag.states, period))
    return tuple(bands)


def state_band(work_unit: str, runs: StateRuns, names: Mapping[int, str], period: Period) -> StateBand:
    """The band of some runs within a period. names: of the states, by number."""
    starts, ends = np.maximum(runs.start_us, period.start_us), np.minimum(runs.end_us, period.end_us)
    codes = runs.code
    hours: dict[str, float] = {}
    for code in np.unique(codes).tolist():
        name = names.get(int(code), OTHER)
        of = codes == code
        hours[name] = hours.get(name, 0.0) + float((ends[of] - starts[of]).sum()) / 3.6e9
    if len(codes) > MOST_RUNS:
        starts, ends, codes = _sampled(runs, period)
    scale = WIDTH / (period.end_us - period.start_us)
    stretches = tuple(
        Stretch(
            round((start - period.start_us) * scale, 2), round((end - start) * scale, 2), names.get(int(code), OTHER)
        )
        for start, end, code in zip(starts.tolist(), ends.tolist(), codes.tolist(), strict=True)
    )
    return StateBand(work_unit, stretches, tuple(sorted(hours.items(), key=lambda item: -item[1])))


def _sampled(runs: StateRuns, period: Period) -> tuple[I64, I64, F64]:
    """What held at evenly spaced instants, equal neighbours as one."""
    edges = np.linspace(period.start_us, period.end_us, MOST_RUNS + 1).astype(np.int64)
    middles = (edges[:-1] + edges[1:]) // 2
    which = np.searchsorted(runs.start_us, middles, side="right") - 1
    known = (which >= 0) & (runs.end_us[which] > middles)
    codes = np.where(known, runs.code[which], np.nan)
    first = np.flatnonzero(np.append(True, (codes[1:] != codes[:-1]) & ~(np.isnan(codes[1:]) & np.isnan(codes[:-1]))))
    starts, ends = edges[first], edges[np.append(first[1:], len(codes))]
    use = ~np.isnan(codes[first])
    return starts[use], ends[use], codes[first][use]
