"""How are the readings of one tag packed into a blob? Sorted columns, delta-coded, shuffled, zstd, with a checksum.

Layout, little-endian: header of 12 bytes (u8 format version, u8 sections present, u16 zero, u32 number of readings n,
u32 CRC-32 of all the other bytes), then one zstd frame. In it, one after another, each section that is present; a
section is n numbers of 8 (status: 4) bytes, byte-shuffled: all first bytes, then all second bytes, and so on.

| bit | section | content |
| --- | --- | --- |
| always | times | int64 UTC us: the first, then the first difference, then differences of differences |
| 0 | values, whole numbers | int64: the first, then differences; where the status is Bad the value before is repeated |
| not 0 | values, real numbers | float64; where the status is Bad anything |
| 1 | status | uint32 StatusCode; absent: all Good |
| 2 | lag | int64 ms from the reading's time to its receipt, then differences; absent: all 0 |
| 3 | source offset | int64 us from the reading's time to the source's; absent: all 0 |
"""

import struct
import threading
import zlib
from itertools import pairwise

import numpy as np
import zstandard
from numpy.typing import NDArray

from plant.reading import F64, I64, SEVERITY_BITS, Readings
from plant.status_code import BAD

VERSION = 1
_HEADER = struct.Struct("<BBHI")
_CRC = struct.Struct("<I")
_WHOLE, _STATUS, _LAG, _OFFSET = 1, 2, 4, 8
_EXACT = 2.0**53
_OF_THREAD = threading.local()


class ChunkError(Exception):
    """A blob is not what was once written: unknown version, wrong length or wrong checksum."""


def encode(readings: Readings) -> bytes:
    """The blob of readings of one tag, ascending by time; the time of receipt is kept to the millisecond."""
    bad = (readings.status & SEVERITY_BITS & np.uint32(BAD)) != 0
    values = _without_holes(readings.values, bad)
    lag_ms = (readings.received_us - readings.times_us) // 1000
    present = 0
    sections = [_shuffled(_delta(_delta(readings.times_us), first=1))]
    if _is_whole(values):
        present |= _WHOLE
        sections.append(_shuffled(_delta(values.astype(np.int64))))
    else:
        sections.append(_shuffled(values))
    if readings.status.any():
        present |= _STATUS
        sections.append(_shuffled(readings.status))
    if lag_ms.any():
        present |= _LAG
        sections.append(_shuffled(_delta(lag_ms)))
    if readings.source_offset_us.any():
        present |= _OFFSET
        sections.append(_shuffled(readings.source_offset_us))
    frame = compressed(b"".join(sections), 3)
    return with_checksum(_HEADER.pack(VERSION, present, 0, len(readings)), frame)


def decode(blob: bytes) -> Readings:
    """The readings of a blob. Raises ChunkError."""
    header, frame = checked(blob, _HEADER.size)
    version, present, _, n = _HEADER.unpack(header)
    if version != VERSION:
        raise ChunkError(f"format version {version}, not {VERSION}")
    data = memoryview(zstandard.ZstdDecompressor().decompress(frame))
    widths = [8, 8, 4 * bool(present & _STATUS), 8 * bool(present & _LAG), 8 * bool(present & _OFFSET)]
    if len(data) != n * sum(widths):
        raise ChunkError("length does not match")
    ends = np.cumsum([0, *widths]) * n
    times, values, status, lag_ms, offset = (data[start:end] for start, end in pairwise(ends.tolist()))
    times_us = np.cumsum(_undo_second(_i64(times)))
    numbers = np.cumsum(_i64(values)).astype(np.float64) if present & _WHOLE else _unshuffled(values, 8).view("<f8")
    codes = _unshuffled(status, 4).view("<u4") if present & _STATUS else np.zeros(n, dtype=np.uint32)
    numbers[(codes & SEVERITY_BITS & np.uint32(BAD)) != 0] = np.nan
    received_us = times_us + np.cumsum(_i64(lag_ms)) * 1000 if present & _LAG else times_us
    offset_us = _i64(offset) if present & _OFFSET else np.zeros(n, dtype=np.int64)
    return Readings(times_us, numbers, codes, received_us, offset_us)


def compressed(data: bytes, level: int) -> bytes:
    """A zstd frame; compressors are kept, since making one takes longer than a small frame."""
    kept: dict[int, zstandard.ZstdCompressor] = _OF_THREAD.__dict__  # type: ignore[assignment]
    if level not in kept:
        kept[level] = zstandard.ZstdCompressor(level=level)
    return kept[level].compress(data)


def with_checksum(header: bytes, frame: bytes) -> bytes:
    """A blob of a header, the checksum of everything else, and a frame."""
    return header + _CRC.pack(zlib.crc32(frame, zlib.crc32(header))) + frame


def checked(blob: bytes, header_size: int) -> tuple[bytes, bytes]:
    """Header and frame of a blob. Raises ChunkError unless it is byte for byte what was once written."""
    header, frame = blob[:header_size], blob[header_size + _CRC.size :]
    if len(blob) < header_size + _CRC.size:
        raise ChunkError("shorter than a header")
    if _CRC.unpack_from(blob, header_size)[0] != zlib.crc32(frame, zlib.crc32(header)):
        raise ChunkError("checksum does not match")
    return header, frame


def _without_holes(values: F64, bad: NDArray[np.bool_]) -> F64:
    if not bad.any():
        return values
    last_good = np.maximum.accumulate(np.where(bad, -1, np.arange(len(values))))
    return np.where(last_good < 0, 0.0, values[last_good])


def _is_whole(values: F64) -> bool:
    return bool(np.all(np.abs(values) < _EXACT) and np.all(values == np.floor(values)) and not _negative_zero(values))


def _negative_zero(values: F64) -> bool:
    return bool((np.signbit(values) & (values == 0)).any())


def _delta(column: I64, first: int = 0) -> I64:
    out = column.copy()
    out[first + 1 :] = column[first + 1 :] - column[first:-1]
    return out


def _undo_second(column: I64) -> I64:
    column[1:] = np.cumsum(column[1:])
    return column


def _shuffled(column: NDArray[np.generic]) -> bytes:
    width = column.dtype.itemsize
    return np.ascontiguousarray(column).view(np.uint8).reshape(-1, width).T.tobytes()


def _unshuffled(data: memoryview, width: int) -> NDArray[np.uint8]:
    return np.frombuffer(data, dtype=np.uint8).reshape(width, -1).T.copy().ravel()  # a copy, so that it can be written


def _i64(data: memoryview) -> I64:
    return _unshuffled(data, 8).view("<i8")
