"""What was lost when an OPC UA connection was, and what to ask of the server so that little is?

Nothing here talks to a server. OPC 10000-4 5.14.1 (subscriptions) numbers notification messages 1, 2, 3 …; a
keep-alive carries no data and the number that the *next* message will have.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

from plant.gap import Gap

KEEP_ALIVE_S = 10.0
STALL_S = 120.0
"""For how long nothing may be stored, or the collector be away, without the server giving its subscription up."""
LARGEST_QUEUE = 10_000
BUSY_S = 12.0

LAST_NUMBER = 2**32 - 1  # 1 … 2^32-1, then 1 again (OPC 10000-4 7.26)


class MessageNumbers:
    """Numbers of a subscription's notification messages: which came, which are missing.

    The last number moves only with messages that carry data: whoever takes over a keep-alive's number skips the next
    message.
    """

    def __init__(self) -> None:
        self._next = 1

    def is_repeat(self, number: int) -> bool:
        """Whether the message with data was taken before."""
        return self._ahead(number) < 0

    def missing(self, number: int) -> Sequence[int]:
        """Numbers of the messages that should have come before the message or keep-alive with this number."""
        ahead = self.skipped(number)
        if self._next + ahead - 1 <= LAST_NUMBER:
            return range(self._next, self._next + ahead)
        return [(self._next - 1 + step) % LAST_NUMBER + 1 for step in range(ahead)]

    def skipped(self, number: int) -> int:
        """How many `missing` has: a server may state any number, and that many need not fit into the memory."""
        return max(0, self._ahead(number))

    def take(self, number: int) -> None:
        """The message with data and this number was taken, or everything up to it was given up."""
        self._next = number % LAST_NUMBER + 1

    def _ahead(self, number: int) -> int:
        ahead = (number - self._next) % LAST_NUMBER
        return ahead if ahead <= LAST_NUMBER // 2 else ahead - LAST_NUMBER


class Outage:
    """The gap of a device that cannot be read: opened once, however often it is tried again, and closed once."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._gap: Gap | None = None

    def begin(self, last_known_us: int, cause: str) -> tuple[Gap, ...]:
        """The gap that opens, from the last time at which the device was known; none if one is open."""
        if self._gap is not None:
            return ()
        self._gap = Gap(self._device, None, last_known_us, None, cause)
        return (self._gap,)

    def end(self, end_us: int) -> tuple[Gap, ...]:
        """The gap that closes; none if none is open."""
        gap, self._gap = self._gap, None
        return () if gap is None else (replace(gap, end_us=max(end_us, gap.start_us)),)


class Backoff:
    """How long to wait before the next attempt to connect [s]: doubling, jittered, capped."""

    def __init__(self, first_s: float = 0.25, cap_s: float = 5.0) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._failures = 0

    def wait_s(self) -> float:
        """The wait after one more failure; jitter keeps clients of a restarted server apart."""
        wait_s = min(self._cap_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return wait_s * random.uniform(0.5, 1.0)

    @staticmethod
    def busy_s() -> float:
        """The wait for a server that has no session left: those of clients that ended without a word live on for a
        while, and every attempt costs a small one more than it has."""
        return BUSY_S * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """A connection worked."""
        self._failures = 0


def queue_size(sampling_ms: float, publishing_ms: float, outage_s: float) -> int:
    """Samples that the server is to keep for an item: two publishing intervals and the longest outage.

    >>> queue_size(sampling_ms=100, publishing_ms=500, outage_s=60)
    610
    """
    samples = math.ceil(publishing_ms / sampling_ms) * 2 + math.ceil(outage_s * 1000 / sampling_ms)
    return min(LARGEST_QUEUE, max(2, samples))


def keep_alive_count(publishing_ms: float) -> int:
    """Publishing intervals without data after which a keep-alive is to come: at most every 10 s."""
    return max(1, math.floor(KEEP_ALIVE_S * 1000 / publishing_ms))


def lifetime_count(publishing_ms: float, outage_s: float) -> int:
    """Publishing intervals without a publish request that a subscription is to live through.

    At least three keep-alives (OPC 10000-4 5.14.2.2), and the longest outage or stall of the store.
    """
    outage = math.ceil((max(outage_s, STALL_S) + 3 * KEEP_ALIVE_S) * 1000 / publishing_ms)
    return max(3 * keep_alive_count(publishing_ms), outage)
