"""Which Modbus function codes does this process send? Watches every byte that leaves it, whatever code sends it.

Requests are known by their shape, not by where they go: a connection whose first bytes are a Modbus TCP header or end
with the check sum of an RTU frame is a Modbus connection for good, and what does not fit on it later counts as code -1.
Only what this process sends on connections that it opened itself is watched, and serial ports, but not the far end of
pseudo terminals: those are devices. Children watch themselves (`sitecustomize.py`).
"""

import functools
import json
import os
import socket
import ssl
import sys
import weakref
from pathlib import Path

FOLDER = "SMARTWINGS_FUNCTION_CODES"
"""Environment variable: the folder in which each process notes what it sends."""
UNREADABLE = -1
IDENTIFY = 43

_streams: "weakref.WeakKeyDictionary[object, Stream]" = weakref.WeakKeyDictionary()
_noted: set[tuple[object, ...]] = set()


class Stream:
    """What was sent on one connection. kind: "tcp" or "rtu" framing, "other" where it is no Modbus, None at first."""

    def __init__(self) -> None:
        self.kind: str | None = None
        self._left = b""

    def feed(self, data: bytes) -> list[tuple[int, int | None]]:
        """Function codes of the requests that are whole now, and of 43 the kind of its interface (14 identifies)."""
        if self.kind == "other":
            return []
        self._left += data
        if self.kind is None and len(self._left) >= 8:
            self.kind = _kind(self._left)
        if self.kind == "tcp":
            return list(self._tcp_requests())
        if self.kind == "rtu":
            frame, self._left = self._left, b""
            return [_code(frame[1:]) if crc_is_right(frame) else (UNREADABLE, None)]
        return []

    def _tcp_requests(self):
        while len(self._left) >= 8:
            length = int.from_bytes(self._left[4:6], "big")
            if not _is_tcp(self._left):
                self._left = b""
                yield UNREADABLE, None
            elif len(self._left) < 6 + length:
                return
            else:
                frame, self._left = self._left[: 6 + length], self._left[6 + length :]
                yield _code(frame[7:])


def _kind(first: bytes) -> str:
    # Eight bytes of RTU can look like the beginning of TCP; nothing that is asked for over TCP is that short.
    whole = _is_tcp(first) and len(first) == 6 + int.from_bytes(first[4:6], "big") > 8
    if not whole and crc_is_right(first):
        return "rtu"
    return "tcp" if _is_tcp(first) else "other"


def _is_tcp(data: bytes) -> bool:
    return data[2:4] == b"\0\0" and 2 <= int.from_bytes(data[4:6], "big") <= 254


def _code(pdu: bytes) -> tuple[int, int | None]:
    return pdu[0], pdu[1] if pdu[0] == IDENTIFY and len(pdu) > 1 else None


def crc_is_right(frame: bytes) -> bool:
    """Whether it can be an RTU frame; the check sum of all of it, itself included, is 0."""
    if not 4 <= len(frame) <= 256:
        return False
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc == 0


def _note(requests: list[tuple[int, int | None]]) -> None:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    for code, interface in requests:
        if (code, interface, test) not in _noted and (folder := os.environ.get(FOLDER)):
            _noted.add((code, interface, test))
            line = json.dumps({"code": code, "interface": interface, "test": test, "command": sys.argv})
            with (Path(folder) / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def _joined(data) -> bytes:
    return b"".join(bytes(part) for part in data) if isinstance(data, list | tuple) else bytes(data)


def _watch_sending(owner: type, name: str) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def sending(self, data, *more, **named):
        stream = _streams.get(self)
        if stream is None or stream.kind == "other":
            return original(self, data, *more, **named)
        data = _joined(data)
        sent = original(self, [data] if name == "sendmsg" else data, *more, **named)
        _note(stream.feed(data if sent is None else data[:sent]))
        return sent

    setattr(owner, name, sending)


def _watch_connecting(name: str) -> None:
    original = getattr(socket.socket, name)

    @functools.wraps(original)
    def connecting(self, *address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and self.type == socket.SOCK_STREAM:
            _streams[self] = Stream()
        return original(self, *address)

    setattr(socket.socket, name, connecting)


def _watch_tls() -> None:
    """What goes into TLS is watched before it is encrypted; what comes out of it is "other"."""
    write = ssl.SSLObject.write

    @functools.wraps(write)
    def writing(self, data):
        sent = write(self, data)
        if not self.server_side:
            _note(_streams.setdefault(self, Stream()).feed(bytes(data)[:sent]))
        return sent

    ssl.SSLObject.write = writing


def _watch_serial_ports() -> None:
    write = os.write

    @functools.wraps(write)
    def writing(file, data):
        sent = write(file, data)
        if os.isatty(file) and not _is_far_end(file) and crc_is_right(frame := bytes(data)[:sent]):
            _note([_code(frame[1:])])
        return sent

    os.write = writing


def _is_far_end(file: int) -> bool:
    try:
        return os.ttyname(file).endswith("ptmx")
    except OSError:
        return True


def install() -> None:
    """Watch this process from now on; once is enough."""
    if hasattr(socket.socket.send, "__wrapped__"):
        return
    for name in ("send", "sendall", "sendmsg"):
        _watch_sending(socket.socket, name)
    for name in ("connect", "connect_ex"):
        _watch_connecting(name)
    _watch_tls()
    _watch_serial_ports()
