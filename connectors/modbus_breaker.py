"""How soon is a silent unit asked again? Rarely, where asking it keeps its neighbours on the line waiting. Pure."""

from dataclasses import dataclass

MISSES = 3
"""Fruitless polls in a row after which a unit of a shared line is only probed."""
PROBE_S = 30.0
FULL_EVERY = 4
"""Every so many attempts a silent unit is given its whole time-out; the others are shorter, to spare its neighbours."""
FIRST_S = 0.1
MOST_S = 5.0
"""A device alone on its line is asked again no later than this."""


@dataclass(slots=True)
class Breaker:
    """What is known of a unit's silence. misses: fruitless polls in a row. slowest_s: its slowest answer lately."""

    misses: int = 0
    slowest_s: float = 0.0

    def answered(self, took_s: float) -> None:
        """It answered, its slowest request after so long."""
        self.misses = 0
        self.slowest_s = max(took_s, 0.9 * self.slowest_s)

    def missed(self) -> None:
        """A poll brought no answer."""
        self.misses += 1

    def wait_s(self, spares_neighbours: bool) -> float:
        """How long to wait before the next attempt, before jitter; spares_neighbours: units that answer share the line.

        >>> breaker = Breaker(misses=3)
        >>> breaker.wait_s(True), breaker.wait_s(False)
        (30.0, 0.8)
        """
        if spares_neighbours and self.misses >= MISSES:
            return PROBE_S
        return min(MOST_S, FIRST_S * 2.0 ** min(self.misses, 10))

    def answer_timeout_s(self, full_s: float, spares_neighbours: bool) -> float:
        """The time-out of the next attempt: half of the full one for a silent unit, but ample for what it once took."""
        if not spares_neighbours or self.misses % FULL_EVERY == 0:
            return full_s
        return min(full_s, max(full_s / 2, 2 * self.slowest_s))
