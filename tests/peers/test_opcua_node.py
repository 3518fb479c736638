"""The OPC UA reader against node-opcua: a server of another maker, so that two wrongs of one library do not meet."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from node_server import installed, served_by_node
from opcua_server import URI
from opcua_store import device, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_security import trust
from plant.status_code import parse_status

pytestmark = pytest.mark.timeout(240)

SOURCES = Path(__file__).with_name("node")
COUNTS = tuple(
    {"name": f"press{number}.count", "role": "produced_count", "node": f"nsu={URI};s=Count{number}"}
    for number in range(40)
)
TAGS = (
    *COUNTS,
    {"name": "press.power", "role": "power", "unit": "W", "node": f"nsu={URI};s=Power"},
    {"name": "press.order", "role": "order_id", "node": f"nsu={URI};s=Order"},
    {"name": "press.running", "role": "other", "node": f"nsu={URI};s=Running"},
    {"name": "press.gone", "role": "other", "node": f"nsu={URI};s=Gone"},
)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served_by_node(SOURCES, installed(SOURCES, tmp_path_factory.mktemp("node"))) as number:
        yield number


@pytest.mark.parametrize("security", ["none", "Basic256Sha256", "Aes128-Sha256-RsaOaep", "Aes256-Sha256-RsaPss"])
def test_every_count_is_read_once_while_commits_are_slow(port: int, tmp_path: Path, security: str) -> None:
    settings = device(port, TAGS, security=security)

    async def scenario() -> None:
        if security != "none":
            await trust(settings, tmp_path)
        connector = OpcUaConnector(settings, tmp_path)
        async with stored(connector, commit_s=0.2) as store:
            await store.until(lambda: len(store.values("press39.count", snapshot=False)) > 12)
        for tag in COUNTS:
            assert set(np.diff(store.values(tag["name"]))) == {1.0}
            assert all(np.diff([row[1] for row in store.rows if row[0] == tag["name"]]) > 0)
        last = {row[0]: row for row in store.rows}
        assert last["press.power"][2] == 1.5
        assert last["press.running"][2] == 1.0
        assert last["press.order"][3] == parse_status("UncertainLastUsableValue")
        assert last["press.gone"][3] == parse_status("BadNodeIdUnknown")
        assert store.texts == ["A-4712"]
        assert store.gaps == []

    asyncio.run(scenario())


def test_polling_reads_the_same(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        connector = OpcUaConnector(device(port, TAGS, mode="poll", poll_s=0.02), tmp_path)
        async with stored(connector) as store:
            await store.until(lambda: len(store.values("press39.count")) > 5)
        assert (
            min(np.diff(store.values("press39.count"))) >= 1
        )  # a poll sees what changed since the last, never it again
        assert store.values("press.power") == [1.5], "a value that did not change is read once"
        assert len(store.values("press.gone")) == 1

    asyncio.run(scenario())
