"""Can this machine's clock be trusted? An edge PC without a battery for its clock starts in 1970, or long ago."""

import ctypes
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from collector.store import devices, events
from connectors.connector import Handover
from plant.credible_time import RELEASED_US, dated_by_source, earliest_credible_us
from plant.instant import US_PER_S

_UNSYNCHRONISED = 5
"""What adjtimex(2) returns for a clock that follows no time server (TIME_ERROR)."""
ACCEPTED = "clock accepted"
_TIMEX_BYTES = 512  # more than struct timex needs anywhere; modes 0: nothing is set


def newest_record_us(connection: Connection) -> int | None:
    """The newest time that this machine's clock gave to what is stored; None in a new store.

    Where the clock was set while the collector ran, what had been recorded by then in its future says nothing.
    """
    known_us = max(devices.known(connection).values(), default=None)
    accepted = events.newest(connection, ACCEPTED)
    if known_us is not None and accepted is not None and known_us <= int(accepted[1]):
        return accepted[0]
    return known_us


def accept(connection: Connection, now_us: int) -> None:
    """Note that the clock was set, though what is stored is newer than what it shows now."""
    known_us = max(devices.known(connection).values(), default=0)
    if RELEASED_US <= now_us < earliest_credible_us(known_us):
        events.save(connection, now_us, ACCEPTED, str(known_us))


def follows_time_server() -> bool:
    """Whether the kernel says that a time server leads the clock; false where it says nothing."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _UNSYNCHRONISED


@dataclass(slots=True)
class ClockTrust:
    """Whether the clock is trusted. earliest_us: it cannot be before that. undated: readings by device that were not
    stored, since nothing but an untrusted clock could have dated them.

    A clock that a time server leads, or that was set while the collector ran, is only held to the release.
    """

    earliest_us: int = RELEASED_US
    undated: Counter[str] = field(default_factory=Counter)
    is_led: Callable[[], bool] = follows_time_server

    @classmethod
    def of_store(cls, connection: Connection) -> "ClockTrust":
        return cls(earliest_credible_us(newest_record_us(connection)))

    def is_trusted(self, now_us: int) -> bool:
        """Whether readings, events and reports may be dated by this clock."""
        if RELEASED_US <= now_us < self.earliest_us and self.is_led():
            self.was_set()
        return now_us >= self.earliest_us

    def was_set(self) -> None:
        """Somebody set the clock while we ran: what is stored says no more how late it must be."""
        self.earliest_us = RELEASED_US

    def doubt(self, now_us: int) -> str | None:
        """Why the clock is not trusted, in plain words; None where it is."""
        if self.is_trusted(now_us):
            return None
        return f"this machine's clock shows {_day(now_us)}, it cannot be before {_day(self.earliest_us)}"

    def dated(self, device: str, handover: Handover, now_us: int) -> Handover:
        """The handover with what may be stored of it: while the clock is not trusted, only readings that bring a
        credible time of their own, and neither gaps nor until when the device is known."""
        if self.is_trusted(now_us):
            return handover
        before = handover.batch
        batch = None if before is None else dated_by_source(before, self.earliest_us)
        self.undated[device] += len(before or ()) - len(batch or ())
        return replace(handover, batch=batch, known_until_us=None, gaps=())


def _day(at_us: int) -> str:
    return f"{datetime.fromtimestamp(at_us / US_PER_S, UTC):%Y-%m-%d}"
