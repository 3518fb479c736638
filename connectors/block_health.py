"""How is a request of a poll answered? Or since when is it not, why, and when is it asked again?"""

from dataclasses import dataclass, field
from typing import Any

from connectors.latency import Latency

MOST_TAGS = 3
"""Tags that are named where addresses are."""


@dataclass(slots=True)
class BlockHealth:
    """One Modbus request of a poll, or addresses in quarantine, which are only asked for at next_try_us.

    bad_since_us: since when it is refused, or silent though others are answered; None while it is answered.
    exception_code: with which it is refused; None where it is answered or silent.
    """

    table: str
    address: int
    count: int
    tags: tuple[str, ...]
    latency: Latency = field(default_factory=Latency)
    last_good_us: int | None = None
    exception_code: int | None = None
    exception: str | None = None
    bad_since_us: int | None = None
    next_try_us: int | None = None
    last_error: str | None = None
    last_error_us: int | None = None

    def __str__(self) -> str:
        last = f"-{self.address + self.count - 1}" if self.count > 1 else ""
        more = f" +{len(self.tags) - MOST_TAGS}" if len(self.tags) > MOST_TAGS else ""
        return f"{self.table} {self.address}{last} ({', '.join(self.tags[:MOST_TAGS])}{more})"

    def answered(self, seconds: float, at_us: int) -> None:
        """The block came."""
        self.latency.add(seconds)
        self.last_good_us = at_us
        if self.bad_since_us is not None:
            self.exception_code = self.exception = self.bad_since_us = None

    def refused(self, code: int, meaning: str, at_us: int) -> None:
        """The device answered with an exception."""
        if self.exception_code != code:
            self.bad_since_us = at_us
        self.exception_code, self.exception = code, meaning
        self.failed(f"exception {code}, {meaning}", at_us)

    def failed(self, error: str, at_us: int) -> None:
        """There was no answer to this request, or none to be believed."""
        self.last_error, self.last_error_us = error, at_us

    def put_away(self, next_try_us: int, at_us: int) -> None:
        """It is in quarantine, since now or still."""
        self.next_try_us = next_try_us
        self.bad_since_us = self.bad_since_us or at_us

    def taken_back(self) -> None:
        """It is asked for at every poll, again or still."""
        if self.next_try_us is not None:
            self.next_try_us = self.exception_code = self.exception = self.bad_since_us = None

    @property
    def has_failed(self) -> bool:
        """Whether it was refused, or not answered, when it was last asked."""
        return self.last_error is not None and (self.last_error_us or 0) >= (self.last_good_us or 0)

    @property
    def trouble(self) -> dict[str, Any]:
        """What `/health` says of it while it is not answered."""
        names = ("table", "address", "count", "tags", "exception_code", "exception", "bad_since_us", "next_try_us")
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        """As the page shows it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "latency"}
        return {**plain, "latency": self.latency.as_json()}
