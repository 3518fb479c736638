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
        return self.readings if self._use is None else self.readings[self._use]

    @cached_property
    def _use(self) -> Mask | None:
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
        times, use = self.readings.times_us, self._use
        end = self.known_until_us if self.known_until_us is not None else _NEVER
        holes = self.gaps
        if use is not None:
            holes = union(holes, np.stack([times[~use], _next_of(times, use, end)[~use]], axis=1))
        if self.tag.max_hold_s is not None:
            held_until = times + int(self.tag.max_hold_s * US_PER_S)
            nexts = np.append(times[1:], end)[: len(times)]
            over = nexts > held_until if use is None else (nexts > held_until) & use
            holes = union(holes, np.stack([held_until[over], nexts[over]], axis=1))
        return holes

    def remarks_on_held(self, start_us: int, end_us: int) -> frozenset[str]:
        """Flags on the readings that held within [start_us, end_us), that before it among them."""
        times = self.readings.times_us
        first = max(0, int(np.searchsorted(times, start_us, side="right")) - 1)
        return self.remarks_on(self.readings[first : int(np.searchsorted(times, end_us, side="left"))])

    def remarks_on(self, seen: Readings) -> frozenset[str]:
        """Flags on some of its readings: `clock`, and `suspect` where uncertain ones are used."""
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
