"""When is the next poll due? Slots on the monotonic clock, spread over the period by the name of the device."""

import math
import zlib
from dataclasses import dataclass

_PHASES = 64
"""Devices of one period begin at one of so many instants of it: spread, and yet woken together where they are many."""
_EARLY = 1e-6
"""Part of a period by which a timer may fire early and still be in its slot."""


@dataclass(frozen=True, slots=True)
class PollSchedule:
    """Slots at phase_s + k * period_s of a monotonic clock [s]."""

    period_s: float
    phase_s: float

    @classmethod
    def of(cls, device: str, period_s: float) -> "PollSchedule":
        """The schedule of a device: the same at every start, different between devices of one period."""
        return cls(period_s, zlib.crc32(device.encode()) % _PHASES / _PHASES * period_s)

    def next_slot_s(self, now_s: float) -> float:
        """The first slot after an instant."""
        return self.phase_s + (self._slot(now_s) + 1) * self.period_s

    def passed(self, since_s: float, now_s: float) -> int:
        """How many slots lie in (since_s, now_s]: those that a poll begun at `since_s` and done at `now_s` missed.

        >>> PollSchedule(1.0, 0.0).passed(5.0, 5.9), PollSchedule(1.0, 0.0).passed(5.0, 7.2)
        (0, 2)
        """
        return self._slot(now_s) - self._slot(since_s)

    def _slot(self, instant_s: float) -> int:
        return math.floor((instant_s - self.phase_s) / self.period_s + _EARLY)
