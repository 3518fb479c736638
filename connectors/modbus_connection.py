"""What is an open way to the units of a line? Runs of requests, given up for good at the first doubt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.device_health import Cause
from connectors.modbus_check import Refused
from connectors.modbus_frame import Request
from plant.status_code import parse_status

BAD_NO_COMMUNICATION = parse_status("BadNoCommunication")
BAD_COMMUNICATION_ERROR = parse_status("BadCommunicationError")
BAD_TIMEOUT = parse_status("BadTimeout")


class LinkError(Exception):
    """A request has no answer that can be believed. status: what that means for the tags asked for.

    asked: what was asked for, in words; whoever knows its tags says it better.
    """

    def __init__(self, reason: str, status: int, cause: Cause = Cause.CLOSED, asked: str = "") -> None:
        super().__init__(reason)
        self.reason, self.status, self.cause, self.asked = reason, status, cause, asked

    def __str__(self) -> str:
        return f"{self.asked}: {self.reason}" if self.asked else self.reason


class SilentError(LinkError):
    """No answer in time; the connection may still be sound."""

    def __init__(self, request: Request, timeout_s: float) -> None:
        super().__init__(f"no answer within {timeout_s:g} s", BAD_TIMEOUT, Cause.SILENT, str(request))


class UnbelievableError(LinkError):
    """Something came that is no answer to what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"unbelievable answer: {reason}", BAD_COMMUNICATION_ERROR, Cause.UNBELIEVABLE)


class UnreachableLineError(LinkError):
    """No connection could be opened."""

    def __init__(self, reason: str, cause: Cause) -> None:
        super().__init__(reason, BAD_NO_COMMUNICATION, cause)


Take = Callable[[int, "bytes | memoryview | Refused", int, float], bool]
"""What takes an answer: place of its request in the run, the data as they came or the refusal, when they were received
[UTC us], after how long [s]. The data are only lent. Whether to go on: if not, no further request is sent."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How requests follow each other. in_flight: how many may wait for their answers at once."""

    answer_timeout_s: float = 1.0
    request_pause_s: float = 0.0
    in_flight: int = 1


class Connection(Protocol):
    """An open connection. answers_have_ids: False where answers cannot be told apart by transaction id; None: unknown.

    is_lost: it ended or brought something unasked since the last run.
    """

    answers_have_ids: bool | None

    @property
    def is_lost(self) -> bool: ...

    async def run(self, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        """Ask in this order and hand over every answer that can be believed; never more than one run at a time.

        Raises SilentError, after which it may be used on if `answers_have_ids`, and LinkError, after which it is over.
        What was not handed over until then was not answered.
        """
        ...

    def close(self) -> None:
        """Give it up; it cannot be used again."""
        ...
