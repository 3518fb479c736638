"""A thousand one-way cuts after a keep-alive and two hundred kills of the server: nothing lost but what is declared."""

import asyncio
import os
from pathlib import Path

import pytest
from opcua_cuts import hasten, one_way_cuts, server_kills
from opcua_server import Press, running
from opcua_store import free_port

CUTS = int(os.environ.get("SMARTWINGS_SOAK_CUTS", "1000"))
SERVER_KILLS = int(os.environ.get("SMARTWINGS_SOAK_SERVER_KILLS", "200"))


@pytest.fixture(autouse=True)
def hastened(monkeypatch: pytest.MonkeyPatch) -> None:
    hasten(monkeypatch)


def test_one_way_cuts_lose_nothing_undeclared(tmp_path: Path) -> None:
    press = Press(free_port())
    with running(press) as run:
        loss = asyncio.run(one_way_cuts(press, run, tmp_path, CUTS))
    assert loss.changed == 2 * CUTS
    assert loss.undeclared == []
    assert loss.doubled == 0


def test_server_kills_lose_nothing_undeclared(tmp_path: Path) -> None:
    loss = asyncio.run(server_kills(free_port(), tmp_path, SERVER_KILLS))
    assert loss.changed > 30 * SERVER_KILLS
    assert loss.undeclared == []
    assert loss.doubled == 0
