"""Is a notification built as one before? Then its items need not be walked over.

Servers that report all their items each time send the same masks and types at the same places again and again. Where
an item ends follows from its mask and type alone as long as none is a text; so when every mask and type stands where
it stood, every item begins where it began.
"""

import numpy as np

from plant.reading import I64, U32

_MOST = 4
_STRING = 12
_LEAST_ITEMS = 8


class Layouts:
    """The last layouts, by length and first bytes of the body. A wrong one is noticed, byte by byte, never believed."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bytes], tuple[I64, U32]] = {}

    def of(self, body: bytes) -> tuple[I64, U32] | None:
        """Where each item begins, with mask and type of each (low and high byte), if this is such a body."""
        known = self._known.get(_name(body))
        if known is None or body[-4:] not in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
            return None
        starts, keys = known
        return known if np.array_equal(keys_at(body, starts), keys) else None

    def remember(self, body: bytes, starts: I64, keys: U32) -> None:
        """A body was walked over; one with texts or few items is not worth it."""
        if len(keys) < _LEAST_ITEMS or ((keys & 1 != 0) & (keys >> 8 == _STRING)).any():
            return
        name = _name(body)
        self._known.pop(name, None)
        self._known[name] = starts, keys
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]


def keys_at(body: bytes, starts: I64) -> U32:
    """Mask and type (low and high byte) of the items that begin there."""
    keys = np.ndarray((len(body) - 1,), dtype="<u2", buffer=body, strides=(1,))[starts + 4]
    return keys.astype(np.uint32)


def _name(body: bytes) -> tuple[int, bytes]:
    return len(body), body[:4]
