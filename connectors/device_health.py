"""How is a device doing? What its connector knows of contact, of how fast it answers, of what it refuses, of errors."""

import errno
import socket
import ssl
import time
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from connectors.block_health import BlockHealth
from connectors.latency import Latency

MOST_ERRORS = 20
MANY_LATE = 5


class Cause(StrEnum):
    """What kind of trouble a device is in, as far as it can be told from here; each has a remedy of its own."""

    CONNECTION_REFUSED = "connection_refused"
    NO_ANSWER = "no_answer"
    SILENT = "silent"
    NO_PATH = "no_path"
    NO_ROUTE = "no_route"
    UNKNOWN_NAME = "unknown_name"
    NO_SERIAL_PORT = "no_serial_port"
    CLOSED = "closed"
    UNBELIEVABLE = "unbelievable"
    NOT_TRUSTED = "not_trusted"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_URI = "certificate_uri"
    CERTIFICATE_HOST = "certificate_host"
    CERTIFICATE_USE = "certificate_use"
    CERTIFICATE_WEAK = "certificate_weak"
    CERTIFICATE_ISSUER = "certificate_issuer"
    CERTIFICATE_REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    CLOCK = "clock"
    NOT_OFFERED = "not_offered"
    WE_ARE_NOT_TRUSTED = "we_are_not_trusted"
    SIGN_IN_REFUSED = "sign_in_refused"
    SECRET_FILE = "secret_file"
    CERTIFICATE_FILE = "certificate_file"
    BUSY = "busy"
    REFUSED = "refused"
    OTHER = "other"


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

    connected_since_us None: not connected, or it does not answer. last_good_us: the last answer or keep-alive.
    polls_late: polls that overran and were skipped, each written as a gap. late_us: when that happened the last few
    times. next_try_us: when it is tried again. refused_tags: StatusCode by name of each tag that the server cannot
    give. clock_offset_s: how far its clock was off when it was not believed. security_exceptions: what is accepted of
    it that is less than secure, as the site file names it.
    Of Modbus alone: line: host and port or serial port, unit: the number there, line_devices: how many devices share
    the line, is_probed: whether it is asked rarely to spare them, requests_planned: requests of a poll in which nothing
    is bad, blocks: those of a poll now and what is in quarantine.
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
    security_exceptions: tuple[str, ...] = ()
    line: str | None = None
    unit: int | None = None
    line_devices: int = 0
    is_probed: bool = False
    requests_planned: int = 0

    @property
    def is_silent(self) -> bool:
        """Whether its line can be used, but it does not answer there."""
        return self.connected_since_us is None and self.last_cause in (Cause.SILENT, Cause.NO_PATH)

    @property
    def bad_blocks(self) -> list[BlockHealth]:
        """The addresses that are refused, or silent though others are answered."""
        return [block for block in self.blocks if block.bad_since_us is not None]

    @property
    def requests_now(self) -> int:
        """Requests of a poll now."""
        return sum(block.next_try_us is None for block in self.blocks)

    def why_not(self, tag: str) -> str | None:
        """Why a tag was not read, as far as that is known: what its request came to, else the device's last error."""
        block = self.failed_block(tag)
        if block is not None:
            return f"unit {self.unit}, {block}: {block.last_error}"
        return None if self.was_answered(tag) else self.last_error

    def failed_block(self, tag: str) -> BlockHealth | None:
        """The request for a tag that was refused, or not answered, when it was last asked."""
        return next((block for block in self.blocks if tag in block.tags and block.has_failed), None)

    def was_answered(self, tag: str) -> bool:
        """Whether a request for a tag has ever been answered with data."""
        return any(tag in block.tags and block.last_good_us is not None for block in self.blocks)

    def failed(self, text: str, cause: Cause) -> None:
        """Note an error of the connection or of a request."""
        self.last_error, self.last_error_us, self.last_cause = text, now_us(), cause
        self.errors.note(text, cause, self.last_error_us)

    def as_json(self) -> dict[str, Any]:
        """What `/health` says of the device."""
        names = ("connected_since_us", "last_good_us", "last_error", "last_error_us", "next_try_us", "reconnects")
        counts = ("readings", "polls", "polls_failed", "polls_late")
        modbus = ("line", "unit", "line_devices", "is_silent", "is_probed", "requests_now", "requests_planned")
        return {
            "connected": self.connected_since_us is not None,
            **{name: getattr(self, name) for name in (*names, *counts, *modbus)},
            "bad_blocks": [block.trouble for block in self.bad_blocks],
            "notes": list(self.notes),
            "security_exceptions": list(self.security_exceptions),
        }

    def in_full(self) -> dict[str, Any]:
        """All of it, as the page of the device shows it."""
        names = ("last_cause", "clock_offset_s", "clock_offset_us")
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
