"""A server that hangs up on whoever asks it for something: it is not asked that for ever."""

import asyncio
from pathlib import Path

import pytest
from fault_proxy import FaultProxy
from opcua_cuts import hasten
from opcua_server import Press, running
from opcua_store import COUNT, device, free_port, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_product import Product

pytestmark = pytest.mark.timeout(90)

TRANSFER = b"\x01\x00\x49\x03"  # TypeId of TransferSubscriptionsRequest, i=841


@pytest.mark.parametrize("does", ["hangs up", "never answers"])
def test_a_server_that_cannot_bear_to_be_asked_for_a_transfer_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    hasten(monkeypatch)
    monkeypatch.setattr("connectors.opcua_link.transfers", lambda product: isinstance(product, Product))
    monkeypatch.setattr("connectors.opcua_connection.ANSWER_S", 0.5)
    asked = 0
    press = Press(free_port())

    async def scenario() -> None:
        async with FaultProxy(press.port).serving() as proxy:

            def seen(data: bytes) -> None:
                nonlocal asked
                if TRANSFER in data:
                    asked += 1
                    if does == "hangs up":
                        proxy.cut()

            async def swallow(self: object, subscription_id: int) -> None:
                nonlocal asked
                asked += 1
                raise TimeoutError

            proxy.to_server.seen = seen
            if does == "never answers":
                monkeypatch.setattr("connectors.opcua_session.QuietSession.take_over", swallow)
            async with stored(OpcUaConnector(device(proxy.port, COUNT), tmp_path)) as store:
                await store.until(lambda: any(one.position for one in store.handovers))
                proxy.cut()
                await store.until(lambda: len(store.gaps) == 2)
                assert store.gaps[1].end_us is not None
                assert store.gaps[1].end_us > store.gaps[1].start_us, "what was not bridged is declared"

    with running(press):
        asyncio.run(scenario())
    assert 1 <= asked <= 3
