"""How is a device doing? What its connector knows of contact, of how fast it answers, of what it refuses, of errors."""

import errno
import math
import socket
import ssl
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

MOST_ERRORS = 20
MOST_LATENCIES = 256
MANY_LATE = 5


class Cause(StrEnum):
    """What kind of trouble a device is in, as far as it can be told from here; each has a remedy of its own."""

    CONNECTION_REFUSED = "connection_refused"
    NO_ANSWER = "no_answer"
    NO_ROUTE = "no_route"
    UNKNOWN_NAME = "unknown_name"
    NO_SERIAL_PORT = "no_serial_port"
    CLOSED = "closed"
    UNBELIEVABLE = "unbelievable"
    NOT_TRUSTED = "not_trusted"
    NOT_OFFERED = "not_offered"
    WE_ARE_NOT_TRUSTED = "we_are_not_trusted"
    SIGN_IN_REFUSED = "sign_in_refused"
    SECRET_FILE = "secret_file"
    BUSY = "busy"
    REFUSED = "refused"
    OTHER = "other"


class Latency:
    """How long a device took for its last answers [s]; as many are kept as percentiles need. total: answers ever."""

    def __init__(self) -> None:
        self.total = 0
        self._last: deque[float] = deque(maxlen=MOST_LATENCIES)

    def add(self, *seconds: float) -> None:
        """Note answers that could be believed."""
        self._last.extend(seconds)
        self.total += len(seconds)

    def as_json(self) -> dict[str, float | int | None]:
        """The last one, median and 95th percentile (nearest rank) [s], None before the first; of how many answers.

        >>> latency = Latency()
        >>> for ms in (10, 20, 30, 900):
        ...     latency.add(ms / 1000)
        >>> latency.as_json()
        {'last_s': 0.9, 'p50_s': 0.02, 'p95_s': 0.9, 'answers': 4}
        """
        ordered = sorted(self._last)
        return {
            "last_s": round(self._last[-1], 6) if ordered else None,
            "p50_s": _rank(ordered, 0.5),
            "p95_s": _rank(ordered, 0.95),
            "answers": len(ordered),
        }


def _rank(ordered: Sequence[float], share: float) -> float | None:
    return round(ordered[math.ceil(share * len(ordered)) - 1], 6) if ordered else None


@dataclass(slots=True)
class NotedError:
    """One error in the connector's words, when it was met first and last, and how often."""

    text: str
    cause: Cause
    first_us: int
    last_us: int
    count: int = 1


class ErrorLog:
    """The last errors of a device, each once. total: errors ever."""

    def __init__(self) -> None:
        self.total = 0
        self._errors: dict[str, NotedError] = {}

    def note(self, text: str, cause: Cause, at_us: int) -> None:
        """Note an error; one that was met before is counted and is the newest again."""
        self.total += 1
        before = self._errors.pop(text, None)
        if before is None:
            self._errors[text] = NotedError(text, cause, at_us, at_us)
        else:
            before.last_us, before.count = at_us, before.count + 1
            self._errors[text] = before
        if len(self._errors) > MOST_ERRORS:
            del self._errors[next(iter(self._errors))]

    def newest_first(self) -> list[NotedError]:
        """The errors, the last one met at the head."""
        return list(reversed(self._errors.values()))


