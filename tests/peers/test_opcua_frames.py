"""A server that sends too much, or nonsense, ends its own link: it never costs memory."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest
from opcua_frames import FRAMES
from opcua_liar import Liar, acknowledge, lying
from opcua_store import COUNT, device, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_transport import LARGEST_MESSAGE

pytestmark = pytest.mark.timeout(60)

MOST_MEMORY = 64 * 2**20


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
