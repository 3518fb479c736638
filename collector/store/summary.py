"""How is the summary of a chunk packed into a blob? Rows of quarter hours, or changes of a code, with a checksum.

Layout, little-endian: header of 12 bytes (u8 format version, u8 form, u16 zero, u32 number of rows n, u32 CRC-32 of all
the other bytes), then one zstd frame: n rows of the form, byte-shuffled (all first bytes of the rows, then all second
bytes, and so on).

| form | a row is | its numbers |
| --- | --- | --- |
| 1 | a quarter hour | i64 start us; f64 first, last, minimum, maximum, sum; u32 count, uncertain, bad, last status |
| 2 | a change of a code | i64 start us; f64 code |
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import zstandard
from numpy.typing import NDArray

from collector.store.aggregates import QUARTER_US, Aggregates, columns, of_readings, widened
from collector.store.chunk import ChunkError, checked, compressed, with_checksum
from collector.store.code_changes import Changes, changes_of, gathered, joined_changes
from plant.reading import Readings
from plant.tag import Kind

VERSION = 1
_HEADER = struct.Struct("<BBHI")
_AGGREGATES, _CHANGES = 1, 2
_ROW = {_AGGREGATES: np.dtype("<i8,<f8,<f8,<f8,<f8,<f8,<u4,<u4,<u4,<u4"), _CHANGES: np.dtype("<i8,<f8")}


def summary(readings: Readings, kind: Kind) -> bytes:
    """The blob that sums up the readings of a chunk, ascending: quarter hours of a number, changes of another."""
    if kind in (Kind.STATE, Kind.TEXT):
        changes = gathered(changes_of(readings))
        return _packed(_CHANGES, [changes.start_us, changes.code])
    return _packed(_AGGREGATES, columns(widened(of_readings(readings), QUARTER_US)))


def is_of_changes(blob: bytes) -> bool:
    """Whether a summary holds changes of a code rather than quarter hours of a number."""
    return blob[1:2] == bytes([_CHANGES])


def is_sound(blob: bytes) -> bool:
    """Whether a summary is byte for byte what was once written."""
    try:
        checked(blob, _HEADER.size)
    except ChunkError:
        return False
    return True


def aggregates_of(blobs: Sequence[bytes]) -> Aggregates:
    """The quarter hours of summaries in time order. Raises ChunkError, also for a summary that holds changes."""
    rows = _rows(blobs, _AGGREGATES)
    found: list[NDArray[Any]] = [rows[name] for name in rows.dtype.names or ()]
    found[6:9] = [column.astype(np.int64) for column in found[6:9]]  # counts that may be added up
    return Aggregates(*found)


def changes_in(blobs: Sequence[bytes]) -> Changes:
    """The changes of summaries in time order. Raises ChunkError, also for a summary that holds quarter hours."""
    rows = _rows(blobs, _CHANGES)
    return joined_changes([Changes(rows["f0"], rows["f1"])])


def _packed(form: int, values: Sequence[NDArray[np.generic]]) -> bytes:
    rows = np.empty(len(values[0]), dtype=_ROW[form])
    for name, column in zip(rows.dtype.names or (), values, strict=True):
        rows[name] = column
    shuffled = rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize).T.tobytes()
    frame = compressed(shuffled, 3)
    return with_checksum(_HEADER.pack(VERSION, form, 0, len(rows)), frame)


def _rows(blobs: Sequence[bytes], form: int) -> NDArray[np.void]:
    """The rows of all blobs; a year has hundreds of them, so that little is done for each."""
    width = _ROW[form].itemsize
    unpacker = zstandard.ZstdDecompressor()
    parts = [np.empty((0, width), dtype=np.uint8)]
    for blob in blobs:
        header, frame = checked(blob, _HEADER.size)
        version, found, _, n = _HEADER.unpack(header)
        if version != VERSION:
            raise ChunkError(f"summary: format version {version}, not {VERSION}")
        if found != form:
            raise ChunkError(f"summary: form {found}, not {form}")
        data = unpacker.decompress(frame)
        if len(data) != n * width:
            raise ChunkError("summary: length does not match")
        parts.append(np.frombuffer(data, dtype=np.uint8).reshape(width, n).T)
    return np.concatenate(parts).reshape(-1).view(_ROW[form])
