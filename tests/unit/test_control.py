import asyncio
import contextlib
import logging
import socket
import stat
from pathlib import Path
from typing import Any

import pytest

from collector import control
from collector.control import ask, serve, socket_path


async def echo(request: Any) -> dict[str, Any]:
    if request == {"command": "fail"}:
        raise OSError("the disk is full\nand more")
    if request == {"command": "wait"}:
        await asyncio.Event().wait()
    return {"ok": True, "request": request}


@contextlib.asynccontextmanager
async def serving(store: Path):
    task = asyncio.create_task(serve(store, echo))
    async with asyncio.timeout(5):
        while await asyncio.to_thread(ask, store, {"command": "ready"}) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    try:
        yield
    finally:
        task.cancel()
        async with asyncio.timeout(5):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        assert task.done()


def talk(store: Path, *requests: dict[str, Any]) -> list[Any]:
    async def both():
        async with serving(store):
            return [await asyncio.to_thread(ask, store, request) for request in requests]

    return asyncio.run(both())


def raw(store: Path, sent: bytes) -> bytes:
    with control._short_name(socket_path(store)) as name, socket.socket(socket.AF_UNIX) as link:
        link.settimeout(5)
        link.connect(name)
        with contextlib.suppress(ConnectionError):
            link.sendall(sent)
            link.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            return link.recv(2**20)
        return b""


def test_a_request_is_answered_and_text_of_any_script_comes_through(tmp_path: Path) -> None:
    request = {"command": "status", "name": "한빛정밀", "n": 2**40}
    assert talk(tmp_path / "plant.db", request, request) == [{"ok": True, "request": request}] * 2


def test_only_the_owner_may_connect_and_the_socket_goes_with_the_daemon(tmp_path: Path) -> None:
    store = tmp_path / "plant.db"

    async def look():
        async with serving(store):
            return stat.S_IMODE(socket_path(store).stat().st_mode)

    assert asyncio.run(look()) & 0o077 == 0
    assert not socket_path(store).exists()


def test_without_a_daemon_there_is_no_answer_even_where_a_killed_one_left_its_socket(tmp_path: Path) -> None:
    store = tmp_path / "plant.db"
    assert ask(store, {}) is None
    with control._short_name(socket_path(store)) as name, socket.socket(socket.AF_UNIX) as left:
        left.bind(name)
    assert ask(store, {}) is None
    assert talk(store, {"command": "x"})[0]["ok"] is True


def test_a_folder_however_deep_will_do(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8)
    deep.mkdir(parents=True)
    assert talk(deep / "plant.db", {"command": "x"})[0]["ok"] is True


def test_a_command_that_fails_is_told_why_at_once(tmp_path: Path) -> None:
    logging.getLogger("collector.control").setLevel(logging.CRITICAL)
    failed, after = talk(tmp_path / "plant.db", {"command": "fail"}, {"command": "x"})
    assert failed == {"ok": False, "message": "the running collector could not do it: the disk is full"}
    assert after["ok"] is True


@pytest.mark.parametrize(
    "sent", [b"", b"\n", b"x\n", b"[" * 100_000 + b"\n", b"\xff\n", b'"' + b"x" * 2**21 + b"\n", b"{"]
)
def test_nonsense_is_hung_up_on_and_harms_nobody(tmp_path: Path, sent: bytes) -> None:
    store = tmp_path / "plant.db"

    async def both():
        async with serving(store):
            assert await asyncio.to_thread(raw, store, sent) == b""
            return await asyncio.to_thread(ask, store, {"command": "x"})

    assert asyncio.run(both())["ok"] is True


def test_who_connects_and_says_nothing_keeps_nobody_from_ending(tmp_path: Path) -> None:
    store = tmp_path / "plant.db"

    async def both():
        with socket.socket(socket.AF_UNIX) as silent, socket.socket(socket.AF_UNIX) as waiting:
            async with serving(store):
                with control._short_name(socket_path(store)) as name:
                    for link in (silent, waiting):
                        link.connect(name)
                waiting.sendall(b'{"command": "wait"}\n')
                await asyncio.sleep(0.1)

    asyncio.run(both())
