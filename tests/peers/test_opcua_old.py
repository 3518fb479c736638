"""The OPC UA reader against python-opcua 0.98.13: the old library that still runs in many gateways."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fault_proxy import FaultProxy
from opcua_store import TAGS, device, free_port, stored

from connectors.opcua import OpcUaConnector
from tests.left_out import left_out

pytestmark = pytest.mark.timeout(240)

PACKAGES = ("opcua==0.98.13", "lxml")
"""What it needs besides is among what the tests have anyway."""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("old") / "packages"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", "lxml", "--no-compile", "--target", str(folder), *PACKAGES]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        left_out("python-opcua: pip install took longer than 120 s")
    if done.returncode:
        left_out(f"python-opcua: pip install failed: {done.stderr.strip()[-200:]}")
    with served(folder) as number:
        yield number


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    number = free_port()
    command = [sys.executable, str(Path(__file__).with_name("old_opcua_server.py")), str(number), str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        yield number
    finally:
        server.kill()
        server.communicate()


def test_every_count_is_read_once(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port), tmp_path), commit_s=0.1) as store:
            await store.until(lambda: len(store.values("press.count", snapshot=False)) > 100)
        assert set(np.diff(store.values("press.count"))) == {1.0}
        assert store.values("press.power") == [1.5]
        assert store.values("press.running") == [1.0]
        assert store.texts == ["A-4711"]
        assert store.gaps == []

    asyncio.run(scenario())


def test_a_cut_loses_nothing_but_what_is_declared(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with FaultProxy(port).serving() as proxy, stored(OpcUaConnector(device(proxy.port), tmp_path)) as store:
            await store.until(lambda: len(store.values("press.count", snapshot=False)) > 20)
            proxy.cut()
            await store.until(lambda: bool(store.gaps) and store.gaps[-1].end_us is not None)
            had = len(store.values("press.count", snapshot=False))
            await store.until(lambda: len(store.values("press.count", snapshot=False)) > had + 20)
            end_us = store.gaps[-1].end_us
        start_us = store.gaps[0].start_us
        counts = [row for row in store.rows if row[0] == "press.count"]
        jumps = [later for row, later in pairwise(counts) if later[2] - row[2] > 1]
        assert all(start_us <= row[1] for row in jumps)
        assert end_us is not None
        assert all(row[2] == later[2] - 1 for row, later in pairwise(counts) if row[1] > end_us)

    asyncio.run(scenario())


def test_polling_reads_the_same(port: int, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with stored(OpcUaConnector(device(port, mode="poll", poll_s=0.05), tmp_path)) as store:
            await store.until(lambda: len(store.values("press.count")) > 10)
        assert min(np.diff(store.values("press.count"))) >= 1
        assert store.values("press.power") == [1.5]
        assert {row[0] for row in store.rows} == {tag["name"] for tag in TAGS}

    asyncio.run(scenario())
