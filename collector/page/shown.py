"""How are numbers, times and spans of time written on a page?"""

from datetime import datetime
from math import isfinite
from zoneinfo import ZoneInfo

from plant.instant import US_PER_S, moment

NOTHING = "–"
_UNITS = {"ratio": "%", "1": "", "Cel": "°C", "m3/h": "m³/h", "1/min": "/min", "currency": ""}


def number(value: float | None, digits: int = 4) -> str:
    """A number of at most so many significant digits, whole ones in full; a dash for None.

    >>> number(1234567.0), number(0.012308), number(None), number(98.76543), number(1e-12)
    ('1,234,567', '0.01231', '–', '98.77', '1e-12')
    """
    if value is None or not isfinite(value):
        return NOTHING
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    return f"{value:,.{digits}g}"


def percent(ratio: float | None, digits: int = 1) -> str:
    """A ratio as per cent, without its sign; a dash for None.

    >>> percent(0.01231), percent(0.9), percent(0.000123)
    ('1.2', '90.0', '0.01')
    """
    if ratio is None or not isfinite(ratio):
        return NOTHING
    if 0 < abs(ratio) < 0.001:
        return f"{100 * ratio:.2f}"
    return f"{100 * ratio:,.{digits}f}"


def quantity(value: float | None, unit: str, digits: int = 4) -> tuple[str, str]:
    """A value of a KPI or tag as people read it, and the unit that stands behind it.

    >>> quantity(0.5, "ratio"), quantity(3725.0, "s"), quantity(21.456, "Cel"), quantity(None, "kWh")
    (('50.0', '%'), ('1 h 2', 'min'), ('21.46', '°C'), ('–', ''))
    """
    if value is None:
        return NOTHING, ""
    if unit == "ratio":
        return percent(value), "%"
    if unit == "s" and abs(value) >= 120:
        text, _, name = span(value).rpartition(" ")
        return text, name
    return number(value, digits), _UNITS.get(unit, unit)


def size(count: float | None) -> str:
    """Bytes as people read them, in powers of 1000; a dash for None.

    >>> size(999), size(1500), size(2.34e9), size(None)
    ('999 B', '1.5 kB', '2.34 GB', '–')
    """
    if count is None or not isfinite(count):
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{number(count, 3)} {unit}"
        count /= 1000
    return f"{number(count, 3)} TB"


def span(seconds: float | None) -> str:
    """A span of time in its two largest units.

    >>> span(3.21), span(75), span(8000), span(200_000), span(None)
    ('3 s', '75 s', '2 h 13 min', '2 d 7 h', '–')
    """
    if seconds is None or not isfinite(seconds):
        return NOTHING
    whole, sign = int(abs(seconds)), "-" if seconds < 0 else ""
    if whole < 120:
        return f"{sign}{whole} s"
    minutes = whole // 60
    if minutes < 60:
        return f"{sign}{minutes} min"
    if minutes < 2 * 24 * 60:
        return f"{sign}{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
    hours = minutes // 60
    return f"{sign}{hours // 24} d" + (f" {hours % 24} h" if hours % 24 else "")


def clock_time(us: int | None, zone: ZoneInfo, now_us: int | None = None) -> str:
    """A time in the plant: of today by the time of day, else with the date; a dash for None.

    >>> clock_time(0, ZoneInfo("Asia/Seoul")), clock_time(0, ZoneInfo("Asia/Seoul"), 10**9)
    ('1970-01-01 09:00', '09:00:00')
    """
    if us is None:
        return NOTHING
    local = moment(us, zone)
    if now_us is not None and local.date() == moment(now_us, zone).date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


def iso(us: int, zone: ZoneInfo) -> str:
    """A time as machines read it, to the second, with its offset.

    >>> iso(0, ZoneInfo("Asia/Seoul"))
    '1970-01-01T09:00:00+09:00'
    """
    return datetime.isoformat(moment(us // US_PER_S * US_PER_S, zone))
