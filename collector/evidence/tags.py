"""What did a tag read in a period, when was it not known, and what was decided about its steps? From raw readings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np

from collector.scope_facts import PeriodFacts, unit_or_any
from collector.store import gaps, tags
from collector.store.tags import StoredTag
from collector.tag_window import SHARED_BY_TIME, TagWindow
from kpi.counter_decision import Decisions, decisions, joined_decisions
from kpi.reading_evidence import ReadingShown
from kpi.series import TagSeries
from kpi.tag_evidence import (
    NotKnown,
    ReadingCount,
    TagEvidence,
    joined_counts,
    joined_not_known,
    leading,
    not_known,
    reading_count,
    unknown_times,
)
from plant.gap import Gap
from plant.instant import US_PER_S
from plant.intervals import EMPTY, Intervals, intersection, length_us, union
from plant.reading import Readings
from plant.tag import PIECE_ROLES, Kind

_STRETCH_US = 8 * 86400 * US_PER_S
"""Readings are held for so long at once, whatever the period."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What a stretch of a period says of a tag."""

    count: ReadingCount
    before: ReadingShown | None
    known: Intervals
    not_known: Mapping[NotKnown, Intervals]
    adds: float
    decisions: Decisions


@dataclass
class TagsOfPeriod:
    """The evidence of tags in one period, each worked out once."""

    facts: PeriodFacts
    _found: dict[tuple[str, bool, bool], TagEvidence] = field(default_factory=dict)

    def evidence(self, stored: StoredTag, whole_period: bool = False, by_quarter_hours: bool = False) -> TagEvidence:
        """One tag. whole_period: a state should be known in all of the period, not only in planned time.
        by_quarter_hours: long steps of a meter are decisions too."""
        key = stored.tag.name, whole_period, by_quarter_hours and stored.tag.role in SHARED_BY_TIME
        if key not in self._found:
            self._found[key] = self._worked_out(stored, *key[1:])
        return self._found[key]

    def _worked_out(self, stored: StoredTag, whole_period: bool, by_quarter_hours: bool) -> TagEvidence:
        expected = self._expected(stored, whole_period)
        parts = self._stretches(stored, by_quarter_hours)
        known = union(np.concatenate([EMPTY, *(part.known for part in parts)]), EMPTY)
        expected_us = length_us(expected)
        share = length_us(intersection(known, expected)) / expected_us if expected_us else 0.0
        spans = joined_not_known([part.not_known for part in parts])
        unknown, unknown_left_out = unknown_times(
            spans, self._gaps(stored), (stored.first_us, stored.known_until_us), expected
        )
        found = joined_decisions([part.decisions for part in parts])
        count = joined_counts([part.count for part in parts])
        is_counter = stored.tag.kind is Kind.COUNTER
        return TagEvidence(
            tag=stored.tag.name,
            role=stored.tag.role.value,
            work_unit=stored.tag.work_unit,
            device=stored.device,
            unit=stored.tag.storage_unit,
            count=count,
            before=parts[0].before if parts else None,
            expected_s=expected_us / US_PER_S,
            known_share=share,
            coverage=self.facts.element(stored, expected).coverage if is_counter else share,
            adds=float(sum(part.adds for part in parts)) if is_counter and (count.readings or len(known)) else None,
            rules=stored.tag.counter,
            max_hold_s=stored.tag.max_hold_s,
            unknown=unknown,
            unknown_left_out=unknown_left_out,
            decisions=found.shown(),
            decisions_left_out=found.left_out,
        )

    def _expected(self, stored: StoredTag, whole_period: bool) -> Intervals:
        """When a tag should be known: pieces and states in planned time, everything else in all of the period."""
        expected = self.facts.elapsed
        if stored.tag.role in PIECE_ROLES:
            expected = self.facts.planned(stored.tag.work_unit)
        elif stored.tag.kind is Kind.STATE and not whole_period and self.facts.evaluation.shifts.has_shifts():
            unit = unit_or_any(stored.tag.work_unit)
            expected = self.facts.evaluation.shifts.planned(unit, self.facts.period.start_us, self.facts.end_us)
        return self.facts.while_in_file(stored, expected)

    def _gaps(self, stored: StoredTag) -> list[Gap]:
        found = gaps.overlapping(self.facts.evaluation.connection, self.facts.period.start_us, self.facts.end_us)
        return [gap for gap in found if gap.device == stored.device and gap.tag in (None, stored.tag.name)]

    def _stretches(self, stored: StoredTag, by_quarter_hours: bool) -> list[_Stretch]:
        start_us, end_us = self.facts.period.start_us, self.facts.end_us
        bounds = [*range(start_us, end_us, _STRETCH_US), end_us]
        evaluation = self.facts.evaluation
        beside = evaluation.tags_of.get(stored.tag.work_unit, [stored])
        return [
            self._stretch(stored, evaluation.records.window(beside, first_us, last_us), by_quarter_hours)
            for first_us, last_us in pairwise(bounds)
        ]

    def _stretch(self, stored: StoredTag, window: TagWindow, by_quarter_hours: bool) -> _Stretch:
        series, span = window.series(stored), (window.start_us, window.end_us)
        names = self._names(stored)
        is_counter = stored.tag.kind is Kind.COUNTER
        return _Stretch(
            count=reading_count(series, *span, names),
            before=leading(series.believed(), span[0] - (not is_counter), names),
            known=series.known(*span),
            not_known=not_known(series, *span),
            adds=float(window.steps(stored).within(*span).amount.sum()) if is_counter else 0.0,
            decisions=_decisions(stored, window, series, by_quarter_hours) if is_counter else Decisions(),
        )

    def _names(self, stored: StoredTag) -> Mapping[int, str]:
        """What the numbers of a state or text stand for."""
        if stored.tag.kind is Kind.STATE:
            return stored.tag.states
        return self._texts if stored.tag.kind is Kind.TEXT else {}

    @cached_property
    def _texts(self) -> dict[int, str]:
        return tags.texts(self.facts.evaluation.connection)


def _decisions(stored: StoredTag, window: TagWindow, series: TagSeries, by_quarter_hours: bool) -> Decisions:
    """The decisions of a window; the readings beside it are looked for only where one lies at its border."""
    steps, span = window.steps(stored), (window.start_us, window.end_us)
    found = decisions(series, steps, *span, by_quarter_hours=by_quarter_hours)
    if all(len(one.before) == len(one.after) == 2 for one in (*found.special, *found.plain)):
        return found
    times = series.believed().times_us
    earlier, later = window.leading(stored, int(times[0]) - 1), window.following(stored, int(times[-1]))
    around = _believed(series, earlier)[-1:], _believed(series, later)[:1]
    return decisions(series, steps, *span, around, by_quarter_hours)


def _believed(series: TagSeries, found: Readings) -> Readings:
    return TagSeries(series.tag, found).believed()
