"""How is a column of numbers packed? As whole numbers where it can be, in as few bytes as these need, byte-shuffled.

Layout, little-endian: u8 form, u8 width w, u8 order, u8 exponent; in form 1 i64 base; with order 1 i64 first; then m
numbers of w bytes, shuffled: all lowest bytes, then all second bytes, and so on.

| form | order | a column of n |
| --- | --- | --- |
| 1 | 0 | m = n; the numbers are unsigned, plus `base` (modulo 2^64) |
| 1 | 1 | m = n - 1; these, found in the same way, are the differences of neighbours; `first` is the first number |
| 2 | 0 | m = n; the numbers are float32 (w = 4) or float64 (w = 8) |

Whole numbers are divided by 10^exponent: decimal fractions come back as they were, to the last bit.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from plant.reading import F64, I64

HEAD = struct.Struct("<BBBB")
_I64 = struct.Struct("<q")
WHOLE, REAL = 1, 2
EXACT = 2.0**53
MOST_DECIMALS = 6
_SAMPLE = 64


def packed_whole(column: I64) -> bytes:
    """Whole numbers; as differences where these need fewer bytes a number."""
    return _whole(column, 0)


def packed_values(column: F64) -> bytes:
    """Numbers that come back to the last bit, NaN of any kind as NaN: decimal fractions as whole numbers."""
    decimals = _decimals(column)
    if decimals is not None:
        return _whole(_scaled(column, decimals), decimals)
    with np.errstate(over="ignore", invalid="ignore"):
        short = column.astype("<f4")
        same = np.array_equal(_bits(short.astype(np.float64)), _bits(column))
    return _real(short if same else column.astype("<f8"))


def unpack_whole(data: memoryview, found: I64) -> int:
    """Fill a column with the whole numbers that data begins with; how many bytes they take."""
    _, width, order, _ = HEAD.unpack_from(data)
    begin = HEAD.size + _I64.size * (1 + order)
    end = begin + width * (len(found) - order)
    found[order:] = _joined(data[begin:end], width, len(found) - order)
    found += _I64.unpack_from(data, HEAD.size)[0]
    if order:
        found[0] = _I64.unpack_from(data, HEAD.size + _I64.size)[0]
        np.cumsum(found, out=found)
    return int(end)


def unpack_values(data: memoryview, found: F64) -> int:
    """Fill a column with the numbers that data begins with; how many bytes they take."""
    form, width, _, decimals = HEAD.unpack_from(data)
    if form == WHOLE:
        whole = np.empty(len(found), dtype=np.int64)
        end = unpack_whole(data, whole)
        found[:] = whole
        if decimals:
            found /= 10.0**decimals
        return end
    end = HEAD.size + width * len(found)
    found[:] = _joined(data[HEAD.size : end], width, len(found)).view(f"<f{width}")
    return int(end)


def _whole(column: I64, decimals: int) -> bytes:
    plain, steps = _above_least(column), _above_least(np.diff(column))
    order = 1 if steps[2] < plain[2] else 0
    base, numbers, width = steps if order else plain
    first = _I64.pack(int(column[0])) if order else b""
    return HEAD.pack(WHOLE, width, order, decimals) + _I64.pack(base) + first + _shuffled(numbers, width)


def _above_least(column: I64) -> tuple[int, NDArray[np.uint64], int]:
    """The least number, how much the others are above it, and in how many bytes that fits."""
    if not len(column):
        return 0, np.empty(0, dtype=np.uint64), 0
    base = column.min()
    above = (column - base).view(np.uint64)
    return int(base), above, (int(above.max()).bit_length() + 7) // 8


def _real(column: NDArray[np.floating]) -> bytes:
    width = column.dtype.itemsize
    return HEAD.pack(REAL, width, 0, 0) + _shuffled(column, width)


def _shuffled(column: NDArray[np.generic], width: int) -> bytes:
    size = column.dtype.itemsize
    return np.ascontiguousarray(column).view(np.uint8).reshape(-1, size).T[:width].tobytes()


def _joined(data: memoryview, width: int, count: int) -> NDArray[np.unsignedinteger]:
    """Shuffled numbers, put together plane by plane: fifteen times as fast as a transposed copy."""
    kind = np.dtype("<u1" if width < 2 else "<u2" if width == 2 else "<u4" if width <= 4 else "<u8")
    planes = np.frombuffer(data, dtype=np.uint8).reshape(width, count)
    found = np.zeros(count, dtype=kind)
    for plane in planes[::-1]:
        if width > 1:
            found <<= np.array(8, dtype=kind)
        found |= plane
    return found


def _decimals(column: F64) -> int | None:
    """By which power of ten all numbers become whole, so that dividing gives back every bit."""
    step = max(1, len(column) // _SAMPLE)
    for decimals in range(MOST_DECIMALS + 1):
        if _is_exact(column[::step], decimals) and _is_exact(column, decimals):
            return decimals
    return None


def _is_exact(column: F64, decimals: int) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        if not (np.abs(column) * 10.0**decimals < EXACT).all():
            return False
    return np.array_equal(_bits(_scaled(column, decimals) / 10.0**decimals), _bits(column))


def _scaled(column: F64, decimals: int) -> I64:
    return np.rint(column * 10.0**decimals).astype(np.int64)


def _bits(column: F64) -> I64:
    return column.view(np.int64)
