"""The OPC UA reader against node-opcua: a server of another maker, so that two wrongs of one library do not meet."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from opcua_server import URI
from opcua_store import device, free_port, stored

from connectors.opcua import OpcUaConnector
from connectors.opcua_security import trust
from plant.status_code import parse_status
from tests.left_out import left_out

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
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder in which the server's packages are installed."""
    folder = tmp_path_factory.mktemp("node")
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        left_out("node-opcua: node and npm are not installed")
    shutil.copy(SOURCES / "package.json", folder)
    command = [npm or "", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    except subprocess.TimeoutExpired:
        left_out("node-opcua: npm install took longer than 180 s")
    if done.returncode:
        left_out(f"node-opcua: npm install failed: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture(scope="module")
def port(packages: Path) -> Iterator[int]:
    number = free_port()
    command = ["node", str(SOURCES / "server.js"), str(number), str(packages)]
    server = subprocess.Popen(command, cwd=packages, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        said = []
        while not said or (said[-1] and said[-1] != "ready\n"):
            said.append(server.stdout.readline())
        assert said[-1] == "ready\n", "".join(said)
        yield number
    finally:
        server.kill()
        server.communicate()


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
