"""Is a plant's newest closed period overdue? No plant's calendar is known here; what it has reported decides."""

from datetime import UTC, datetime, time, timedelta, timezone

from config.enrolment import EnrolledPlant
from plant.instant import US_PER_S, instant
from programme.standing import NewestPeriod, PlantStanding

GRACE_US = 24 * 3600 * US_PER_S
_STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}
_REGULAR = ("hour", "day", "week", "month", "year")
_SHIFT_PAUSE = timedelta(days=7)


def is_late(plant: EnrolledPlant, standing: PlantStanding | None, now_us: int) -> bool:
    """Whether the newest closed period was not received 24 h after its end.

    It goes by the shortest regular kind that the plant has reported. A plant that reports shifts alone, whose days off
    nobody here knows, is late when the newest ended more than a week ago; one that joined and has never reported, when
    its first day is over.
    """
    if plant.joined is None:
        return False
    if standing is None or not standing.periods:
        joined_us = instant(datetime.combine(plant.joined, time(), UTC))
        return now_us > joined_us + 2 * GRACE_US
    by_kind = {period.kind: period for period in standing.periods}
    for kind in _REGULAR:
        if kind in by_kind:
            return now_us > next_end_us(by_kind[kind]) + GRACE_US
    return now_us > next_end_us(standing.periods[0]) + GRACE_US


def next_end_us(period: NewestPeriod) -> int:
    """End of the period that follows, by the wall clock of the plant."""
    zone = timezone(timedelta(minutes=period.offset_min))
    end = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=period.end_us)).astimezone(zone)
    if period.kind == "month":
        return instant(end.replace(year=end.year + end.month // 12, month=end.month % 12 + 1, day=1))
    if period.kind == "year":
        return instant(end.replace(year=end.year + 1, day=1))
    return instant(end + _STEPS.get(period.kind, _SHIFT_PAUSE))
