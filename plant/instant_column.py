"""How are many instants written? Quickly where neighbours lie in one quarter hour."""

from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from plant.instant import MICROSECOND, US_PER_S, format_instant, has_seconds, moment

_QUARTER_US = 900 * US_PER_S


def format_instants(times_us: NDArray[np.int64], zone: ZoneInfo) -> list[str]:
    """As `format_instant` writes each of them."""
    cuts = np.flatnonzero(np.diff(times_us // _QUARTER_US)) + 1
    return [text for group in np.split(times_us, cuts) if len(group) for text in _of_one_quarter(group, zone)]


def _of_one_quarter(times_us: NDArray[np.int64], zone: ZoneInfo) -> list[str]:
    start_us = int(times_us[0]) // _QUARTER_US * _QUARTER_US
    first = moment(start_us, zone)
    shift = first.utcoffset()
    if shift is None or has_seconds(shift) or shift != moment(start_us + _QUARTER_US - 1, zone).utcoffset():
        return [format_instant(us, zone) for us in times_us.tolist()]
    local, offset = times_us + shift // MICROSECOND, first.isoformat()[19:]
    texts = np.datetime_as_string(local.astype("datetime64[us]"), unit="us").tolist()
    return [text.removesuffix(".000000") + offset for text in texts]
