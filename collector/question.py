"""How is a question put to the store, and why is one refused? The same rules for commands and for addresses."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from sqlalchemy import Connection

from collector.store.tags import StoredTag, stored_tags
from plant.instant import check_year, parse_instant
from plant.period import Clock

_KEYS = ("tag", "from", "to", "at", "as_of", "period", "calendar", "scope", "device", "format")


class QuestionError(Exception):
    """A question that cannot be answered as it is put.

    key: what of it is at fault. message: what must be so, with {key} and the names of other keys in braces, since an
    option and a parameter are spelt differently; said: what else stands in braces.
    """

    def __init__(self, key: str, message: str, **said: object) -> None:
        super().__init__(key, message, said)
        self.key, self.message, self.said = key, message, said

    def spelt(self, spell: Callable[[str], str]) -> str:
        """The message with keys as the asker writes them: `--to: must be after --from`."""
        names = {key: spell(key) for key in _KEYS}
        return self.message.format(**{**names, "key": spell(self.key), **self.said})


def asked_instant(key: str, text: str, day_start: Callable[[date], int]) -> int:
    """The instant [us] of ISO 8601 with an offset, or of a date alone, which day_start gives. Raises QuestionError."""
    try:
        if not is_date(text):
            return parse_instant(text)
        day = date.fromisoformat(text)
        check_year(day)
        return day_start(day)
    except ValueError as error:
        message = "{key}: {why}, or a date as in 2026-11-22; not {text!r}"
        raise QuestionError(key, message, why=error, text=text) from None


def is_date(text: str) -> bool:
    """Whether a text that is a time is a date alone."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def asked_stretch(from_: str, to: str | None, clock: Clock, now_us: int) -> tuple[int, int]:
    """The half-open stretch [us] between two times or dates; to None: until now. Raises QuestionError."""
    start_us = asked_instant("from", from_, clock.day_start)
    end_us = asked_instant("to", to, clock.day_start) if to is not None else now_us
    if start_us >= end_us:
        raise QuestionError("to", "{key}: must be after {from}")
    return start_us, end_us


def asked_tags(connection: Connection, names: Iterable[str], in_file: Sequence[str]) -> list[StoredTag]:
    """Tags as the store has them, in the order asked for; those of the site file that have no reading yet left out.

    Raises QuestionError for a name that neither the store nor the site file has.
    """
    stored, wanted = stored_tags(connection), list(names)
    for name in wanted:
        if name not in stored and name not in in_file:
            near = ", ".join([*in_file, *(known for known in stored if known not in in_file)]) or "none yet"
            raise QuestionError("tag", "{name}: is not a tag of this plant; it has {near}", name=name, near=near)
    return [stored[name] for name in wanted if name in stored]
