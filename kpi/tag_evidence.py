"""Which readings of a tag stand behind a value, when was the tag not known, and what was decided about its steps?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kpi.counter_decision import Decision
from kpi.reading_evidence import ReadingShown, reading_shown
from kpi.series import TagSeries
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.intervals import EMPTY, Intervals, length_before, overlapping, union
from plant.reading import SEVERITY_BITS, Readings
from plant.status_code import BAD
from plant.tag import CounterRules, Kind

MOST_UNKNOWN = 20
"""Times without knowledge of one tag that are shown."""
_FOREVER_US = 2**62


class NotKnown(StrEnum):
    """Why a tag is not known over some time.

    gap: declared, with its cause. bad: readings that are not believed. held: no reading for longer than `max_hold_s`.
    before_first, after_last: before the tag's first reading, or after it was last known.
    """

    GAP = "gap"
    BAD = "bad"
    HELD = "held"
    BEFORE_FIRST = "before_first"
    AFTER_LAST = "after_last"


_CAUSES = {
    NotKnown.BAD: "readings that are not believed",
    NotKnown.HELD: "no reading for longer than max_hold_s",
}


@dataclass(frozen=True, slots=True)
class UnknownTime:
    """A time [us] over which a tag is not known, and why in plain words; a declared gap is whole.

    start_us, end_us: None where it has no beginning, or lasts. lost_s: the part of it in which the tag should be known.
    """

    start_us: int | None
    end_us: int | None
    kind: NotKnown
    cause: str
    lost_s: float


@dataclass(frozen=True, slots=True)
class ReadingCount:
    """The readings of a tag over a stretch: how many, of these used, bad and uncertain ones not used, and those whose
    device had a wrong clock; the first and the last one used, None without any."""

    readings: int = 0
    used: int = 0
    bad: int = 0
    uncertain: int = 0
    wrong_clock: int = 0
    first: ReadingShown | None = None
    last: ReadingShown | None = None


@dataclass(frozen=True, slots=True)
class TagEvidence:
    """One tag in a period.

    unit: of storage. before: the last reading used at or before the period's start, from which the first step goes.
    expected_s: the time in which the tag should be known; known_share: of it, what is (0 to 1); coverage: the same for
    sums, which a gap that an accepted step bridges does not lower. adds: accepted steps of a counter in the unit of
    storage, None for other kinds. rules: of a counter. unknown: the longest times without knowledge; decisions: steps
    that are more than a plain rise; *_left_out: how many more there are.
    """

    tag: str
    role: str
    work_unit: str
    device: str
    unit: str
    count: ReadingCount
    before: ReadingShown | None
    expected_s: float
    known_share: float
    coverage: float
    adds: float | None = None
    rules: CounterRules | None = None
    max_hold_s: float | None = None
    unknown: tuple[UnknownTime, ...] = ()
    unknown_left_out: int = 0
    decisions: tuple[Decision, ...] = ()
    decisions_left_out: int = 0


def reading_count(
    series: TagSeries, start_us: int, end_us: int, names: Mapping[int, str] | None = None
) -> ReadingCount:
    """The readings of a stretch: of a counter those in (start, end], where its steps count, else those in [start, end).

    names: what the numbers of states and texts stand for.
    """
    later = int(series.tag.kind is Kind.COUNTER)  # instants are whole microseconds
    first, last = np.searchsorted(series.readings.times_us, [start_us + later, end_us + later])
    part = slice(int(first), int(last))
    found = series.readings[part]
    used = found if series.use is None else found[series.use[part]]
    bad = int(np.count_nonzero((found.status & SEVERITY_BITS) & np.uint32(BAD)))
    return ReadingCount(
        readings=len(found),
        used=len(used),
        bad=bad,
        uncertain=len(found) - len(used) - bad,
        wrong_clock=int(np.count_nonzero(found.source_offset_us)),
        first=reading_shown(used, 0, names) if len(used) else None,
        last=reading_shown(used, -1, names) if len(used) else None,
    )


def joined_counts(parts: Sequence[ReadingCount]) -> ReadingCount:
    """The readings of consecutive stretches."""
    return ReadingCount(
        readings=sum(part.readings for part in parts),
        used=sum(part.used for part in parts),
        bad=sum(part.bad for part in parts),
        uncertain=sum(part.uncertain for part in parts),
        wrong_clock=sum(part.wrong_clock for part in parts),
        first=next((part.first for part in parts if part.first), None),
        last=next((part.last for part in reversed(parts) if part.last), None),
    )


def leading(readings: Readings, start_us: int, names: Mapping[int, str] | None = None) -> ReadingShown | None:
    """The last of some believed readings at or before an instant; None where there is none."""
    at = int(np.searchsorted(readings.times_us, start_us, side="right")) - 1
    return reading_shown(readings, at, names) if at >= 0 else None


def not_known(series: TagSeries, start_us: int, end_us: int) -> dict[NotKnown, Intervals]:
    """Time without believed readings that reaches into [start, end), by its kind, and not beyond the end; whole before
    the start, as far as the series goes back."""
    rows = {NotKnown.BAD: series.not_believed(), NotKnown.HELD: series.held_too_long()}
    return {kind: overlapping(_until(found, end_us), start_us, end_us) for kind, found in rows.items()}


def joined_not_known(parts: Sequence[Mapping[NotKnown, Intervals]]) -> dict[NotKnown, Intervals]:
    """That of consecutive stretches."""
    kinds = dict.fromkeys(kind for part in parts for kind in part)
    return {kind: union(np.concatenate([EMPTY, *(part[kind] for part in parts)]), EMPTY) for kind in kinds}


def unknown_times(
    spans: Mapping[NotKnown, Intervals],
    gaps: Iterable[Gap],
    life_us: tuple[int | None, int | None],
    expected: Intervals,
) -> tuple[tuple[UnknownTime, ...], int]:
    """The times in which a tag should be known and is not, by start, and how many shorter ones are left out.

    spans: of `not_known`. gaps: declared ones of the tag and its device. life_us: its first reading, and when it was
    last known; None of both: it never had a reading. expected: when it should be known.
    """
    if life_us[0] is None or life_us[1] is None:
        return (_lost(None, None, NotKnown.BEFORE_FIRST, "it never had a reading", expected),), 0
    found = [_lost(one.start_us, one.end_us, NotKnown.GAP, one.cause, expected) for one in gaps]
    found.append(_lost(None, life_us[0], NotKnown.BEFORE_FIRST, "before its first reading", expected))
    found.append(_lost(life_us[1], None, NotKnown.AFTER_LAST, "nothing was heard of it any more", expected))
    left_out = 0
    for kind, rows in spans.items():
        lost_us = length_before(expected, rows[:, 1]) - length_before(expected, rows[:, 0])
        longest = np.argsort(-lost_us, kind="stable")[:MOST_UNKNOWN]
        left_out += int(np.count_nonzero(lost_us)) - int(np.count_nonzero(lost_us[longest]))
        for at in longest.tolist():
            span = int(rows[at, 0]), int(rows[at, 1])
            found.append(UnknownTime(*span, kind, _CAUSES[kind], float(lost_us[at]) / US_PER_S))
    ranked = sorted((one for one in found if one.lost_s > 0), key=lambda one: -one.lost_s)
    shown = sorted(ranked[:MOST_UNKNOWN], key=lambda one: -_FOREVER_US if one.start_us is None else one.start_us)
    return tuple(shown), left_out + len(ranked) - len(shown)


def _until(rows: Intervals, end_us: int) -> Intervals:
    return union(np.minimum(rows, end_us), EMPTY)


def _lost(start_us: int | None, end_us: int | None, kind: NotKnown, cause: str, expected: Intervals) -> UnknownTime:
    edges = [-_FOREVER_US if start_us is None else start_us, _FOREVER_US if end_us is None else end_us]
    first, last = length_before(expected, np.array(edges, dtype=np.int64)).tolist()
    return UnknownTime(start_us, end_us, kind, cause, (last - first) / US_PER_S)
