"""How long must somebody wait who guesses passwords? After five failures ever longer, by account and by address."""

import ipaddress
import time
from collections.abc import Callable

FREE_FAILURES = 5
LONGEST_S = 300.0
FORGOTTEN_S = 3600.0
MOST_KEPT = 2000


class Throttle:
    """Failures by key, as `account kim` or `address 192.168.0.9`; those with the fewest give way to new ones."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, tuple[int, float]] = {}

    def wait_s(self, *keys: str) -> float:
        """Seconds until the next attempt is looked at; 0 for now."""
        return max(0.0, *(self._wait_s(key) for key in keys))

    def failed(self, *keys: str) -> None:
        """Note a failure of each key."""
        now_s = self._clock()
        for key in keys:
            if key not in self._failures and len(self._failures) >= MOST_KEPT:
                del self._failures[min(self._failures, key=self._failures.__getitem__)]
            self._failures[key] = (self._count(key, now_s) + 1, now_s)

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key."""
        self._failures.pop(key, None)

    def __len__(self) -> int:
        return len(self._failures)

    def _count(self, key: str, now_s: float) -> int:
        count, last_s = self._failures.get(key, (0, now_s))
        return 0 if now_s - last_s > FORGOTTEN_S else count

    def _wait_s(self, key: str) -> float:
        now_s = self._clock()
        count = self._count(key, now_s)
        if count < FREE_FAILURES:
            return 0.0
        pause_s = min(LONGEST_S, 2.0 ** min(count - FREE_FAILURES, 30))
        return self._failures[key][1] + pause_s - now_s


def address_key(address: str) -> str:
    """The key of an address; of IPv6 the network, since whoever has one has all of its addresses.

    >>> address_key("192.168.0.9"), address_key("fd00::1:2:3:4")
    ('address 192.168.0.9', 'address fd00::/64')
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return f"address {address}"
    if found.version == 6 and found.ipv4_mapped is None:
        return f"address {ipaddress.ip_network((found, 64), strict=False)}"
    return f"address {found}"
