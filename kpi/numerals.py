"""How are numbers written for people? Whole ones in full, others to 6 digits, ratios to 6 decimals."""

from math import isfinite

_MOST_WHOLE = 1e15
_LARGE = 1e5


def numeral(number: float | None, unit: str = "") -> str:
    """A number as text, a hyphen for None; unit `ratio`: to 6 decimals.

    >>> numeral(86400.0), numeral(4000 / 60 + 1), numeral(12 / 975, "ratio"), numeral(123456.789), numeral(None)
    ('86400', '67.6667', '0.012308', '123456.79', '-')
    """
    if number is None:
        return "-"
    if unit == "ratio" and 1e-4 <= abs(number) < _LARGE:
        return f"{number:.6f}"
    if isfinite(number) and number == int(number) and abs(number) < _MOST_WHOLE:
        return str(int(number))
    return f"{number:.2f}" if _LARGE <= abs(number) < _MOST_WHOLE else f"{number:.6g}"


def duration(seconds: float) -> str:
    """A length of time in its two largest units.

    >>> duration(0.25), duration(105), duration(7380), duration(190000)
    ('0.25 s', '1 min 45 s', '2 h 3 min', '2 d 4 h')
    """
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    units = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    length, name, smaller, rest_name = next(unit for unit in units if whole >= unit[0])
    rest = whole % length // smaller
    return f"{whole // length} {name}" + (f" {rest} {rest_name}" if rest else "")
