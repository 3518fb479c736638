"""What does the body of a DataChangeNotification say, as columns and without an object a value?

The binary encoding (OPC 10000-6 5.2): a count, then items of a ClientHandle and a DataValue, whose mask says which of
its parts follow, in this order: Variant, StatusCode, SourceTimestamp, SourcePicoseconds, ServerTimestamp,
ServerPicoseconds (5.2.2.17). An item's size follows from its mask and the type of its Variant, so items are only
walked over, and all of one mask and type are then taken at once. Layouts that were walked are remembered.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from connectors.opcua_layout import Layouts, keys_at
from connectors.opcua_text import first_text
from plant.reading import F64, I64, U32

U8 = NDArray[np.uint8]

NUMBER, INTEGER, LARGE, NULL, TEXT, OTHER = range(6)
"""What a value is: a number that is no text (a fraction or Boolean), an integer, one beyond 2^53, nothing, a text, or
something that no tag understands."""

LARGEST_EXACT = 2**53

_HAS_VALUE, _RESERVED = 0x01, 0xC0
_NO_TYPE, _BOOLEAN, _STRING, _DATE_TIME = 0, 1, 12, 13
_VALUES = dict(enumerate(("u1", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "<f8"), _BOOLEAN))
_VALUES[_DATE_TIME] = "<i8"
_PARTS = (
    (0x02, "status", "<u4"),
    (0x04, "source", "<i8"),
    (0x10, "source_picoseconds", "<u2"),
    (0x08, "server", "<i8"),
    (0x20, "server_picoseconds", "<u2"),
)
_COUNT = _LENGTH = 4
_LEAST_ITEM = 5


@dataclass(frozen=True, slots=True, eq=False)
class Notified:
    """Items of a notification in their order. what: as above; values: 0 where there is no number. source, server: ticks
    of 100 ns since 1601, 0 for none. texts: by position.
    """

    handles: U32
    what: U8
    values: F64
    status: U32
    source: I64
    server: I64
    texts: dict[int, str]

    def of(self, wanted: NDArray[np.bool_]) -> "Notified":
        """Those of the mask."""
        texts = {to: self.texts[at] for to, at in enumerate(np.flatnonzero(wanted).tolist()) if at in self.texts}
        return Notified(
            self.handles[wanted],
            self.what[wanted],
            self.values[wanted],
            self.status[wanted],
            self.source[wanted],
            self.server[wanted],
            texts,
        )


def notified(body: bytes, layouts: Layouts) -> Notified | None:
    """Items of the body of a DataChangeNotification; None for what is not understood here: an array, a structure or
    another type, DiagnosticInfos, or bytes that are no such body at all.
    """
    walked = layouts.of(body)
    if walked is None:
        walked = _walked(body)
        if walked is None:
            return None
        layouts.remember(body, *walked)
    return _taken(body, *walked)


def _walked(body: bytes) -> tuple[I64, U32] | None:
    """Where each item begins, and the mask and type of each (low and high byte)."""
    count = int.from_bytes(body[:_COUNT], "little", signed=True)
    end = len(body) - _LENGTH  # behind the items: the DiagnosticInfos, none of them
    if count < 0 or count * _LEAST_ITEM > end - _COUNT or body[end:] not in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
        return None
    sizes, at = _sizes(), _COUNT
    starts = []
    for _ in range(count):
        if at + _LEAST_ITEM > end:
            return None
        starts.append(at)
        size = sizes[body[at + 4] | body[at + 5] << 8]
        if size <= 0:
            if size == 0:
                return None
            text_bytes = int.from_bytes(body[at + 6 : at + 10], "little", signed=True)
            if text_bytes < -1:
                return None
            size = max(text_bytes, 0) - size
        at += size
    if at != end:
        return None
    found = np.array(starts, dtype=np.int64)
    return found, keys_at(body, found)


def _taken(body: bytes, starts: I64, keys: U32) -> Notified:
    count = len(starts)
    found = Notified(
        _items(body, np.dtype("<u4"))[starts],
        np.zeros(count, dtype=np.uint8),
        np.zeros(count),
        np.zeros(count, dtype=np.uint32),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        {},
    )
    rest = np.arange(count)
    while len(rest):
        key = int(keys[rest[0]])
        same = keys[rest] == key if key & _HAS_VALUE else (keys[rest] & 0xFF) == key & 0xFF
        _take(body, starts, rest[same], key, found)
        rest = rest[~same]
    return found


def _take(body: bytes, starts: I64, at: I64, key: int, found: Notified) -> None:
    """Take over the items at these positions, all of one mask and type."""
    mask, kind = key & 0xFF, key >> 8
    begin = starts[at]
    if mask & _HAS_VALUE and kind == _STRING:
        begin = begin + _take_texts(body, begin, at, found)
    items = _items(body, _form(mask, kind))[begin]
    for bit, name, column in (
        (0x02, "status", found.status),
        (0x04, "source", found.source),
        (0x08, "server", found.server),
    ):
        if mask & bit:
            column[at] = items[name]
    if not mask & _HAS_VALUE or kind == _NO_TYPE:
        found.what[at] = NULL
    elif kind == _DATE_TIME:
        found.what[at] = OTHER
    elif kind != _STRING:
        found.what[at], found.values[at] = _number(items["value"], kind)


def _take_texts(body: bytes, begin: I64, at: I64, found: Notified) -> I64:
    """Take over texts; how many bytes each takes more than none would."""
    more = []
    for start, position in zip(begin.tolist(), at.tolist(), strict=True):
        length = int.from_bytes(body[start + 6 : start + 10], "little", signed=True)
        found.what[position] = NULL if length < 0 else TEXT
        if length >= 0:
            found.texts[position] = first_text(body, start + 10, length)
        more.append(max(length, 0))
    return np.array(more, dtype=np.int64)


def _number(raw: NDArray[Any], kind: int) -> tuple[Any, Any]:
    if kind == _BOOLEAN:
        return NUMBER, raw != 0
    if raw.dtype.kind == "f":
        return NUMBER, raw
    if raw.dtype.itemsize < 8:
        return INTEGER, raw
    large = (raw > LARGEST_EXACT) | (raw < -LARGEST_EXACT) if raw.dtype.kind == "i" else raw > LARGEST_EXACT
    return np.where(large, LARGE, INTEGER), raw


def _items(body: bytes, form: np.dtype[Any]) -> NDArray[Any]:
    """A view of the body in which an item begins at every byte."""
    return np.ndarray((max(0, len(body) - form.itemsize + 1),), dtype=form, buffer=body, strides=(1,))


@cache
def _form(mask: int, kind: int) -> np.dtype[Any]:
    fields = [("handle", "<u4"), ("mask", "u1")]
    if mask & _HAS_VALUE:
        fields.append(("type", "u1"))
        if kind == _STRING:
            fields.append(("length", "<i4"))
        elif kind != _NO_TYPE:
            fields.append(("value", _VALUES[kind]))
    return np.dtype(fields + [(name, form) for bit, name, form in _PARTS if mask & bit])


@cache
def _sizes() -> list[int]:
    """Size of an item by mask and type: 0 not understood here; below 0 that of one with an empty text."""
    sizes = [0] * 2**16
    for key in range(2**16):
        mask, kind = key & 0xFF, key >> 8
        if mask & _RESERVED:
            continue
        if not mask & _HAS_VALUE or kind == _NO_TYPE or kind in _VALUES:
            sizes[key] = _form(mask, kind).itemsize
        elif kind == _STRING:
            sizes[key] = -_form(mask, kind).itemsize
    return sizes
