"""What did a tag read over a time, no finer than is drawn? From summaries where they do, else from readings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from sqlalchemy import Connection

from collector.store.aggregates import Aggregates, joined_aggregates, of_readings, widened
from collector.store.code_changes import Changes, changes_of, joined_changes
from collector.store.readings import days_before, series
from collector.store.recent import in_journal
from collector.store.summaries import StoredSummary, stored_summaries
from collector.store.summary import aggregates_of, changes_in, is_of_changes, is_sound
from collector.store.tags import StoredTag
from collector.trend_plan import READINGS_A_PIXEL, TrendPlan, trend_plan
from plant.instant import US_PER_S
from plant.reading import Readings, distinct, joined
from plant.tag import Kind

T = TypeVar("T", Aggregates, Changes)


@dataclass(frozen=True, slots=True)
class Window:
    """A time [start_us, end_us) that is drawn on so many pixels."""

    start_us: int
    end_us: int
    pixels: int

    @property
    def span_us(self) -> int:
        return self.end_us - self.start_us


@dataclass(frozen=True, slots=True)
class Store:
    """The readings of one tag in a store."""

    connection: Connection
    stored: StoredTag

    def plan(self, window: Window) -> TrendPlan:
        """How finely the tag is read over a window."""
        parts = self._chunks(window.start_us, window.end_us)
        count = sum(part.readings * _share(part, window) for part in parts) + len(self._fresh(window))
        return trend_plan(window.span_us, window.pixels, int(count))

    def numbers(self, window: Window, plan: TrendPlan) -> tuple[Aggregates, int]:
        """What a number read, and the width of the rows [us]; 0: each is a reading."""
        if plan.summarised:
            found = self._summed_up(window, aggregates_of, of_readings, joined_aggregates)
            return _within(widened(found, plan.width_us), window, plan.width_us), plan.width_us
        near = of_readings(self._series(window))
        if len(near) <= READINGS_A_PIXEL * window.pixels:
            return near, 0
        return widened(near, plan.width_us), plan.width_us

    def changes(self, window: Window, plan: TrendPlan) -> Changes:
        """When a state or text changed; exact, or of the right length in each quarter hour where summarised."""
        if not plan.summarised:
            return changes_of(self._series(window))
        found = self._summed_up(window, changes_in, changes_of, joined_changes)
        inside = (found.start_us >= window.start_us) & (found.start_us < window.end_us)
        return found[inside]

    def before(self, start_us: int) -> Readings:
        """The last reading before an instant; empty where there is none."""
        return next(days_before(self.connection, self.stored.id, start_us), Readings.empty())[-1:]

    def _series(self, window: Window) -> Readings:
        return series(self.connection, self.stored.id, window.start_us, window.end_us)

    def _summed_up(
        self,
        window: Window,
        from_blobs: Callable[[Sequence[bytes]], T],
        from_readings: Callable[[Readings], T],
        together: Callable[[Sequence[T]], T],
    ) -> T:
        of_codes = self.stored.tag.kind in (Kind.STATE, Kind.TEXT)
        fresh = self._fresh(window)
        blobs: list[bytes] = []
        parts: list[T] = []
        for part in self._chunks(window.start_us, window.end_us):
            start_us, end_us = part.start_s * US_PER_S, (part.start_s + part.span_s) * US_PER_S
            renewed = len(fresh.within(start_us, end_us)) > 0  # the journal may have a reading of the chunk again
            if not renewed and _is_of_use(part.payload, of_codes):
                blobs.append(part.payload)
            else:
                parts.append(from_readings(series(self.connection, self.stored.id, start_us, end_us)))
                fresh = joined([fresh.within(-(2**62), start_us), fresh.within(end_us, 2**62)])
        parts += [from_blobs(blobs), from_readings(fresh)]
        return together(parts)

    def _chunks(self, start_us: int, end_us: int) -> list[StoredSummary]:
        return stored_summaries(self.connection, self.stored.id, start_us // US_PER_S, -(-end_us // US_PER_S))

    def _fresh(self, window: Window) -> Readings:
        """Readings of the window that are still in the journal, ascending."""
        found = distinct(joined(in_journal(self.connection, self.stored.id, window.start_us, window.end_us)))
        return found.within(window.start_us, window.end_us)


def _is_of_use(summary: bytes | None, of_codes: bool) -> TypeGuard[bytes]:
    """Whether there is a summary of the right form that is not damaged; without one the readings say what it would."""
    return summary is not None and is_of_changes(summary) == of_codes and is_sound(summary)


def _within(found: Aggregates, window: Window, width_us: int) -> Aggregates:
    first_us = window.start_us // width_us * width_us
    return found[(found.start_us >= first_us) & (found.start_us < window.end_us)]


def _share(part: StoredSummary, window: Window) -> float:
    start_us, end_us = part.start_s * US_PER_S, (part.start_s + part.span_s) * US_PER_S
    return (min(end_us, window.end_us) - max(start_us, window.start_us)) / (end_us - start_us)
