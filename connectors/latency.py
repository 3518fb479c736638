"""How fast does a device answer? Percentiles of its last answers."""

import math
from collections import deque
from collections.abc import Sequence

MOST_LATENCIES = 256


class Latency:
    """How long a device took for its last answers [s]; as many are kept as percentiles need. total: answers ever."""

    def __init__(self) -> None:
        self.total = 0
        self._last: deque[float] = deque(maxlen=MOST_LATENCIES)

    def add(self, *seconds: float) -> None:
        """Note answers that could be believed."""
        self._last.extend(seconds)
        self.total += len(seconds)

    def as_json(self) -> dict[str, float | int | None]:
        """The last one, median and 95th percentile (nearest rank) [s], None before the first; of how many answers.

        >>> latency = Latency()
        >>> for ms in (10, 20, 30, 900):
        ...     latency.add(ms / 1000)
        >>> latency.as_json()
        {'last_s': 0.9, 'p50_s': 0.02, 'p95_s': 0.9, 'answers': 4}
        """
        ordered = sorted(self._last)
        return {
            "last_s": round(self._last[-1], 6) if ordered else None,
            "p50_s": _rank(ordered, 0.5),
            "p95_s": _rank(ordered, 0.95),
            "answers": len(ordered),
        }


def _rank(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[math.ceil(share * len(ordered)) - 1], 6) if ordered else None
