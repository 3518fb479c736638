"""How do notification messages come in: all, in order, each acknowledged only after it is stored?

A publish loop of our own on the session's `publish_raw(acknowledgements)` (OPC 10000-4 5.14.5). Several requests are
outstanding; the server answers them in the order in which they were sent. No task takes answers: while the one who
asks for the next message is busy storing the last, no request is sent, and the server's queues hold the rest.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from asyncua import ua
from asyncua.ua.uaerrors import BadRequestTimeout, BadTimeout, BadTooManyPublishRequests

from connectors.opcua_link import DoubtError, now_us, plain
from connectors.opcua_message import NotUnderstoodError, PublishAnswer, publish_answer
from plant.status_code import status_name

OUTSTANDING = 4
MOST_UNCOMMITTED_BYTES = 24 * 2**20
"""What messages that await their commit may hold: about 600,000 readings, two seconds of 300,000 a second."""

BYTES_A_READING = 40
_LEAST_BYTES = 4096
_PAUSE_S = 0.1
_LEAST_WAIT_S = 1.0
_TRIED_AGAIN_AFTER = 100
"""Messages after which a server that took fewer requests is asked to take one more: it may have been short of them."""


class Publishing(Protocol):
    """What is needed of a session."""

    async def publish_raw(self, acknowledgements: list[ua.SubscriptionAcknowledgement]) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message and when it arrived: UTC us, and monotonic s."""

    answer: PublishAnswer
    received_us: int
    heard_s: float


class PublishLoop:
    """Messages of one subscription. watchdog_s: how long an outstanding request may stay without any message.

    lost: resolves, with the cause, when the link is found dead by other means.
    """

    def __init__(self, session: Publishing, subscription_id: int, watchdog_s: float, lost: asyncio.Future[str]) -> None:
        self._session = session
        self._subscription_id = subscription_id
        self._watchdog_s = watchdog_s
        self._lost = lost
        self._requests: deque[tuple[float, asyncio.Task[Arrival]]] = deque()
        self._outstanding = OUTSTANDING
        self._since_refused = 0  # messages
        self._uncommitted: dict[int, int] = {}  # bytes by sequence number
        self._acknowledgements: list[int] = []
        self._committed = asyncio.Event()
        self._heard_s = time.monotonic()
        self._refused_s: float | None = None  # since when requests were outstanding that the server did not answer

    @property
    def uncommitted_bytes(self) -> int:
        """What messages that await their commit hold."""
        return sum(self._uncommitted.values())

    def took(self, number: int, size: int = 0) -> None:
        """A message with data was handed on and awaits its commit; until then it holds so many bytes."""
        self._uncommitted[number] = max(size, _LEAST_BYTES)

    def committed(self, number: int) -> None:
        """The message with this number is stored: the next request acknowledges it."""
        self._uncommitted.pop(number, None)
        self._acknowledgements.append(number)
        self._committed.set()

    def repeated(self, number: int) -> None:
        """The message came again: acknowledged again, unless it still awaits its commit."""
        if number not in self._uncommitted:
            self._acknowledgements.append(number)

    async def next(self) -> Arrival:
        """The next message or keep-alive. Raises DoubtError when the link or the subscription is not what it was."""
        while True:
            self._send()
            if not self._requests:
                await self._commit()
                continue
            sent_s, request = self._requests[0]
            deadline_s = max(sent_s, self._heard_s) + self._watchdog_s
            if not request.done():
                # an answer may lie unread in the socket when we were busy: always look once more
                await self._until(request, max(_LEAST_WAIT_S, deadline_s - time.monotonic()))
            self._requests.popleft()
            arrival = await self._answer(request)
            if arrival is not None:
                self._refused_s = None
                return arrival
            self._refused_s = sent_s if self._refused_s is None else self._refused_s
            if time.monotonic() - max(self._refused_s, self._heard_s) > self._watchdog_s:
                raise DoubtError(self._silence())

    async def close(self) -> None:
        """Give up the outstanding requests."""
        tasks = [request for _, request in self._requests]
        self._requests.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _send(self) -> None:
        if self.uncommitted_bytes >= MOST_UNCOMMITTED_BYTES:
            return
        while len(self._requests) < self._outstanding:
            numbers, self._acknowledgements = self._acknowledgements, []
            self._requests.append((time.monotonic(), asyncio.create_task(self._publish(numbers))))

    async def _publish(self, numbers: list[int]) -> Arrival:
        acknowledgements = [
            ua.SubscriptionAcknowledgement(SubscriptionId=self._subscription_id, SequenceNumber=number)
            for number in numbers
        ]
        try:
            answer = publish_answer(await self._session.publish_raw(acknowledgements))
        except (BadTimeout, BadRequestTimeout, BadTooManyPublishRequests):
            self._acknowledgements = numbers + self._acknowledgements
            raise
        return Arrival(answer, now_us(), time.monotonic())

    async def _commit(self) -> None:
        self._committed.clear()
        waiting = asyncio.create_task(self._committed.wait())
        try:
            await self._until(waiting, None)
        finally:
            waiting.cancel()

    async def _until(self, task: asyncio.Task[Any], timeout_s: float | None) -> None:
        await asyncio.wait({task, self._lost}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return
        if self._lost.done():
            raise DoubtError(self._lost.result())
        raise DoubtError(self._silence())

    def _silence(self) -> str:
        return f"neither data nor keep-alive for {self._watchdog_s:.0f} s"

    async def _answer(self, request: asyncio.Task[Arrival]) -> Arrival | None:
        try:
            arrival = request.result()
        except BadTooManyPublishRequests:
            if self._outstanding == 1:
                await asyncio.sleep(_PAUSE_S)
            self._outstanding, self._since_refused = max(1, self._outstanding - 1), 0
            return None
        except (BadTimeout, BadRequestTimeout):
            await asyncio.sleep(_PAUSE_S)
            return None
        except NotUnderstoodError:
            return None  # its number will be missing, and is asked for again
        except Exception as error:
            raise DoubtError(plain(error)) from error
        self._heard_s = arrival.heard_s
        self._since_refused += 1
        if self._since_refused % _TRIED_AGAIN_AFTER == 0:
            self._outstanding = min(OUTSTANDING, self._outstanding + 1)
        answer = arrival.answer
        if answer.subscription_id != self._subscription_id:
            raise DoubtError(f"the server answered for subscription {answer.subscription_id}")
        if answer.ended is not None:
            raise DoubtError(f"the server ended the subscription: {status_name(answer.ended)}")
        return arrival
