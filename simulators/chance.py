"""What happens by chance in a plant that is the same for all who ask? Numbers drawn from a key and an index.

Nothing here remembers anything: the same key and index give the same number in any process, in any order of asking.
Only integer and elementwise IEEE arithmetic is used, so that many instants at once give exactly what each gives alone.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from plant.reading import F64, I64

U64 = NDArray[np.uint64]


def key_of(seed: int, *names: str) -> int:
    """The key of a thing with these names in the plant of this seed."""
    digest = blake2b("\x1f".join([str(seed), *names]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def drawn(key: int, index: I64) -> U64:
    """A number of 64 bits for every index (splitmix64: Steele, Lea, Flood, OOPSLA 2014)."""
    mixed = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(key)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def share(key: int, index: I64) -> F64:
    """A number in [0, 1) for every index."""
    return np.asarray((drawn(key, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53)


def between(key: int, index: I64, low: int, high: int) -> I64:
    """A whole number from low to high, both included, for every index."""
    return np.asarray(low + (drawn(key, index) % np.uint64(high - low + 1)).astype(np.int64))


def swing(position: I64, period: int) -> F64:
    """A smooth wave from -1 to 1 over `period`, made of two parabolas; its steepest slope is 8 a period."""
    side = (position % period).astype(np.float64) * (2.0 / period) - 1.0
    return np.asarray(4.0 * side * (1.0 - np.abs(side)))
