"""How are instants written and read? Inside, an instant is an integer: UTC microseconds since 1970."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

US_PER_S = 1_000_000
FIRST_YEAR, END_YEAR = 1900, 9900
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def instant(moment: datetime) -> int:
    """UTC microseconds of an aware datetime. Raises ValueError for one without an offset."""
    if moment.tzinfo is None:
        raise ValueError("needs an offset or Z, as in 2026-11-22T09:30:00+09:00")
    return (moment - _EPOCH) // MICROSECOND


def parse_instant(text: str) -> int:
    """UTC microseconds of an ISO 8601 time that carries an offset or Z. Raises ValueError saying what is wrong.

    >>> parse_instant("1970-01-01T09:00:01+09:00")
    1000000
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("must be an ISO 8601 time, as in 2026-11-22T09:30:00+09:00") from None
    check_year(moment)
    return instant(moment)


def check_year(day: date) -> None:
    """Raises ValueError for a date so near the ends of Python's calendar that zones and periods would leave it."""
    if not FIRST_YEAR <= day.year < END_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {END_YEAR - 1}")


def parse_iso_date(text: str) -> date:
    """The date of an ISO 8601 date or time; a time of day is dropped. Raises ValueError saying what is wrong."""
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError:
        raise ValueError("must be an ISO 8601 date, as in 2026-11-22") from None


def moment(us: int, zone: ZoneInfo) -> datetime:
    """The aware datetime of an instant in a zone."""
    return (_EPOCH + us * MICROSECOND).astimezone(zone)


def format_instant(us: int, zone: ZoneInfo) -> str:
    """ISO 8601 with the zone's offset, or in UTC where that has seconds, as before there was standard time; a fraction
    only where there is one.

    >>> format_instant(1_500_000, ZoneInfo("Asia/Seoul"))
    '1970-01-01T09:00:01.500000+09:00'
    """
    local = moment(us, zone)
    return (local.astimezone(UTC) if has_seconds(local.utcoffset()) else local).isoformat()


def has_seconds(offset: timedelta | None) -> bool:
    """Whether an offset has seconds, as before there was standard time: ISO 8601 cannot write it."""
    return bool(offset and offset % timedelta(minutes=1))


def local_instant(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Instant of a wall-clock time, given as minutes after midnight (1440 and more: the days after).

    A wall time that a clock change skips is taken with the offset before the change, one that occurs twice as its
    first occurrence (PEP 495, fold 0).
    """
    days, minute = divmod(minutes, 24 * 60)
    wall = datetime.combine(day + timedelta(days=days), datetime.min.time(), zone)
    return instant(wall.replace(hour=minute // 60, minute=minute % 60).astimezone(UTC))
