"""How late does the daemon's event loop run? Whatever holds it up holds up every device."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

TICK_S = 0.5
MINUTE_S = 60.0
HOUR_S = 3600.0
LATE_S = 1.0
"""Later than this is told as a trouble: polls are missed, and publish requests wait."""


@dataclass(slots=True)
class LoopLag:
    """The worst lateness of a tick every half second, by the monotonic clock [s]."""

    # at what time, how late; each later than all that follow it, so that the first of a span is its worst
    _worst: "deque[tuple[float, float]]" = field(default_factory=deque)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due_s = time.monotonic() + TICK_S
            await asyncio.sleep(TICK_S)
            now_s = time.monotonic()
            self.note(now_s, max(0.0, now_s - due_s))

    def note(self, now_s: float, late_s: float) -> None:
        """Note that a tick came so late."""
        while self._worst and self._worst[-1][1] <= late_s:
            self._worst.pop()
        self._worst.append((now_s, late_s))
        while self._worst[0][0] < now_s - HOUR_S:
            self._worst.popleft()

    def worst_s(self, now_s: float, span_s: float) -> float:
        """How late the latest tick of the span before now was; 0 without any."""
        return next((late_s for at_s, late_s in self._worst if at_s >= now_s - span_s), 0.0)
