"""Can what a person typed to sign something off be taken: a line of text, an amount, a time or a day gone by?"""

import re
from datetime import date
from math import isfinite

from plant.instant import check_year, parse_iso_date

MOST_CHARACTERS = 500
MOST_EXACT = 2.0**53
_NOT_OF_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class RefusedError(Exception):
    """An entry cannot be taken; the message says which part of it and why."""


def one_line(option: str, text: str) -> str:
    """A text of one line, without the space around it. Raises RefusedError, also for an empty or blank one."""
    line = text.strip()
    if not line:
        raise RefusedError(f"{option}: must not be empty")
    if _NOT_OF_A_LINE.search(line) or len(line) > MOST_CHARACTERS:
        raise RefusedError(f"{option}: must be one line of at most {MOST_CHARACTERS} characters")
    return line


def amount(option: str, value: float, factor: float = 1.0) -> float:
    """An amount in the unit of storage, not negative, that sums can keep. Raises RefusedError."""
    if not isfinite(value):
        raise RefusedError(f"{option}: must be a finite number")
    if value < 0:
        raise RefusedError(f"{option}: must not be negative")
    if value * factor > MOST_EXACT:
        raise RefusedError(f"{option}: must not be above 2^53")
    return value * factor


def past(at_us: int, now_us: int) -> None:
    """Raises RefusedError for an instant in the future."""
    if at_us > now_us:
        raise RefusedError("--at: must not lie in the future")


def past_day(text: str | None, today: date) -> date | None:
    """The day of an ISO 8601 date; None for None. Raises RefusedError for what is none, or lies in the future."""
    if text is None:
        return None
    try:
        day = parse_iso_date(text)
        check_year(day)
    except ValueError as error:
        raise RefusedError(f"--on: {error}, not {text!r}") from None
    if day > today:
        raise RefusedError("--on: must not lie in the future")
    return day
