"""The OPC UA reader against servers that bear little in one call, and nodes that vanish and come back."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.server.internal_session import InternalSession
from opcua_server import Press, running
from opcua_store import TAGS, Run, device, free_port, stored

from connectors.opcua import OpcUaConnector
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Press, Run]]:
    press = Press(free_port())
    with running(press) as run:
        yield press, run


def bearing(monkeypatch: pytest.MonkeyPatch, service: str, operations: str, most: int) -> list[int]:
    """Let the server refuse larger calls of a service; sizes of those that it took."""
    taken: list[int] = []
    served: Callable[..., Any] = getattr(InternalSession, service)

    async def limited(self: InternalSession, parameters: Any) -> Any:
        count = len(getattr(parameters, operations))
        if count > most:
            raise ServiceError(ua.StatusCodes.BadTooManyOperations)
        taken.append(count)
        return await served(self, parameters)

    monkeypatch.setattr(InternalSession, service, limited)
    return taken


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
def test_a_server_that_bears_less_than_it_says_is_asked_for_less(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    bearing(monkeypatch, "read", "NodesToRead", 2)
    created = bearing(monkeypatch, "create_monitored_items", "ItemsToCreate", 2)

    async def scenario() -> None:
        async with stored(OpcUaConnector(device(shared[0].port, mode=mode, poll_s=0.05), tmp_path)) as store:
            await store.until(lambda: {row[0] for row in store.rows if row[3] == 0} == {tag["name"] for tag in TAGS})
        assert store.gaps == []

    asyncio.run(scenario())
    assert created == ([2, 2, 1] if mode == "subscribe" else [])


def test_what_the_site_file_says_is_kept(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = bearing(monkeypatch, "create_monitored_items", "ItemsToCreate", 1000)
    read = bearing(monkeypatch, "read", "NodesToRead", 1000)

    async def scenario() -> None:
        settings = device(shared[0].port, max_items_per_call=3, max_nodes_per_read=4)
        connector = OpcUaConnector(settings, tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.rows) == len(TAGS))
        read.clear()
        await connector.read_once()

    asyncio.run(scenario())
    assert created == [3, 2]
    assert read[-2:] == [4, 1]


def test_a_node_that_vanishes_is_watched_again_when_it_is_back(
    shared: tuple[Press, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.opcua_items.RETRY_S", 0.3)
    press, run = shared

    async def vanish() -> None:
        """As when a program is downloaded: the items of the old node stay and report nothing any more."""
        gone = ua.DataValue(StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadNodeIdUnknown)))
        await press.nodes["Power"].write_value(gone)
        data = press.server.iserver.aspace[press.nodes["Power"].nodeid]
        callbacks = data.attributes[ua.AttributeIds.Value].datachange_callbacks
        callbacks.update(dict.fromkeys(callbacks, lambda *_: asyncio.sleep(0)))

    async def scenario() -> None:
        connector = OpcUaConnector(device(press.port, TAGS[:2]), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: store.values("press.power") == [1.5])
            await asyncio.to_thread(run, vanish())
            unknown = parse_status("BadNodeIdUnknown")
            await store.until(lambda: any(row[3] == unknown for row in store.rows))
            assert connector.health.refused_tags == {"press.power": "BadNodeIdUnknown"}
            await asyncio.to_thread(run, press.write("Power", 2000.0, ua.VariantType.Double))
            for number in range(1, 100):
                await asyncio.to_thread(run, press.write("Count", number, ua.VariantType.Int64))
                await store.until(lambda number=number: float(number) in store.values("press.count"))
                if 2.0 in store.values("press.power"):
                    break
                await asyncio.sleep(0.05)
            assert store.values("press.power", snapshot=True) == [1.5, 2.0]
            await asyncio.to_thread(run, press.write("Power", 3000.0, ua.VariantType.Double))
            await store.until(lambda: 3.0 in store.values("press.power", snapshot=False))
            assert connector.health.refused_tags == {}
            assert store.gaps == []

    asyncio.run(scenario())
