"""What was known at an instant? What had been recorded before it."""

from dataclasses import dataclass
from datetime import timedelta

from plant.instant import local_instant
from plant.period import Clock


@dataclass(frozen=True, slots=True)
class AsOf:
    """A view that knows what was recorded before an instant [UTC us].

    next_date_us: where the next date begins by the calendar. What is recorded under a date alone stands at 00:00 of it,
    but belongs to the production day of that date; if that begins later, the view does not know it yet.
    """

    before_us: int
    next_date_us: int | None = None

    def knows(self, recorded_us: int) -> bool:
        """Whether something recorded at a time [UTC us] is known."""
        return recorded_us < self.before_us and recorded_us != self.next_date_us


def as_of(us: int, clock: Clock) -> AsOf:
    """The view at an instant: a record of the date D is known as soon as the production day D has begun.

    >>> from datetime import date
    >>> from zoneinfo import ZoneInfo
    >>> seoul = ZoneInfo("Asia/Seoul")
    >>> view = as_of(local_instant(date(2026, 11, 22), 8 * 60, seoul), Clock(seoul, 8 * 60))
    >>> [view.knows(local_instant(date(2026, 11, day), 0, seoul)) for day in (21, 22)]
    [True, False]
    >>> view.knows(local_instant(date(2026, 11, 22), 7 * 60, seoul))
    True
    """
    next_date = clock.day_of(us - 1) + timedelta(days=1)
    return AsOf(us, local_instant(next_date, 0, clock.zone))


def live(us: int) -> AsOf:
    """The view of now, which knows everything recorded until now.

    >>> [live(1000).knows(us) for us in (1000, 1001)]
    [True, False]
    """
    return AsOf(us + 1)
