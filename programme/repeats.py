"""Is this worth a line in the log? The first of its kind is, and then one a minute, with the count of those between."""

import time
from collections.abc import Callable, Hashable

PAUSE_S = 60.0


class Repeats:
    """How often each kind was met since it was last said."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._said: dict[Hashable, tuple[float, int]] = {}

    def said(self, kind: Hashable) -> int | None:
        """How many of the kind went unsaid before this one; None when this one is to go unsaid too."""
        now_s = self._clock_s()
        last_s, unsaid = self._said.get(kind, (now_s - PAUSE_S, 0))
        if now_s - last_s < PAUSE_S:
            self._said[kind] = (last_s, unsaid + 1)
            return None
        self._said[kind] = (now_s, 0)
        return unsaid
