"""Which instants do many texts name? The plain ISO 8601 ones all at once, since one at a time takes minutes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plant.instant import END_YEAR, US_PER_S

UNREAD = -1
"""Stands for a text that `parse_instant` has to look at: written in another way, before 1970, or no instant."""

_ZERO, _Z, _PLUS, _MINUS, _DOT, _COLON = (ord(sign) for sign in "0Z+-.:")
_DATE_AND_TIME = 19
_LONGEST = _DATE_AND_TIME + len(".123456+09:00")
_BETWEEN = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_FIRST_DAYS = np.arange("1970-01", f"{END_YEAR}-02", dtype="datetime64[M]").astype("datetime64[D]").astype(np.int64)
"""Days since 1970 of the first of each month."""


def plain_instants(texts: Sequence[str]) -> NDArray[np.int64]:
    """UTC microseconds of texts as `2026-11-22T09:30:00[.fraction]` with `Z` or `+09:00`, from 1970 on; else UNREAD.

    >>> plain_instants(["1970-01-01T09:00:01+09:00", "today"]).tolist()
    [1000000, -1]
    """
    found = np.full(len(texts), UNREAD, dtype=np.int64)
    if max(map(len, texts), default=0) > _LONGEST:  # each would take as much room as the longest
        texts = [text if len(text) <= _LONGEST else "" for text in texts]
    try:
        octets = np.array(texts, dtype=np.bytes_)
    except UnicodeEncodeError:
        octets = np.array([text if text.isascii() else "" for text in texts], dtype=np.bytes_)
    sizes = np.strings.str_len(octets)
    for size in np.unique(sizes).tolist():
        rows = np.flatnonzero(sizes == size)
        if _DATE_AND_TIME < size <= _LONGEST:
            signs = octets[rows].astype(f"S{size}").view(np.uint8).reshape(-1, size)
            utc = signs[:, -1] == _Z
            for part, tail in ((utc, 1), (~utc, 6)):
                if part.any():
                    found[rows[part]] = _instants(signs[part], size - tail)
    return found


def _instants(signs: NDArray[np.uint8], end: int) -> NDArray[np.int64]:
    """Of texts whose offset begins at a place."""
    fraction = end - _DATE_AND_TIME
    if fraction < 0 or fraction == 1 or fraction > len(".123456"):
        return np.full(len(signs), UNREAD, dtype=np.int64)
    columns = np.ascontiguousarray(signs.T)
    digits = columns - np.uint8(_ZERO)  # other signs become numbers above 9
    sound = np.ones(len(signs), dtype=np.bool_)

    def number(first: int, last: int) -> NDArray[np.int32]:
        nonlocal sound
        value = np.zeros(len(signs), dtype=np.int32)
        for at in range(first, last):
            sound &= digits[at] <= 9
            value *= 10
            value += digits[at]
        return value

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute, second = number(11, 13), number(14, 16), number(17, 19)
    sound &= (year >= 1970) & (year < END_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)
    for at, sign in _BETWEEN.items():
        sound &= columns[at] == ord(sign)
    sound &= (hour <= 23) & (minute <= 59) & (second <= 59)
    months = np.where(sound, (year - 1970) * 12 + month - 1, 0)
    sound &= day <= _FIRST_DAYS[months + 1] - _FIRST_DAYS[months]
    seconds = (_FIRST_DAYS[months] + day - 1) * 86400 + (hour * 3600 + minute * 60 + second)
    us = np.zeros(len(signs), dtype=np.int32)
    if fraction:
        us = number(_DATE_AND_TIME + 1, end) * 10 ** (len(".123456") - fraction)
        sound &= columns[_DATE_AND_TIME] == _DOT
    if signs.shape[1] - end > 1:
        offset_h, offset_min = number(end + 1, end + 3), number(end + 4, end + 6)
        west = columns[end] == _MINUS
        sound &= (west | (columns[end] == _PLUS)) & (columns[end + 3] == _COLON)
        sound &= (offset_h <= 23) & (offset_min <= 59)
        seconds -= np.where(west, -1, 1) * (offset_h * 3600 + offset_min * 60)
    found = seconds * US_PER_S + us
    return np.where(sound & (found >= 0), found, UNREAD)
