"""How are requests answered over TCP or TLS? A client of our own: frames are checked where they arrive.

An answer that can be believed begins with exactly the bytes that its request foresees; any other is looked at closely
and becomes a refusal or the end of the connection, never a value.
"""

import asyncio
import random
import ssl
import time
from collections import deque
from collections.abc import Sequence

from connectors.device_health import Cause, cause_of
from connectors.modbus_check import Doubt, Refused, check_answer
from connectors.modbus_connection import (
    BAD_COMMUNICATION_ERROR,
    LinkError,
    Pace,
    SilentError,
    Take,
    UnbelievableError,
    UnreachableLineError,
)
from connectors.modbus_departure import Departures
from connectors.modbus_frame import HEADER, Header, Request, answer_of

_BUFFER = 16 * 1024
_DATA = HEADER + 2
"""Where the data begin in a frame: behind header, function code and byte count."""
_EARLIER = 1024
"""An answer to one of so many requests before is late or doubled, and is dropped."""
_MOST_MISSING = 16
"""A connection on which more requests than that were not answered in time is given up."""


class TcpConnection(asyncio.BufferedProtocol):
    """One connection to a Modbus TCP server (`connectors.modbus_connection.Connection`)."""

    def __init__(self, departures: Departures, answers_have_ids: bool | None = None) -> None:
        self.answers_have_ids = answers_have_ids
        self.loop = asyncio.get_running_loop()
        self._departures = departures
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._end = 0
        # Not the ids of the connection before: a gateway may still hold an answer for that one.
        self._transaction = random.randrange(0xFFFF)
        self._missing = 0
        self._fault: LinkError | None = None
        self._run: _Run | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_lost(self) -> bool:
        return self._fault is not None

    async def run(self, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        """See `Connection`."""
        if self._fault is not None:
            raise self._fault
        if not requests:
            return
        run = self._run = _Run(self, requests, take, pace)
        self._departures.asking += 1
        try:
            run.send(time.monotonic())
            await run.done
        except SilentError:
            if not self.answers_have_ids or self._missing > _MOST_MISSING:
                self.close()
            raise
        except BaseException:
            self.close()
            raise
        finally:
            self._departures.asking -= 1
            run.end()
            if self._run is run:
                self._run = None

    def watch(self, due_s: float) -> None:
        """Look then, on the monotonic clock, whether the run that is on waits for too long: one timer for all runs."""
        if self._timer is not None:
            if self._timer.when() <= due_s:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(due_s, self._look)

    def _look(self) -> None:
        self._timer = None
        run = self._run
        if run is None or not run.asked:
            return
        _, row, sent_s = run.asked[0]
        due_s = sent_s + run.pace.answer_timeout_s
        if due_s > time.monotonic():
            self.watch(due_s)
        else:
            self.fail_run(SilentError(run.requests[row], run.pace.answer_timeout_s))

    def fail_run(self, fault: LinkError) -> None:
        """End the run that is on, if there is one; from here on its answers are late ones."""
        run, self._run = self._run, None
        if run is not None:
            self._missing += len(run.asked)
            run.asked.clear()
            run.size = 0
            if not run.done.done():
                run.done.set_exception(fault)

    def _is_earlier(self, transaction: int) -> bool:
        """Whether an id was given out lately."""
        return transaction > 0 and (self._transaction - transaction) % 0xFFFF < _EARLIER

    def ask(self, request: Request) -> tuple[int, bytes]:
        """Send a request; the id it got, as a number and as an answer begins with it."""
        assert self._transport is not None
        # 1 to 65535 in turn; 0 is left to servers that know none.
        transaction = self._transaction = self._transaction % 0xFFFF + 1
        number = transaction.to_bytes(2, "big")
        self._departures.send(self._transport, number + request.behind_id)
        return transaction, number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        run, end = self._run, self._end + nbytes
        if run is not None and end == run.size and self._buffer.startswith(run.head):
            self._end, self.answers_have_ids = 0, True
            run.accept(self._view[_DATA:end], time.time_ns() // 1000)
            return
        self._end = end
        try:
            start = self._take_frames(time.time_ns() // 1000)
        except LinkError as error:
            self._lose(error)
        else:
            self._buffer[: end - start] = self._buffer[start:end]
            self._end = end - start

    def _take_frames(self, received_us: int) -> int:
        """Look closely at what was received; where the first frame begins that is not there whole."""
        start = 0
        while self._end - start > HEADER:
            header = Header.of(bytes(self._buffer[start : start + 6]))
            if header.doubt:
                raise UnbelievableError(header.doubt)
            end = start + header.size
            if end > self._end:
                break
            behind = int.from_bytes(self._buffer[end : end + 2], "big") if end + 2 <= self._end else None
            self._take(header.transaction, bytes(self._view[start:end]), behind, received_us)
            start = end
        return start

    def _take(self, transaction: int, frame: bytes, behind: int | None, received_us: int) -> None:
        """Take a frame, if it answers a request that waits. behind: id of the frame behind it."""
        run = self._run
        asked = list(run.asked) if run is not None else []
        at = next((at for at, one in enumerate(asked) if one[0] == transaction), None)
        if at is None and transaction == 0 and not self.answers_have_ids and len(asked) == 1:
            at = 0
        if run is None or at is None:
            if self._is_earlier(transaction):
                return
            raise UnbelievableError(f"transaction id {transaction}, for which nobody asked")
        if behind == transaction:  # the same again: neither of the two can be believed
            raise UnbelievableError("more than one answer")
        request = run.requests[asked[at][1]]
        checked = check_answer(request.block, request.unit, answer_of(frame))
        if isinstance(checked, Doubt):
            raise UnbelievableError(checked.reason)
        self.answers_have_ids = transaction != 0
        del run.asked[at]
        run.asked.appendleft(asked[at])
        run.accept(checked, received_us)

    def eof_received(self) -> None:
        self._lose(LinkError("connection closed by the device", BAD_COMMUNICATION_ERROR))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(LinkError("connection closed by the device", BAD_COMMUNICATION_ERROR))

    def _lose(self, fault: LinkError) -> None:
        if self._fault is None:
            self._fault = fault
            self.fail_run(fault)
            if self._timer is not None:
                self._timer.cancel()
            if self._transport is not None:
                self._transport.abort()

    def close(self) -> None:
        """See `Connection`."""
        self._lose(LinkError("connection closed", BAD_COMMUNICATION_ERROR))


class _Run:
    """The requests of one run: asked are those that wait for their answers (transaction id, row, since when [s]).

    Where just one waits: head, with what its answer begins, and size, which the answer has; else size is 0.
    """

    def __init__(self, connection: TcpConnection, requests: Sequence[Request], take: Take, pace: Pace) -> None:
        self.requests, self.pace, self._take = requests, pace, take
        self.asked: deque[tuple[int, int, float]] = deque()
        self.head, self.size = b"", 0
        self.done: asyncio.Future[None] = connection.loop.create_future()
        self._connection = connection
        self._next, self._end = 0, len(requests)
        self._pause: asyncio.TimerHandle | None = None

    def accept(self, data: "bytes | memoryview | Refused", received_us: int) -> None:
        """Hand over the answer to the first request that waits, and go on."""
        _, row, sent_s = self.asked.popleft()
        now_s = time.monotonic()
        if not self._take(row, data, received_us, now_s - sent_s):
            self._end = self._next
        if self.pace.request_pause_s and self._next < self._end:
            self.size = 0
            if self._pause is None:
                self._pause = self._connection.loop.call_later(self.pace.request_pause_s, self._send_after_pause)
        else:
            self.send(now_s)

    def _send_after_pause(self) -> None:
        self._pause = None
        self.send(time.monotonic())

    def send(self, now_s: float) -> None:
        """Send what may be sent now; the run is done when nothing is left to send or to wait for."""
        connection, asked, pace = self._connection, self.asked, self.pace
        # Ids tell answers apart only where the server is known to give them back.
        most = 1 if pace.in_flight == 1 or pace.request_pause_s or not connection.answers_have_ids else pace.in_flight
        while self._next < self._end and len(asked) < most:
            request = self.requests[self._next]
            transaction, number = connection.ask(request)
            asked.append((transaction, self._next, now_s))
            self._next += 1
            self.head, self.size = number + request.head, request.size
        if asked:
            if most > 1 or len(asked) > 1:
                self.size = 0
            connection.watch(now_s + pace.answer_timeout_s)
        elif not self.done.done():
            self.size = 0
            self.done.set_result(None)

    def end(self) -> None:
        """Send nothing more."""
        if self._pause is not None:
            self._pause.cancel()


async def connect(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    server_name: str | None,
    timeout_s: float,
    departures: Departures,
    ids: bool | None,
) -> TcpConnection:
    """Open a connection, resolving the name anew, or raise UnreachableLineError. ids: what an earlier one learnt."""
    loop = asyncio.get_running_loop()
    name = server_name or host if tls else None
    try:
        # A TLS handshake that is not answered must end first: somebody is there then.
        async with asyncio.timeout(1.25 * timeout_s if tls else timeout_s):
            _, connection = await loop.create_connection(
                lambda: TcpConnection(departures, ids),
                host,
                port,
                ssl=tls,
                server_hostname=name,
                ssl_handshake_timeout=timeout_s if tls else None,
            )
    except (OSError, UnicodeError) as error:  # UnicodeError: of a host's name
        if tls and isinstance(error, ConnectionAbortedError) and "handshake" in str(error):
            why = f"cannot connect: no answer to the TLS handshake within {timeout_s:g} s"
            raise UnreachableLineError(why, Cause.SILENT) from None
        raise UnreachableLineError(f"cannot connect: {_why(error, timeout_s)}", cause_of(error)) from None
    return connection


def _why(error: BaseException, timeout_s: float) -> object:
    if isinstance(error, TimeoutError) and not str(error):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the device's certificate is not believed: {error.verify_message}"
    return getattr(error, "strerror", None) or error
