"""How is one commit's worth of readings packed? The batch's columns as they came, lightly compressed.

Layout, little-endian: u8 format version, three bytes zero, u32 number of readings n, u32 CRC-32 of all the other
bytes; then one zstd frame with n times i64 [us], n values f64, n received i64 [us], n source offsets i64 [us], n
status u32, n tag ids u32.
"""

import struct
from dataclasses import dataclass

import numpy as np
import zstandard
from numpy.typing import NDArray

from collector.store.chunk import ChunkError, checked, compressed, with_checksum
from plant.reading import U32, Readings

VERSION = 1
_HEADER = struct.Struct("<BxxxI")
_ROW_BYTES = 8 * 4 + 4 * 2


@dataclass(frozen=True, slots=True, eq=False)
class JournalEntry:
    """Readings of any tags: row by row the id of the tag and its reading, in order of arrival."""

    tag_ids: U32
    readings: Readings

    def __len__(self) -> int:
        return len(self.tag_ids)

    def __getitem__(self, index: slice | NDArray[np.bool_] | NDArray[np.int64]) -> "JournalEntry":
        return JournalEntry(self.tag_ids[index], self.readings[index])

    def between(self, first_tag: int, last_tag: int) -> "JournalEntry":
        """The readings of the tags whose ids lie within bounds, both included."""
        return self[(self.tag_ids >= np.uint32(first_tag)) & (self.tag_ids <= np.uint32(last_tag))]

    def of(self, tag_id: int) -> Readings:
        """The readings of one tag, in order of arrival."""
        return self.readings[self.tag_ids == np.uint32(tag_id)]


def pack(entry: JournalEntry) -> bytes:
    """The blob of a journal row."""
    readings = entry.readings
    columns = [
        np.ascontiguousarray(column, dtype=kind).data
        for column, kind in (
            (readings.times_us, "<i8"),
            (readings.values, "<f8"),
            (readings.received_us, "<i8"),
            (readings.source_offset_us, "<i8"),
            (readings.status, "<u4"),
            (entry.tag_ids, "<u4"),
        )
    ]
    frame = compressed(b"".join(columns), 1)
    return with_checksum(_HEADER.pack(VERSION, len(entry)), frame)


def unpack(blob: bytes) -> JournalEntry:
    """The entry of a journal row. Raises ChunkError."""
    header, frame = checked(blob, _HEADER.size)
    version, n = _HEADER.unpack(header)
    if version != VERSION:
        raise ChunkError(f"journal row: format version {version}, not {VERSION}")
    data = zstandard.ZstdDecompressor().decompress(frame)
    if len(data) != n * _ROW_BYTES:
        raise ChunkError("journal row: length does not match")
    long = np.frombuffer(data, dtype="<i8", count=4 * n).reshape(4, n)
    values = np.frombuffer(data, dtype="<f8", count=n, offset=8 * n)
    short = np.frombuffer(data, dtype="<u4", offset=32 * n).reshape(2, n)
    return JournalEntry(short[1], Readings(long[0], values, short[0], long[2], long[3]))
