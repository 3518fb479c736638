"""How much may an OPC UA server send before it is not listened to any more? (OPC 10000-6 6.7.2, 7.1.2)

asyncua's protocol buffers a frame whole before it looks at its length, takes over whatever limits the server states,
and copies all it has with every piece that comes. This one looks at a frame's head first, keeps its own limits, and
ends the link of a server that breaks them; what has come is then dropped.
"""

import asyncio
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UaClient, UASocketProtocol
from asyncua.common.connection import SecureConnection, TransportLimits
from asyncua.common.utils import Buffer
from asyncua.crypto.security_policies import SecurityPolicy
from asyncua.ua.ua_binary import header_from_binary, struct_from_binary
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from connectors.opcua_octets import Octets

LARGEST_FRAME = 65_536
"""Bytes of one frame, its head included; asyncua's Hello says so."""
LARGEST_MESSAGE = 16 * 2**20
MOST_CHUNKS = 256
_LEAST_BUFFER = 1024  # OPC 10000-6 7.1.2.3: no server may take less
_MOST_TEXT = 120

_HEAD = 8
_LEAST_FRAME = {b"ACK": _HEAD + 20, b"ERR": _HEAD + 8, b"OPN": _HEAD + 4, b"MSG": _HEAD + 4, b"CLO": _HEAD + 4}


class FrameError(UaError):
    """The server sent what is no OPC UA, or more of it than is taken; says so in plain words."""


class AbortedError(Exception):
    """The server broke one answer off, for the reason in `code`; the link is sound."""

    def __init__(self, request_id: int, code: int) -> None:
        super().__init__(request_id, code)
        self.request_id = request_id
        self.code = code


def frame_end(received: bytes | bytearray, start: int) -> int | None:
    """Where the frame that begins at `start` ends; None while it has not come whole.

    Raises FrameError as soon as its head can be no answer, or announces more than LARGEST_FRAME.

    >>> frame_end(b"MSGF" + (20).to_bytes(4, "little") + bytes(12), 0)
    20
    """
    if len(received) - start < _HEAD:
        return None
    kind, chunk = bytes(received[start : start + 3]), received[start + 3]
    size = int.from_bytes(received[start + 4 : start + _HEAD], "little")
    if kind not in _LEAST_FRAME or chunk not in b"FCA":
        raise FrameError("what the server sends is not OPC UA")
    if not _LEAST_FRAME[kind] <= size <= LARGEST_FRAME:
        raise FrameError(f"the server announces a frame of {size} bytes; {LARGEST_FRAME} is the most")
    return start + size if len(received) - start >= size else None


class _Limits(TransportLimits):
    """Limits that a server's Acknowledge never loosens: what it states there is what it takes itself."""

    def __init__(self) -> None:
        super().__init__(LARGEST_FRAME, LARGEST_FRAME, MOST_CHUNKS, LARGEST_MESSAGE)

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        if msg.ReceiveBufferSize < _LEAST_BUFFER:
            raise FrameError(f"the server takes frames of {msg.ReceiveBufferSize} bytes only")
        self.max_send_buffer = min(LARGEST_FRAME, msg.ReceiveBufferSize)


class _Channel(SecureConnection):
    """asyncua's secure channel; an answer that is broken off ends its request, which asyncua lets wait for ever."""

    def _receive(self, msg: Any) -> ua.Message | None:
        if msg.MessageHeader.ChunkType != ua.ChunkType.Abort:
            return super()._receive(msg)
        self._check_incoming_chunk(msg)
        self._drop_incoming_parts()
        raise AbortedError(msg.SequenceHeader.RequestId, int.from_bytes(msg.Body[:4], "little"))


