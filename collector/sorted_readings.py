"""How are the readings of files put in order in bounded memory? Sorted runs in a file, merged as they are read."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import IO

import numpy as np
from numpy.typing import NDArray

from collector.store.chunk_rows import DAY_S
from connectors.readings_columns import Columns
from plant.instant import US_PER_S

Rows = NDArray[np.void]

RUN_ROWS = 250_000
_BUFFERED_ROWS = 400_000
_LEAST_BUFFERED = 500
_DAY_BITS = 24
_ROW = np.dtype([("key", "i8"), ("time_us", "i8"), ("value", "f8"), ("row", "i8"), ("status", "u4"), ("file", "u4")])


@dataclass(frozen=True, slots=True, eq=False)
class TagDay:
    """What a file says of a tag and UTC day, by time, in the file's order where times are the same.

    tag: place of the tag. rows: with fields time_us, value, status, and row, the number of the row in the file.
    """

    tag: int
    file: int
    rows: Rows


class SortedReadings:
    """Readings on their way through a file of their own, in which they take 40 bytes each."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._runs: list[int] = []
        self._waiting: list[Rows] = []

    def add(self, number: int, columns: Columns) -> None:
        """Take some readings of a file, the number of which must not be below those before."""
        rows = np.empty(len(columns), dtype=_ROW)
        days = columns.times_us // (DAY_S * US_PER_S)
        rows["key"] = (columns.tags << _DAY_BITS) + days
        rows["time_us"], rows["value"], rows["row"] = columns.times_us, columns.values, columns.rows
        rows["status"], rows["file"] = columns.status, number
        self._waiting.append(rows)
        if sum(map(len, self._waiting)) >= RUN_ROWS:
            self._write_run()

    def tag_days(self) -> Iterator[TagDay]:
        """All readings, by tag, day and file."""
        self._write_run()
        self._file.flush()
        at_once = max(_LEAST_BUFFERED, _BUFFERED_ROWS // max(len(self._runs), 1))
        starts = np.cumsum([0, *self._runs]).tolist()
        runs = [self._parts(start, size, at_once) for start, size in zip(starts, self._runs, strict=False)]
        for (key, file), parts in groupby(heapq.merge(*runs, key=itemgetter(0)), key=itemgetter(0)):
            rows = np.concatenate([part for _, part in parts])
            yield TagDay(key >> _DAY_BITS, file, rows[np.argsort(rows["time_us"], kind="stable")])

    def _write_run(self) -> None:
        if self._waiting:
            rows = np.concatenate(self._waiting)
            self._waiting.clear()
            in_order = rows[np.argsort(rows["key"], kind="stable")]
            self._file.write(in_order.view(np.uint8).data)  # unlike `tofile`, it says what is wrong
            self._runs.append(len(rows))

    def _parts(self, start: int, size: int, at_once: int) -> Iterator[tuple[tuple[int, int], Rows]]:
        for first in range(start, start + size, at_once):
            self._file.seek(first * _ROW.itemsize)
            rows = np.fromfile(self._file, dtype=_ROW, count=min(at_once, start + size - first))
            changes = (np.diff(rows["key"]) != 0) | (np.diff(rows["file"].astype(np.int64)) != 0)
            starts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(rows)]
            for begin, end in pairwise(starts):
                yield (int(rows["key"][begin]), int(rows["file"][begin])), rows[begin:end]
