"""What does the measured server send? Notifications with a value of each tag, prepared but for their numbers and times.

Bytes as OPC 10000-6 5.2 lays them out. Of ten tags seven are Double, two UInt32 and one is Boolean; the first never
changes, so that every reader can be asked for it.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIRST = 12.5
VERSIONS = 32
VALUE_SOURCE_SERVER = 0x0D
"""The mask of a DataValue with a value and both times; Good needs no status."""
COUNT_AT = 62
"""Where the number of items is in the body of a PublishResponse of ours."""
_HEAD = struct.Struct("<4sqIIBiBBB IiBIqi 4sBi i")
_TYPES = {"double": (11, "<f8"), "uint32": (7, "<u4"), "boolean": (1, "u1")}


def type_of(number: int) -> str:
    """Type of a tag."""
    return "double" if number % 10 < 7 else "uint32" if number % 10 < 9 else "boolean"


@dataclass(frozen=True, slots=True)
class Notification:
    """Items of one notification. times_at: where each byte of its times is."""

    items: NDArray[np.uint8]
    count: int
    times_at: NDArray[np.int64]

    def body(self, request: int, subscription: int, number: int, ticks: int) -> bytes:
        """The whole PublishResponse. ticks: 100 ns since 1601, of all its times."""
        items = self.items.copy()
        items[self.times_at] = np.frombuffer(struct.pack("<q", ticks), np.uint8)
        head = _HEAD.pack(
            *(b"\1\0\x3d\3", ticks, request, 0, 0, -1, 0, 0, 0),
            *(subscription, -1, 0, number, ticks, 1),
            *(b"\1\0\x2b\3", 1, 8 + len(items)),
            self.count,
        )
        return b"".join((head, items.tobytes(), struct.pack("<iii", -1, -1, -1)))


def prepared(handles: Sequence[int], share: float, seed: int = 6) -> list[Notification]:
    """`VERSIONS` notifications of a random share of the tags with these client handles, at least the first tag."""
    chance = np.random.default_rng(seed)
    tags = len(handles)
    level = chance.uniform(10, 90, tags)
    found = []
    for version in range(VERSIONS):
        level = level + chance.normal(0, 0.2, tags)
        chosen = np.flatnonzero(chance.random(tags) < share) if share < 1 else np.arange(tags)
        chosen = np.union1d([0], chosen)
        found.append(_notification(handles, chosen.tolist(), level, version))
    return found


def _notification(handles: Sequence[int], chosen: list[int], level: NDArray[np.float64], version: int) -> Notification:
    parts, starts, at = [], [], 0
    for tag in chosen:
        number, form = _TYPES[type_of(tag)]
        moving = (
            FIRST if tag == 0 else {"<f8": level[tag], "<u4": tag * 1000 + version, "u1": (tag + version) % 2}[form]
        )
        value = np.array(moving, form).tobytes()
        head = struct.pack("<IBB", handles[tag], VALUE_SOURCE_SERVER, number) + value
        parts.append(head + bytes(16))
        starts += [at + len(head), at + len(head) + 8]
        at += len(parts[-1])
    items = np.frombuffer(b"".join(parts), np.uint8)
    return Notification(items, len(chosen), np.array(starts)[:, None] + np.arange(8))
