"""What do the readings of one tag amount to before any formula: which may be used, and over which time is it known?"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from plant.instant import US_PER_S
from plant.intervals import EMPTY, Intervals, clip, difference, union
from plant.reading import I64, SEVERITY_BITS, Readings, believed
from plant.tag import Tag

Mask = NDArray[np.bool_]
_UNCERTAIN = np.uint32(0x40000000)
_NEVER = -(2**62)


@dataclass(frozen=True, eq=False)
class TagSeries:
    """Readings of a tag over a time, ascending, led by the last believed reading at or before it and what followed.

    first_us, known_until_us: the time over which the tag is known at all (None: it never had a reading). gaps: the
    declared gaps of the tag and its device.
    """

    tag: Tag
    readings: Readings
    first_us: int | None = None
    known_until_us: int | None = None
    gaps: Intervals = field(default_factory=lambda: EMPTY)

    def believed(self) -> Readings:
        """The readings that KPIs use."""
        return self.readings if self.use is None else self.readings[self.use]

    @cached_property
    def use(self) -> Mask | None:
        """Which readings are believed; None: all."""
        if not self.readings.status.any():
            return None
        use = believed(self.readings, self.tag.use_uncertain)
        return None if use.all() else use

    def holes(self) -> Intervals:
        """Time within first and last reading that is not known.

        Declared gaps; the time from a reading that is not believed to the next that is; and, where the tag has
        `max_hold_s`, the time beyond it until the next reading.
        """
        return self._holes

    @cached_property
    def _holes(self) -> Intervals:
        holes = self.gaps
        if self.use is not None:
            holes = union(holes, self.not_believed())
        if self.tag.max_hold_s is not None:
            holes = union(holes, self.held_too_long())
        return holes

    def not_believed(self) -> Intervals:
        """From each reading that is not believed to the next that is, as rows that may touch and overlap."""
        if self.use is None:
            return EMPTY
        times, use = self.readings.times_us, self.use
        return np.stack([times[~use], _next_of(times, use, self._end_us)[~use]], axis=1)

    def held_too_long(self) -> Intervals:
        """The time beyond `max_hold_s` after a believed reading until the next one, as rows."""
        if self.tag.max_hold_s is None:
            return EMPTY
        times = self.readings.times_us
        held_until = times + int(self.tag.max_hold_s * US_PER_S)
        nexts = np.append(times[1:], self._end_us)[: len(times)]
        over = nexts > held_until if self.use is None else (nexts > held_until) & self.use
        return np.stack([held_until[over], nexts[over]], axis=1)

    @property
    def _end_us(self) -> int:
        return self.known_until_us if self.known_until_us is not None else _NEVER

    def remarks(self, start_us: int, end_us: int) -> frozenset[str]:
        """Flags on what was read in (start_us, end_us]: `clock`, and `suspect` where uncertain readings are used."""
        return self._remarks(self.readings.after(start_us, end_us))

    def remarks_on_held(self, start_us: int, end_us: int) -> frozenset[str]:
        """Flags on the readings that held within [start_us, end_us), that before it among them."""
        times = self.readings.times_us
        first = max(0, int(np.searchsorted(times, start_us, side="right")) - 1)
        return self._remarks(self.readings[first : int(np.searchsorted(times, end_us, side="left"))])

    def _remarks(self, seen: Readings) -> frozenset[str]:
        flags = {"clock"} if seen.source_offset_us.any() else set()
        if self.tag.use_uncertain and (seen.status & SEVERITY_BITS == _UNCERTAIN).any():
            flags.add("suspect")
        return frozenset(flags)

    def known(self, start_us: int, end_us: int) -> Intervals:
        """The time within [start_us, end_us) over which the tag is known."""
        if self.first_us is None or self.known_until_us is None:
            return EMPTY
        span = np.array([[self.first_us, self.known_until_us]], dtype=np.int64)
        return difference(clip(span, start_us, end_us), self.holes())


def _next_of(times: I64, wanted: Mask, end: int) -> I64:
    """For each reading the time of the next wanted one after it; `end` where there is none."""
    later = np.append(np.where(wanted, times, np.iinfo(np.int64).max), end)[1:]
    later[-1:] = end
    reversed_min = np.minimum.accumulate(later[::-1])[::-1]
    return np.asarray(np.where(reversed_min == np.iinfo(np.int64).max, end, reversed_min))
