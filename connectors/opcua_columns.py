"""How is a notification's column of values understood as values of tags? As `TagValues.understand`, all at once."""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from connectors.opcua_notification import INTEGER, LARGE, NULL, NUMBER, TEXT, Notified
from connectors.opcua_values import ABSENT, BAD_OUT_OF_RANGE, BAD_TYPE_MISMATCH, INFO_BITS, OVERFLOW, Samples, TagValues
from plant.instant import US_PER_S
from plant.reading import F64, I64, U32
from plant.status_code import BAD, BAD_NO_DATA
from plant.tag import Kind

_INFO_TYPE = OVERFLOW & ~INFO_BITS
_1601_US = -11_644_473_600 * US_PER_S
_1602_US = _1601_US + 365 * 86_400 * US_PER_S
_9999_US = 253_370_764_800 * US_PER_S
_STATUS_OF = np.full(6, BAD_TYPE_MISMATCH, dtype=np.uint32)
_STATUS_OF[LARGE], _STATUS_OF[NULL] = BAD_OUT_OF_RANGE, BAD_NO_DATA


class TagColumns:
    """Values of all tags of a device. parted: rows of tags that are a part of what their node holds."""

    def __init__(self, values: Sequence[TagValues], parted: Collection[int]) -> None:
        self._values = values
        self._scale: F64 = np.array([each.scale for each in values])
        self._offset: F64 = np.array([each.offset for each in values])
        self._factor: F64 = np.array([each.factor for each in values])
        self._unit_offset: F64 = np.array([each.unit_offset for each in values])
        self._is_text = np.array([each.kind is Kind.TEXT for each in values], dtype=np.bool_)
        self._is_state = np.array([each.kind is Kind.STATE for each in values], dtype=np.bool_)
        self._is_part = np.zeros(len(values), dtype=np.bool_)
        self._is_part[list(parted)] = True

    def understood(self, items: Notified) -> Samples | None:
        """Samples of the items whose handle is a row; None when one must be understood from the whole value: a part
        of it, or a text of an integer that a column does not hold exactly.
        """
        if len(items.handles) and int(items.handles.max()) >= len(self._values):
            items = items.of(items.handles < len(self._values))
        rows, what = items.handles, items.what
        is_text = self._is_text[rows]
        if self._is_part[rows].any() or (is_text & (what == LARGE)).any():
            return None
        status, overflowed = _without_overflow(items.status)
        with np.errstate(over="ignore", invalid="ignore"):
            values = (items.values * self._scale[rows] + self._offset[rows]) * self._factor[rows]
            values += self._unit_offset[rows]
        is_number = (what == NUMBER) | (what == INTEGER)
        wrong = np.where(is_number, np.uint32(BAD_OUT_OF_RANGE), _STATUS_OF[what])
        is_good = is_number & np.isfinite(values)
        bad = status & np.uint32(BAD) != 0
        texts: dict[int, str] = {}
        found = Samples(
            rows=rows,
            source_us=_us(items.source),
            server_us=_us(items.server),
            values=np.where(is_good & ~bad, values, np.nan),
            status=np.where(bad | is_good, status, wrong),
            overflowed=overflowed,
            texts=texts,
        )
        named = ~bad & (is_text | self._is_state[rows] & (what == TEXT))
        for at in np.flatnonzero(named).tolist():
            self._understand(items, at, int(status[at]), found, texts)
        return found

    def _understand(self, items: Notified, at: int, status: int, found: Samples, texts: dict[int, str]) -> None:
        what = int(items.what[at])
        value: object = ()  # of no type that a text can have
        if what in (NULL, TEXT):
            value = items.texts.get(at)
        elif what == INTEGER:
            value = int(items.values[at])
        number, code, text = self._values[int(items.handles[at])].understand(value, status)
        found.values[at], found.status[at] = number, code
        if text is not None:
            texts[at] = text


def _without_overflow(status: U32) -> tuple[U32, NDArray[np.bool_]]:
    """As `sample` does for one: the overflow bit says something of the queue, not of the value."""
    overflowed = status & np.uint32(OVERFLOW) == OVERFLOW
    if not overflowed.any():
        return status, overflowed
    less = status & ~np.uint32(OVERFLOW & INFO_BITS)
    less = np.where(less & np.uint32(INFO_BITS) == 0, less & ~np.uint32(_INFO_TYPE), less)
    return np.where(overflowed, less, status), overflowed


def _us(ticks: I64) -> I64:
    """UTC us of ticks of 100 ns since 1601; ABSENT for none and for the ends of DateTime's range, which mean none."""
    us = ticks // 10 + _1601_US
    return np.where((us >= _1602_US) & (us < _9999_US), us, ABSENT)