@dataclass(slots=True)
class BlockHealth:
    """One Modbus request of a poll. exception_code: with which the device refuses it now; None while it answers."""

    table: str
    address: int
    count: int
    tags: tuple[str, ...]
    latency: Latency = field(default_factory=Latency)
    last_good_us: int | None = None
    exception_code: int | None = None
    exception: str | None = None
    refused_since_us: int | None = None
    refusals: int = 0
    last_error: str | None = None
    last_error_us: int | None = None

    def answered(self, seconds: float, at_us: int) -> None:
        """The block came."""
        self.latency.add(seconds)
        self.last_good_us = at_us
        if self.exception_code is not None:
            self.exception_code = self.exception = self.refused_since_us = None

    def refused(self, code: int, meaning: str, at_us: int) -> None:
        """The device answered with an exception."""
        if self.exception_code != code:
            self.refused_since_us = at_us
        self.exception_code, self.exception = code, meaning
        self.refusals += 1
        self.failed(f"exception {code}, {meaning}", at_us)

    def failed(self, error: str, at_us: int) -> None:
        """There was no answer to this request, or none to be believed."""
        self.last_error, self.last_error_us = error, at_us

    def as_json(self) -> dict[str, Any]:
        """As the page shows it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "latency"}
        return {**plain, "latency": self.latency.as_json()}


@dataclass(frozen=True, slots=True)
class SubscriptionHealth:
    """What an OPC UA server granted: slowest publishing and sampling [ms], shortest queue, keep-alives [s].

    bridges_s: for how long readings wait at the server when we cannot take them; the shortest of its promises.
    """

    publishing_ms: float
    asked_publishing_ms: float
    sampling_ms: float
    asked_sampling_ms: float
    queue: int
    asked_queue: int
    keep_alive_s: float
    bridges_s: float

    def with_item(self, queue: int, sampling_ms: float) -> "SubscriptionHealth":
        """As the server granted another item; one without a sampling interval (0: by exception) counts as asked."""
        sampling_ms = sampling_ms or self.asked_sampling_ms
        return replace(
            self,
            sampling_ms=max(self.sampling_ms, sampling_ms),
            queue=min(self.queue, queue),
            bridges_s=min(self.bridges_s, queue * sampling_ms / 1000),
        )


@dataclass(slots=True)
class DeviceHealth:
    """What is known of a connection now; the connector changes it, health and status show it.

    connected_since_us None: not connected. last_good_us: the last answer or keep-alive. polls_late: polls that overran
    and were skipped, each written as a gap. late_us: when that happened the last few times. next_try_us: when it is
    connected to again. refused_tags: StatusCode by
    name of each tag that the server cannot give. clock_offset_s: how far its clock was off when it was not believed.
    """

    connected_since_us: int | None = None
    last_good_us: int | None = None
    last_error: str | None = None
    last_error_us: int | None = None
    last_cause: Cause | None = None
    reconnects: int = 0
    readings: int = 0
    polls: int = 0
    polls_failed: int = 0
    polls_late: int = 0
    notes: list[str] = field(default_factory=list)
    next_try_us: int | None = None
    late_us: deque[int] = field(default_factory=lambda: deque(maxlen=MANY_LATE))
    clock_offset_s: float | None = None
    clock_offset_us: int | None = None
    refused_tags: dict[str, str] = field(default_factory=dict)
    latency: Latency = field(default_factory=Latency)
    errors: ErrorLog = field(default_factory=ErrorLog)
    blocks: list[BlockHealth] = field(default_factory=list)
    subscription: SubscriptionHealth | None = None

    def failed(self, text: str, cause: Cause) -> None:
        """Note an error of the connection or of a request."""
        self.last_error, self.last_error_us, self.last_cause = text, now_us(), cause
        self.errors.note(text, cause, self.last_error_us)

    def as_json(self) -> dict[str, Any]:
        """What `/health` says of the device."""
        names = ("connected_since_us", "last_good_us", "last_error", "last_error_us", "reconnects", "readings")
        plain = {name: getattr(self, name) for name in (*names, "polls", "polls_failed", "polls_late")}
        return {"connected": self.connected_since_us is not None, **plain, "notes": list(self.notes)}

    def in_full(self) -> dict[str, Any]:
        """All of it, as the page of the device shows it."""
        names = ("last_cause", "next_try_us", "clock_offset_s", "clock_offset_us")
        return {
            **self.as_json(),
            **{name: getattr(self, name) for name in names},
            "refused_tags": dict(self.refused_tags),
            "latency": self.latency.as_json(),
            "errors": [asdict(error) for error in self.errors.newest_first()],
            "blocks": [block.as_json() for block in self.blocks],
            "subscription": asdict(self.subscription) if self.subscription else None,
        }


def cause_of(error: BaseException) -> Cause:
    """What kind of trouble an error of the operating system is."""
    if isinstance(error, ConnectionRefusedError):
        return Cause.CONNECTION_REFUSED
    if isinstance(error, TimeoutError):
        return Cause.NO_ANSWER
    if isinstance(error, socket.gaierror | UnicodeError):
        return Cause.UNKNOWN_NAME
    if isinstance(error, ssl.SSLCertVerificationError):
        return Cause.NOT_TRUSTED
    if isinstance(error, FileNotFoundError | PermissionError):
        return Cause.NO_SERIAL_PORT
    if isinstance(error, OSError) and error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return Cause.NO_ROUTE
    return Cause.CLOSED if isinstance(error, ConnectionError | EOFError) else Cause.OTHER


def now_us() -> int:
    """This machine's clock: UTC us."""
    return time.time_ns() // 1000
