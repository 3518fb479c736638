"""Which waiting reports are sent now? Each again and again, ever less often, until the programme answers: pure."""

import random
from dataclasses import dataclass, field

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
WINDOW = 20

Key = tuple[int, int]
"""Epoch and sequence of a report."""


@dataclass(slots=True)
class SendPlan:
    """When each report was handed to the broker last, and when it may be again [s, monotonic]."""

    jitter: random.Random = field(default_factory=random.Random)
    _tries: dict[Key, int] = field(default_factory=dict)
    _next_s: dict[Key, float] = field(default_factory=dict)
    _answer_by_s: dict[Key, float] = field(default_factory=dict)

    def connected(self) -> None:
        """After a new connection everything may be sent at once: what was on its way may be lost."""
        self._next_s.clear()
        self._answer_by_s.clear()

    def due(self, waiting: list[Key], now_s: float) -> list[Key]:
        """The reports to send now, the oldest first; at most a window of them wait for an answer at once."""
        for gone in self._tries.keys() - set(waiting):
            self.settled(gone)
        unanswered = sum(by_s > now_s for by_s in self._answer_by_s.values())
        ready = [key for key in waiting if self._next_s.get(key, 0.0) <= now_s]
        return ready[: max(0, WINDOW - unanswered)]

    def sent(self, key: Key, now_s: float) -> None:
        """Note that a copy was handed to the broker."""
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        wait_s = min(FIRST_WAIT_S * 2 ** (tries - 1), LONGEST_WAIT_S) * self.jitter.uniform(0.8, 1.2)
        self._next_s[key] = now_s + wait_s
        self._answer_by_s[key] = now_s + min(wait_s, FIRST_WAIT_S)

    def settled(self, key: Key) -> None:
        """Forget a report that was answered."""
        for table in (self._tries, self._next_s, self._answer_by_s):
            table.pop(key, None)
