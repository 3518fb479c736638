"""How are the readings of one tag packed into a blob? Sorted columns, each packed, zstd, with a checksum.

Layout, little-endian: header of 12 bytes (u8 format version, u8 parts present, u16 zero, u32 number of readings n,
u32 CRC-32 of all the other bytes), then one zstd frame with the columns that are present, one after another, each
packed as `column.py` says.

| bit | part | its columns |
| --- | --- | --- |
| 0 | stamps | time [UTC us]; with bit 2: lag, ms from the reading's time to its receipt; with bit 3: source offset, us from the reading's time to the source's; one that is absent is all 0 |
| 1 | numbers | value, where the status is Bad the one before is repeated; with bit 4: status, a StatusCode; absent: all Good |

Tags that are read together have the same stamps. So a blob may have just one part: stamps alone, kept once for all
these tags, or the numbers of one tag, whose stamps are in another blob. A blob of version 1 has all (`chunk_version_1`).
"""  # noqa: E501

import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from collector.store import chunk_version_1
from collector.store.column import packed_values, packed_whole, unpack_values, unpack_whole
from plant.reading import F64, I64, SEVERITY_BITS, Readings
from plant.status_code import BAD

VERSION = 2
_HEADER = struct.Struct("<BBHI")
_CRC = struct.Struct("<I")
_STAMPS, _NUMBERS, _LAG, _OFFSET, _STATUS = 1, 2, 4, 8, 16
_OF_THREAD = threading.local()


class ChunkError(Exception):
    """A blob is not what was once written: unknown version, wrong length or wrong checksum."""


class DamagedRowError(ChunkError):
    """A row without which nothing can be written is not what was once written."""


