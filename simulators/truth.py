"""What would a perfect reader have seen? One JSON line for every value that a device showed to anyone."""

import asyncio
import json
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from plant.instant import format_instant

Seen = tuple[int, str, float | str]
"""Instant [UTC us], tag, value in the unit of storage."""
Show = Callable[[Iterable[Seen]], None]
"""Takes note of what is about to be shown to a reader."""


class TruthLogError(Exception):
    """The truth log cannot be written: `file: reason`."""


class TruthLog:
    """Appends to a truth log. What is shown together is written in one go, before it is shown.

    So whatever a reader has seen stands in the log, and a kill costs at most the values just about to be shown.
    Opening and writing raise TruthLogError. broken is set once a write has failed: a plant whose log is broken has to
    end, and a protocol's library may keep the error of a write to itself.
    """

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._zone = zone
        self._path = path
        self.broken = asyncio.Event()
        self.error: TruthLogError | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            _drop_torn_line(self._file)
        except OSError as error:
            raise self._failed(error) from error

    def write(self, seen: Iterable[Seen]) -> None:
        """Append these values."""
        text = "".join(self._line(*one) for one in seen)
        data = memoryview(text.encode())
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> TruthLogError:
        self.error = TruthLogError(f"{self._path}: cannot be written: {error.strerror}")
        self.broken.set()
        return self.error

    def _line(self, time_us: int, tag: str, value: float | str) -> str:
        # Whole numbers without a fraction, as counters are read by people.
        if isinstance(value, float) and value.is_integer() and math.fabs(value) < 2**53:
            value = int(value)
        record = {"time": format_instant(time_us, self._zone), "tag": tag, "value": value}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _drop_torn_line(file: int) -> None:
    """Cut off a last line without its end, as a full disk or a kill may have left it."""
    size = os.fstat(file).st_size
    if size == 0:  # new, or a pipe, in which nothing can be looked up
        return
    tail = os.pread(file, min(size, 65536), max(size - 65536, 0))
    if tail and not tail.endswith(b"\n"):
        os.ftruncate(file, size - len(tail) + tail.rfind(b"\n") + 1)
