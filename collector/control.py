"""How do commands reach a running daemon? One JSON line there and one back, over a socket beside the store."""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

LONGEST_ANSWER_S = 600.0
_MOST_BYTES = 2**20

Answer = dict[str, Any]


def socket_path(store: Path) -> Path:
    """The control socket of a store."""
    return store.with_name(store.name + ".sock")


@contextmanager
def _short_name(path: Path) -> Iterator[str]:
    """A name of the socket that fits the 108 bytes a socket address has, however deep its folder lies."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def ask(store: Path, request: Answer, longest_s: float = LONGEST_ANSWER_S) -> Answer | None:
    """What the daemon on a store answers; None when none is running. Raises TimeoutError."""
    path = socket_path(store)
    try:
        if not path.exists():
            return None
    except OSError:  # a name that no file can have; opening the store says so
        return None
    with _short_name(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(longest_s)
        try:
            link.connect(name)
        except OSError:  # left behind by a daemon that was killed
            return None
        line = b""
        with suppress(ConnectionError), link.makefile("rb") as answer:  # one that is killed meanwhile has not answered
            link.sendall(json.dumps(request).encode() + b"\n")
            line = answer.readline()
    return dict(json.loads(line)) if line.endswith(b"\n") else None  # half a line: it was killed meanwhile


async def serve(store: Path, answer: Callable[[Answer], Awaitable[Answer]]) -> None:
    """Answer commands until cancelled. Only the owner of the daemon's process can connect."""
    path = socket_path(store)
    path.unlink(missing_ok=True)
    talking: set[asyncio.Task[Any] | None] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(task := asyncio.current_task())
        try:
            with suppress(ConnectionError, ValueError, RecursionError, asyncio.CancelledError):
                said = await _said(answer, json.loads(await reader.readline()))
                writer.write(json.dumps(said).encode() + b"\n")
                await writer.drain()
        finally:
            talking.discard(task)
            writer.close()

    with _short_name(path) as name:
        before = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(talk, name, limit=_MOST_BYTES)
        finally:
            os.umask(before)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in talking:  # who connects and says nothing must not keep the daemon from ending
                if task is not None:
                    task.cancel()
            path.unlink(missing_ok=True)


async def _said(answer: Callable[[Answer], Awaitable[Answer]], request: Any) -> Answer:
    try:
        return await answer(request)
    except Exception as error:  # a full disk, say: whoever asked must not wait in vain
        log.exception("a command failed")
        why = (str(error) or type(error).__name__).splitlines()[0]
        return {"ok": False, "message": f"the running collector could not do it: {why}"}