@dataclass(frozen=True, slots=True, eq=False)
class Stamps:
    """When readings were taken, received (to the millisecond), and how far off the source's clock was [us]."""

    times_us: I64
    received_us: I64
    source_offset_us: I64

    def same_as(self, other: "Stamps") -> bool:
        """Whether both are of readings that were taken together."""
        return (
            np.array_equal(self.times_us, other.times_us)
            and np.array_equal(self.received_us // 1000, other.received_us // 1000)
            and np.array_equal(self.source_offset_us, other.source_offset_us)
        )


def stamps_of(readings: Readings) -> Stamps:
    """The stamps of readings."""
    return Stamps(readings.times_us, readings.received_us, readings.source_offset_us)


def encode(readings: Readings) -> bytes:
    """The blob of readings of one tag, ascending by time, with both parts."""
    stamps, numbers = _stamp_columns(stamps_of(readings)), _number_columns(readings)
    return _blob(stamps[0] | numbers[0], len(readings), stamps[1] + numbers[1])


def encode_stamps(stamps: Stamps) -> bytes:
    """The blob of stamps alone."""
    present, columns = _stamp_columns(stamps)
    return _blob(present, len(stamps.times_us), columns)


def encode_numbers(readings: Readings) -> bytes:
    """The blob of what readings have beside their stamps."""
    present, columns = _number_columns(readings)
    return _blob(present, len(readings), columns)


def decode(blob: bytes, stamps: bytes | None = None) -> Readings:
    """The readings of a blob; stamps: the one that has them, unless it is this. Raises ChunkError."""
    if not isinstance(blob, bytes) or len(blob) < _HEADER.size:
        raise ChunkError("shorter than a header")
    return decode_all([(blob, stamps, _HEADER.unpack_from(blob)[3])])


def decode_all(blobs: Sequence[tuple[bytes, bytes | None, int]]) -> Readings:
    """The readings of blobs, one behind another: each blob, its stamps, and how many readings it must have.

    They are put where they stay: half of what reading a month takes would be to move them. Raises ChunkError.
    """
    try:
        n = sum(count for *_, count in blobs)
        found = Readings(
            np.empty(n, dtype=np.int64),
            np.empty(n, dtype=np.float64),
            np.zeros(n, dtype=np.uint32),
            np.empty(n, dtype=np.int64),
            np.zeros(n, dtype=np.int64),
        )
    except (MemoryError, ValueError, TypeError):  # a damaged count may be anything
        raise ChunkError("length does not match") from None
    at = 0
    for blob, stamps, count in blobs:
        part = found[at : at + count]
        try:
            _decode_into(part, blob, stamps)
        except (ValueError, struct.error):
            raise ChunkError("length does not match") from None
        at += count
    return found


def _decode_into(part: Readings, blob: bytes, stamps: bytes | None) -> None:
    version, present, n, data = _unpacked(blob)
    if n != len(part):
        raise ValueError("another number of readings")
    if version == chunk_version_1.VERSION:
        chunk_version_1.unpack_sections(present, data, part)
    else:
        end = _unpack_stamps(present, data, part) if present & _STAMPS else _apart(stamps or b"", part)
        _unpack_numbers(present, data[end:], part)
    bad = (part.status & SEVERITY_BITS & np.uint32(BAD)) != 0
    part.values[bad] = np.nan


def _apart(stamps: bytes, part: Readings) -> int:
    version, present, n, data = _unpacked(stamps)
    if version != VERSION or not present & _STAMPS:
        raise ChunkError("has no stamps")
    if n != len(part):
        raise ChunkError("stamps are of another number of readings")
    _unpack_stamps(present, data, part)
    return 0


def require_sound(blob: bytes) -> None:
    """Raises ChunkError unless the blob of a chunk or of stamps is byte for byte what was once written."""
    checked(blob, _HEADER.size)


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
    if not isinstance(blob, bytes):  # a bit of SQLite's own makes a text of it
        raise ChunkError("is no blob")
    header, frame = blob[:header_size], blob[header_size + _CRC.size :]
    if len(blob) < header_size + _CRC.size:
        raise ChunkError("shorter than a header")
    if _CRC.unpack_from(blob, header_size)[0] != zlib.crc32(frame, zlib.crc32(header)):
        raise ChunkError("checksum does not match")
    return header, frame


def _unpacked(blob: bytes) -> tuple[int, int, int, memoryview]:
    """Version, what is present, number of readings, and the unpacked frame."""
    header, frame = checked(blob, _HEADER.size)
    version, present, _, n = _HEADER.unpack(header)
    if version not in (VERSION, chunk_version_1.VERSION):
        raise ChunkError(f"format version {version}, not {VERSION}")
    return version, present, n, memoryview(zstandard.ZstdDecompressor().decompress(frame))


def _blob(present: int, n: int, columns: list[bytes]) -> bytes:
    return with_checksum(_HEADER.pack(VERSION, present, 0, n), compressed(b"".join(columns), 3))


def _stamp_columns(stamps: Stamps) -> tuple[int, list[bytes]]:
    lag_ms = (stamps.received_us - stamps.times_us) // 1000
    present, columns = _STAMPS, [packed_whole(stamps.times_us)]
    for bit, column in ((_LAG, lag_ms), (_OFFSET, stamps.source_offset_us)):
        if column.any():
            present |= bit
            columns.append(packed_whole(column))
    return present, columns


def _number_columns(readings: Readings) -> tuple[int, list[bytes]]:
    bad = (readings.status & SEVERITY_BITS & np.uint32(BAD)) != 0
    present, columns = _NUMBERS, [packed_values(_without_holes(readings.values, bad))]
    if readings.status.any():
        present |= _STATUS
        columns.append(packed_whole(readings.status.astype(np.int64)))
    return present, columns


def _unpack_stamps(present: int, data: memoryview, part: Readings) -> int:
    """How many bytes they take."""
    end = unpack_whole(data, part.times_us)
    if present & _LAG:
        end += unpack_whole(data[end:], part.received_us)
        np.multiply(part.received_us, 1000, out=part.received_us)
        np.add(part.received_us, part.times_us, out=part.received_us)
    else:
        part.received_us[:] = part.times_us
    if present & _OFFSET:
        end += unpack_whole(data[end:], part.source_offset_us)
    return end


def _unpack_numbers(present: int, data: memoryview, part: Readings) -> None:
    end = unpack_values(data, part.values)
    if present & _STATUS:
        status = np.empty(len(part), dtype=np.int64)
        end += unpack_whole(data[end:], status)
        part.status[:] = status
    if len(data) != end:
        raise ValueError("more or less than there should be")


def _without_holes(values: F64, bad: NDArray[np.bool_]) -> F64:
    if not bad.any():
        return values
    last_good = np.maximum.accumulate(np.where(bad, -1, np.arange(len(values))))
    return np.where(last_good < 0, 0.0, values[last_good])
