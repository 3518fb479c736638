"""How are chunks of format version 1 read? Stores of before 0.3 have them; they are rewritten when their day changes.

Behind the header of `chunk.py` (version 1, bits of sections) is one zstd frame with each section that is present, n
numbers of 8 (status: 4) bytes each, byte-shuffled: all first bytes, then all second bytes, and so on.

| bit | section | content |
| --- | --- | --- |
| always | times | int64 UTC us: the first, then the first difference, then differences of differences |
| 0 | values, whole numbers | int64: the first, then differences; where the status is Bad the value before is repeated |
| not 0 | values, real numbers | float64; where the status is Bad anything |
| 1 | status | uint32 StatusCode; absent: all Good |
| 2 | lag | int64 ms from the reading's time to its receipt, then differences; absent: all 0 |
| 3 | source offset | int64 us from the reading's time to the source's; absent: all 0 |
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plant.reading import I64, Readings

VERSION = 1
_WHOLE, _STATUS, _LAG, _OFFSET = 1, 2, 4, 8


def unpack_sections(present: int, data: memoryview, part: Readings) -> None:
    """Fill readings with those of an unpacked frame; those without value get any. ValueError: its length is wrong."""
    n = len(part)
    widths = [8, 8, 4 * bool(present & _STATUS), 8 * bool(present & _LAG), 8 * bool(present & _OFFSET)]
    if len(data) != n * sum(widths):
        raise ValueError("length does not match")
    ends = np.cumsum([0, *widths]) * n
    times, values, status, lag_ms, offset = (data[start:end] for start, end in pairwise(ends.tolist()))
    steps = _i64(times)
    steps[1:] = np.cumsum(steps[1:])
    part.times_us[:] = np.cumsum(steps)
    part.values[:] = np.cumsum(_i64(values)) if present & _WHOLE else _unshuffled(values, 8).view("<f8")
    part.received_us[:] = part.times_us
    if present & _STATUS:
        part.status[:] = _unshuffled(status, 4).view("<u4")
    if present & _LAG:
        part.received_us[:] += np.cumsum(_i64(lag_ms)) * 1000
    if present & _OFFSET:
        part.source_offset_us[:] = _i64(offset)


def _unshuffled(data: memoryview, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8).reshape(width, -1).T.copy().ravel()  # a copy, so that it can be written


def _i64(data: memoryview) -> I64:
    return _unshuffled(data, 8).view("<i8")
