"""A server that sends too much, or nonsense, ends its own link: it never costs memory."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

import pytest
from opcua_liar import PIECE, Liar, acknowledge, endless, frame, lying, opened, part
from opcua_store import COUNT, device, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_transport import LARGEST_MESSAGE

pytestmark = pytest.mark.timeout(60)

MOST_MEMORY = 48 * 2**20
BAD_RESPONSE_TOO_LARGE = 0x80B90000.to_bytes(4, "little")

FRAMES: dict[str, tuple[list[bytes], Callable[[], Iterator[bytes]], str]] = {
    "announces 2 GiB": (
        [],
        lambda: iter([frame(b"ACK", b"", size=2**31 - 1), *[bytes(PIECE)] * 2000]),
        "frame of 2147483647 bytes",
    ),
    "announces nothing": ([], lambda: repeat(frame(b"ACK", b"", size=0)), "frame of 0 bytes"),
    "speaks HTTP": ([], lambda: repeat(b"HTTP/1.1 400 Bad Request\r\n" * 1000), "is not OPC UA"),
    "takes one byte at once": ([], lambda: iter([acknowledge(receive=1)]), "takes frames of 1 bytes only"),
    "acknowledges for ever": ([], lambda: repeat(acknowledge()), "cannot be understood"),
    "states no limits and goes beyond ours": (
        [acknowledge(2**32 - 1, 2**32 - 1), opened()],
        lambda: iter([part(2, bytes(70_000), b"F")]),
        "frame of 70024 bytes",
    ),
    "sends chunks without end": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(PIECE))),
        "BadRequestTooLarge",
    ),
    "sends empty chunks without end": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, b"")),
        "BadRequestTooLarge",
    ),
    "answers what nobody asked": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(PIECE), b"F", request=77)),
        "never sent",
    ),
    "breaks an answer off": (
        [acknowledge(), opened()],
        lambda: iter([part(2, BAD_RESPONSE_TOO_LARGE + bytes(4), b"A")]),
        "BadResponseTooLarge",
    ),
    "breaks off what nobody asked": (
        [acknowledge(), opened()],
        lambda: endless(lambda number: part(number, bytes(8), b"A", request=77)),
        "never sent",
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_what_is_no_opc_ua_or_too_much_ends_the_link(name: str, tmp_path: Path) -> None:
    good, lies, cause = FRAMES[name]
    assert MOST_MEMORY > 2 * LARGEST_MESSAGE

    async def scenario(liar: Liar) -> None:
        async with stored(OpcUaConnector(device(liar.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.gaps))
            assert cause in store.gaps[0].cause
            assert len(store.gaps[0].cause) < 250

    tracemalloc.start()
    try:
        with lying(Liar(good, lies)) as liar:
            asyncio.run(scenario(liar))
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert liar.sent < 64 * 2**20, "nobody read on"


def test_a_frame_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.opcua_connection.ANSWER_S", 0.5)

    async def scenario(liar: Liar) -> None:
        async with stored(OpcUaConnector(device(liar.port, COUNT), tmp_path)) as store:
            await store.until(lambda: bool(store.gaps))
            assert "no answer in time" in store.gaps[0].cause

    with lying(Liar([], lambda: iter([acknowledge()[:8], *[b"\0"] * 11]), pause_s=0.2)) as liar:
        asyncio.run(scenario(liar))
