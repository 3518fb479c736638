"""Which steps of a counter are more than a plain rise, and why was each taken as it was?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from kpi.counter import Mask, StepKind, Steps, allowed_increase
from kpi.demand import LONGEST_SHARED_US
from kpi.numerals import duration, numeral
from kpi.reading_evidence import ReadingShown, reading_shown
from kpi.series import TagSeries
from plant.instant import US_PER_S
from plant.reading import Readings, joined
from plant.tag import CounterRules, Restarts

_RESTARTS = {
    Restarts.ANY: "restarts: any allows at any time",
    Restarts.SHIFT: "restarts: shift allows within 60 min of a shift's start",
    Restarts.JOB: "restarts: job allows where order or product changed",
}

MOST_DECISIONS = 20
"""Decisions of one tag that are shown."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One step of a counter that somebody may ask about.

    time_us: of its later reading [us], where it counts. step: its class; over_gap: whether it goes over time that is
    not known. before, after: readings used, at most two: up to the earlier one of the step, and from the later one on.
    not_used: readings between them that are not believed. allowed: the largest increase that could be believed, None
    without a largest rate. adds: what the step counts, in the tag's unit of storage.
    """

    time_us: int
    step: str
    over_gap: bool
    before: tuple[ReadingShown, ...]
    after: tuple[ReadingShown, ...]
    not_used: int
    allowed: float | None
    adds: float
    why: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """The decisions of a stretch of time: those shown, and how many there are, shown or not.

    special: classes other than a plain rise; plain: plain rises over time that is not known, or too long for a quarter
    hour. Of either the first `MOST_DECISIONS` are at hand.
    """

    special: tuple[Decision, ...] = ()
    special_count: int = 0
    plain: tuple[Decision, ...] = ()
    plain_count: int = 0

    def shown(self) -> tuple[Decision, ...]:
        """The special ones first in choice, all in order of time."""
        chosen = self.special[:MOST_DECISIONS]
        return tuple(sorted((*chosen, *self.plain[: MOST_DECISIONS - len(chosen)]), key=lambda one: one.time_us))

    @property
    def left_out(self) -> int:
        """How many are not shown."""
        return self.special_count + self.plain_count - len(self.shown())


def decisions(
    series: TagSeries,
    steps: Steps,
    start_us: int,
    end_us: int,
    around: tuple[Readings, Readings] | None = None,
    by_quarter_hours: bool = False,
) -> Decisions:
    """The decisions about the steps whose later reading lies in (start_us, end_us].

    steps: all of the series. around: the believed reading before the series and the one after it, where there is one.
    by_quarter_hours: steps of more than 20 min are decisions too, as they estimate quarter hours.
    """
    first, last = np.searchsorted(steps.at_us, [start_us, end_us], side="right")
    inside = np.zeros(len(steps.at_us), dtype=bool)
    inside[int(first) : int(last)] = True
    special = np.flatnonzero(inside & (steps.kind != StepKind.FORWARD))
    long = steps.at_us - steps.before_us > LONGEST_SHARED_US
    wide = _over_holes(series, steps) | (long if by_quarter_hours else np.zeros_like(long))
    plain = np.flatnonzero(inside & (steps.kind == StepKind.FORWARD) & wide)
    shown = _Shown(series, steps, around or (Readings.empty(), Readings.empty()))
    return Decisions(
        tuple(shown.decision(int(row)) for row in special[:MOST_DECISIONS]),
        len(special),
        tuple(shown.decision(int(row)) for row in plain[:MOST_DECISIONS]),
        len(plain),
    )


def joined_decisions(parts: Sequence[Decisions]) -> Decisions:
    """The decisions of consecutive stretches."""
    return Decisions(
        tuple(one for part in parts for one in part.special)[:MOST_DECISIONS],
        sum(part.special_count for part in parts),
        tuple(one for part in parts for one in part.plain)[:MOST_DECISIONS],
        sum(part.plain_count for part in parts),
    )


def _over_holes(series: TagSeries, steps: Steps) -> Mask:
    holes = series.holes()
    begun = np.searchsorted(holes[:, 0], steps.at_us, side="left")
    return np.asarray(begun > np.searchsorted(holes[:, 1], steps.before_us, side="right"))


class _Shown:
    """Decisions of one series, the readings next to it at hand."""

    def __init__(self, series: TagSeries, steps: Steps, around: tuple[Readings, Readings]) -> None:
        self.rules = series.tag.counter or CounterRules(Restarts.NEVER)
        self.steps = steps
        self.over_gap = _over_holes(series, steps)
        self.used = joined([around[0], series.believed(), around[1]])
        self.offset = len(around[0])
        self.places = None if series.use is None else np.flatnonzero(series.use)

    def decision(self, row: int) -> Decision:
        at = row + self.offset  # of the earlier reading among those used
        elapsed_us = int(self.steps.at_us[row] - self.steps.before_us[row])
        kind = StepKind(int(self.steps.kind[row]))
        values = float(self.used.values[at]), float(self.used.values[at + 1])
        adds, over_gap = float(self.steps.amount[row]), bool(self.over_gap[row])
        return Decision(
            time_us=int(self.steps.at_us[row]),
            step=kind.name.lower(),
            over_gap=over_gap,
            before=tuple(reading_shown(self.used, place) for place in range(max(0, at - 1), at + 1)),
            after=tuple(reading_shown(self.used, place) for place in range(at + 1, min(len(self.used), at + 3))),
            not_used=0 if self.places is None else int(self.places[row + 1] - self.places[row]) - 1,
            allowed=_limit(self.rules, elapsed_us),
            adds=adds,
            why=why(self.rules, kind, values, adds, elapsed_us, over_gap),
        )


def why(
    rules: CounterRules, kind: StepKind, values: tuple[float, float], adds: float, elapsed_us: int, over_gap: bool
) -> str:
    """One sentence about a step from the first value to the second: what was found, and what it counts for.

    >>> why(CounterRules(Restarts.ANY, max_rate_per_h=4000.0), StepKind.JUMP, (100.0, 65636.0), 0.0, 60_000_000, False)
    'rose by 65536 in 1 min, more than the 67.6667 that max_rate allows; not counted, as of a torn read'
    """
    earlier, later = (numeral(value) for value in values)
    time = duration(elapsed_us / US_PER_S)
    fell = f"fell from {earlier} to {later}"
    match kind:
        case StepKind.FORWARD:
            return _plain(rules, adds, elapsed_us, over_gap)
        case StepKind.ROLLOVER:
            return f"{fell}: it passed its modulus {numeral(rules.modulus)}; adds {numeral(adds)}"
        case StepKind.RESET:
            return f"{fell}: a restart from 0, as {_RESTARTS[rules.restarts]}; adds {numeral(adds)}"
        case StepKind.DISORDER:
            most = numeral(rules.swap_tolerance)
            return f"{fell}, by at most swap_tolerance {most}: readings changed places; adds {numeral(adds)}"
        case StepKind.CHANGED:
            return f"went from {earlier} to {later} over a meter change that was signed off; adds {numeral(adds)}"
        case StepKind.JUMP:
            rise, limit = numeral(values[1] - values[0]), numeral(_limit(rules, elapsed_us))
            return (
                f"rose by {rise} in {time}, more than the {limit} that max_rate allows; not counted, as of a torn read"
            )
    refused = ", ".join(_refusals(rules, values, elapsed_us))
    return f"{fell}: {refused}; not counted; if the meter was changed, sign it off with smartwings correct"


def _plain(rules: CounterRules, adds: float, elapsed_us: int, over_gap: bool) -> str:
    time, limit = duration(elapsed_us / US_PER_S), _limit(rules, elapsed_us)
    believed = "" if limit is None else f", at most the {numeral(limit)} that max_rate allows"
    if over_gap:
        return f"rose by {numeral(adds)} in {time} over time that is not known{believed}; counted whole at its end"
    return f"rose by {numeral(adds)} in {time}, more than 20 min: its quarter hours are estimated and set no peak"


def _refusals(rules: CounterRules, values: tuple[float, float], elapsed_us: int) -> Iterator[str]:
    """Why a drop was nothing else."""
    earlier, later = values
    limit = _limit(rules, elapsed_us)
    if rules.modulus is None:
        yield "no rollover (it has no modulus)"
    elif earlier > rules.modulus:
        yield "no rollover (it was above its modulus)"
    elif limit is None:
        yield "no rollover (not from the last tenth of its modulus to the first)"
    else:
        rise = numeral(later + rules.modulus - earlier)
        yield f"no rollover (that would add {rise}, more than the {numeral(limit)} that max_rate allows)"
    if rules.restarts is Restarts.NEVER:
        yield "no restart (restarts: never)"
    elif later < 0:
        yield "no restart (it is below 0)"
    elif limit is not None and later > limit:
        yield f"no restart ({numeral(later)} since 0 is more than the {numeral(limit)} that max_rate allows)"
    elif limit is None and later >= earlier / 2:
        yield "no restart (not to less than half)"
    else:
        occasion = "none starts within 60 min" if rules.restarts is Restarts.SHIFT else "order and product are the same"
        yield f"no restart (restarts: {rules.restarts}, and {occasion})"
    yield f"no swapped readings (swap_tolerance {numeral(rules.swap_tolerance)})"


def _limit(rules: CounterRules, elapsed_us: int) -> float | None:
    allowed = float(allowed_increase(rules, np.array([elapsed_us]))[0])
    return allowed if isfinite(allowed) else None
