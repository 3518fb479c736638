"""How do tables, long sentences and times look in plain text, in Korean too?"""

from collections.abc import Collection, Sequence
from textwrap import wrap
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from plant.instant import format_instant, moment

WIDTH = 96
_LEAST = 24  # columns that a text has however far right it begins


def text_width(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters, as of Korean, take two.

    >>> text_width("OEE"), text_width("가동률")
    (3, 6)
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = (), indent: int = 2) -> list[str]:
    """Rows as lines with two spaces between columns; the columns in `right` end together, the last one goes on below.

    >>> columns([("scrap", "12"), ("produced", "975")], right=[1])
    ['  scrap      12', '  produced  975']
    """
    if not rows:
        return []
    widths = [max(text_width(row[at]) for row in rows) for at in range(len(rows[0]))]
    begin = indent + sum(width + 2 for width in widths[:-1])
    lines = []
    for row in rows:
        last, *below = [row[-1]] if len(row) - 1 in right else wrap(row[-1], max(_LEAST, WIDTH - begin)) or [""]
        cells = []
        for at, cell in enumerate((*row[:-1], last)):
            space = " " * (widths[at] - text_width(cell))
            cells.append(space + cell if at in right else cell + space)
        lines.append((" " * indent + "  ".join(cells)).rstrip())
        lines += [" " * begin + line for line in below]
    return lines


def labelled(label: str, text: str, width: int = 12, indent: int = 2) -> list[str]:
    """A label and a text beside it, which goes on below itself.

    >>> labelled("formula", "good / produced")
    ['  formula     good / produced']
    """
    room = WIDTH - indent - width
    if text_width(text) > len(text):  # wide characters: a line of so many of them is twice as wide
        room = room // 2
    first, *rest = wrap(text, room) or [""]
    lines = [f"{' ' * indent}{label:<{width}}{first}", *(" " * (indent + width) + line for line in rest)]
    return [line.rstrip() for line in lines]


class LocalTimes:
    """Times as people in the plant write them; the offset is said only where it differs from that at some instant."""

    def __init__(self, zone: ZoneInfo, at_us: int) -> None:
        self._zone = zone
        self._offset = moment(at_us, zone).utcoffset()

    def time(self, us: int | None) -> str:
        """Date and time of day; a hyphen for None.

        >>> LocalTimes(ZoneInfo("Asia/Seoul"), 0).time(1_500_000)
        '1970-01-01 09:00:01.500000'
        """
        if us is None:
            return "-"
        local = moment(us, self._zone)
        text = local.replace(tzinfo=None).isoformat(" ")
        return text if local.utcoffset() == self._offset else text + local.isoformat()[len(text) :]

    def iso(self, us: int) -> str:
        """ISO 8601 with the offset, as options of commands take it."""
        return format_instant(us, self._zone)

    def span(self, start_us: int | None, end_us: int | None) -> str:
        """From one time to another; the date of the second is left out where it is the first's.

        >>> LocalTimes(ZoneInfo("Asia/Seoul"), 0).span(0, 60_000_000)
        '1970-01-01 09:00:00 to 09:01:00'
        """
        first, last = self.time(start_us), self.time(end_us)
        if start_us is None:
            return f"until {last}"
        if end_us is None:
            return f"from {first} on"
        same_day = first[:10] == last[:10]
        return f"{first} to {last[11:] if same_day else last}"

    @property
    def offset(self) -> str:
        """The offset that is not said, as in +09:00."""
        seconds = int(self._offset.total_seconds()) if self._offset is not None else 0
        sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
        return f"{sign}{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
