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


def of_sections(present: int, n: int, data: memoryview) -> Readings:
    """The readings of an unpacked frame; those without value have any. Raises ValueError where its length is wrong."""
    widths = [8, 8, 4 * bool(present & _STATUS), 8 * bool(present & _LAG), 8 * bool(present & _OFFSET)]
    if len(data) != n * sum(widths):
        raise ValueError("length does not match")
    ends = np.cumsum([0, *widths]) * n
    times, values, status, lag_ms, offset = (data[start:end] for start, end in pairwise(ends.tolist()))
    times_us = _i64(times)
    times_us[1:] = np.cumsum(times_us[1:])
    times_us = np.cumsum(times_us)
    numbers = np.cumsum(_i64(values)).astype(np.float64) if present & _WHOLE else _unshuffled(values, 8).view("<f8")
    codes = _unshuffled(status, 4).view("<u4") if present & _STATUS else np.zeros(n, dtype=np.uint32)
    received_us = times_us + np.cumsum(_i64(lag_ms)) * 1000 if present & _LAG else times_us
    offset_us = _i64(offset) if present & _OFFSET else np.zeros(n, dtype=np.int64)
    return Readings(times_us, numbers, codes, received_us, offset_us)


def _unshuffled(data: memoryview, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8).reshape(width, -1).T.copy().ravel()  # a copy, so that it can be written


def _i64(data: memoryview) -> I64:
    return _unshuffled(data, 8).view("<i8")