class BoundedProtocol(UASocketProtocol):
    """asyncua's protocol behind limits of our own."""

    def __init__(self, timeout: float, security_policy: SecurityPolicy) -> None:
        super().__init__(timeout, security_policy, _Limits())
        self._connection = _Channel(security_policy, _Limits())
        self._received = bytearray()
        self._hung_up: UaError | None = None

    def data_received(self, data: bytes) -> None:
        """Take what came; a server that breaks the rules is hung up on, and every open request gets the reason."""
        if self.transport is None or self.transport.is_closing():
            return
        self._received += data
        try:
            self._take_frames()
        except (FrameError, UaStatusCodeError) as error:
            self._hang_up(error)
        except Exception as error:  # whatever garbage makes a decoder raise; asyncua's texts may hold all of it
            what = str(error)[:_MOST_TEXT] or type(error).__name__
            self._hang_up(FrameError(f"what the server sent cannot be understood: {what}"))

    def _send_request(self, *given: Any, **more: Any) -> asyncio.Future[Any]:
        if self._hung_up is not None:  # whoever asks next is told why, too
            raise self._hung_up
        return super()._send_request(*given, **more)

    def _call_callback(self, request_id: int, body: Any) -> None:
        super()._call_callback(request_id, Octets(bytes(body)) if isinstance(body, Buffer) else body)

    def disconnect_socket(self) -> None:
        """Close the socket; at once where the server does not take what was sent to it."""
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().disconnect_socket()

    def _hang_up(self, error: UaError) -> None:
        self._received.clear()
        self._hung_up = error
        self._fail_all_pending(error)
        if self.transport is not None:
            self.transport.abort()

    def _take_frames(self) -> None:
        start = 0
        while (end := frame_end(self._received, start)) is not None:
            frame = bytes(self._received[start:end])
            start = end
            try:
                self._take(frame)
            except AbortedError as aborted:
                self._fail(aborted)
        del self._received[:start]

    def _take(self, frame: bytes) -> None:
        body = Buffer(frame)
        header = header_from_binary(body)
        if frame[:3] == b"ERR":
            struct_from_binary(ua.ErrorMessage, body).Error.check()
            raise FrameError("the server ended the connection without a reason")
        message = self._connection.receive_from_header_and_body(header, body)
        if isinstance(message, ua.Message) and _request_id(message) not in self._callbackmap:
            raise FrameError("the server answered a request that was never sent")
        self._process_received_message(message)
        if frame[:3] == b"OPN" and message is not None:
            asked = self._open_secure_channel_exchange
            if not isinstance(asked, ua.OpenSecureChannelParameters):
                raise FrameError("the server opened a secure channel that nobody asked for")
            opened = struct_from_binary(ua.OpenSecureChannelResponse, message.body())
            opened.ResponseHeader.ServiceResult.check()
            self._open_secure_channel_exchange = opened
            self._connection.set_channel(opened.Parameters, asked.RequestType, asked.ClientNonce)

    def _fail(self, aborted: AbortedError) -> None:
        future = self._callbackmap.pop(aborted.request_id, None)
        if future is None:
            raise FrameError("the server broke off an answer to a request that was never sent")
        if not future.done():
            future.set_exception(_error_of(aborted.code))


def _request_id(message: Any) -> int:
    return int(message.request_id())


def _error_of(code: int) -> UaError:
    made: Any = UaStatusCodeError
    error: UaError = made(code)
    return error


class _BoundedUaClient(UaClient):
    def _make_protocol(self) -> UASocketProtocol:
        self.protocol = BoundedProtocol(self._timeout, self.security_policy)
        self.protocol.pre_request_hook = self._pre_request_hook
        self.protocol.on_connection_lost = self._on_transport_lost
        self.protocol.is_session_closing = self._is_session_closing
        return self.protocol


class BoundedClient(Client):
    """asyncua's client on a `BoundedProtocol`; answer_s: within which a server must answer any request."""

    def __init__(self, endpoint: str, answer_s: float) -> None:
        super().__init__(endpoint, timeout=answer_s)
        hook = self.uaclient.pre_request_hook
        self.uaclient = _BoundedUaClient(answer_s)
        self.uaclient.pre_request_hook = hook
        self.max_messagesize, self.max_chunkcount = LARGEST_MESSAGE, MOST_CHUNKS
