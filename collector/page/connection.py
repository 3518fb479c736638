"""How long may a connection take, and how many are there? HTTP/1.1 by uvicorn, without patience for idlers."""

import asyncio
from typing import TYPE_CHECKING, Any

import h11
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.h11_impl import H11Protocol

from collector.page.response_headers import put_headers

if TYPE_CHECKING:
    from uvicorn.config import Config

MOST_CONNECTIONS = 50
PATIENCE_S = 10.0
READ_S = 30.0
SLOWEST_BODY_BYTES_PER_S = 20_000


class Connection(H11Protocol):
    """A connection whose head must come within 10 s, whose body at a fair rate, and whose answer must be taken.

    Streams of events count as connections while they are open; where there are too many, one that waits for its next
    request gives way, and without such a one the new connection is refused.
    """

    def __init__(self, config: "Config", **rest: Any) -> None:
        super().__init__(config, **rest)
        self._head_since_s: float | None = None
        self._body_since_s = 0.0
        self._body_bytes = 0
        self._blocked_since_s: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_since_s = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS and not self._one_gives_way():
            self._refuse(503, "Too many connections. Try again later.\n")

    def data_received(self, data: bytes) -> None:
        if self._awaits_request and self._head_since_s is None:
            self._head_since_s = self.loop.time()
        before = self.cycle
        self._body_bytes += len(data)
        super().data_received(data)
        if self.cycle is not before:
            self._head_since_s, self._body_since_s, self._body_bytes = None, self.loop.time(), 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self._blocked_since_s = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._blocked_since_s = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, f"{msg}\n")

    def watch(self) -> None:
        """End the connection if its other side keeps us waiting; to be called about once a second."""
        if self._is_too_slow(self.loop.time()):
            self.transport.abort()  # closing would wait until everything is sent

    @property
    def _awaits_request(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _is_too_slow(self, now_s: float) -> bool:
        if self._blocked_since_s is not None and now_s - self._blocked_since_s > READ_S:
            return True
        if self._awaits_request:
            return self._head_since_s is not None and now_s - self._head_since_s > PATIENCE_S
        fair_s = PATIENCE_S + self._body_bytes / SLOWEST_BODY_BYTES_PER_S
        return self.cycle.more_body and now_s - self._body_since_s > fair_s and not self.flow.read_paused

    def _one_gives_way(self) -> bool:
        waiting = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        idle = [one for one in waiting if one._awaits_request and one._head_since_s is None]
        if not idle:
            return False
        idle[0].shutdown()
        self.connections.discard(idle[0])
        return True

    def _refuse(self, status: int, text: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # an answer is on its way already
            self.transport.abort()
            return
        headers = MutableHeaders({"Content-Type": "text/plain; charset=utf-8", "Connection": "close"})
        put_headers(headers, self.scheme == "https")
        body = text.encode()
        headers["Content-Length"] = str(len(body))
        for event in (
            h11.Response(status_code=status, headers=headers.raw),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            if (sent := self.conn.send(event)) is not None:
                self.transport.write(sent)
        self.transport.close()
