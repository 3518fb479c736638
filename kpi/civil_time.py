"""What does the wall clock show at many instants at once? Civil dates and quarter hours as columns."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from plant.instant import US_PER_S, moment
from plant.reading import I64

DAY_US = 86_400 * US_PER_S
QUARTER_US = 900 * US_PER_S
_FIRST = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, eq=False)
class CivilTimes:
    """Civil dates in days since 1970-01-01, and the quarter hour of the day (0 to 95), of many instants."""

    days: I64
    quarters: I64


def civil_times(us: I64, zone: ZoneInfo) -> CivilTimes:
    """What the clock of a zone shows at each instant [us]; of none: empty columns.

    An hour that occurs twice gives its quarter hours twice, one that is skipped none.

    >>> found = civil_times(np.array([0, 15 * 3600 * US_PER_S]), ZoneInfo("Asia/Seoul"))
    >>> found.days.tolist(), found.quarters.tolist()
    ([0, 1], [36, 0])
    """
    local = us + _offsets(us, zone)
    return CivilTimes(local // DAY_US, local % DAY_US // QUARTER_US)


def civil_date(day: int) -> date:
    """The date of a number of days since 1970-01-01."""
    return _FIRST + timedelta(days=day)


def _offsets(us: I64, zone: ZoneInfo) -> I64:
    # A clock changes at most once a UTC day: where both its ends agree, so does all between.
    days, of_day = np.unique(us // DAY_US, return_inverse=True)
    begin = np.array([_offset(int(day) * DAY_US, zone) for day in days], dtype=np.int64)
    end = np.array([_offset((int(day) + 1) * DAY_US, zone) for day in days], dtype=np.int64)
    offsets = begin[of_day]
    for at in np.flatnonzero((begin != end)[of_day]):
        offsets[at] = _offset(int(us[at]), zone)
    return offsets


def _offset(us: int, zone: ZoneInfo) -> int:
    offset = moment(us, zone).utcoffset()
    assert offset is not None  # an aware time has one
    return offset // _MICROSECOND
