"""What is lost when the link to a server, or the server, dies again and again? Counted against all that it changed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from fault_proxy import Fault, FaultProxy
from opcua_server import Press
from opcua_store import COUNT, Run, Store, device, process, stored

from connectors.opcua import OpcUaConnector
from plant.gap import Gap


@dataclass(frozen=True, slots=True)
class Loss:
    """changed: how many values the server had. missing: those that never came; undeclared: of them, in no gap."""

    changed: int
    missing: int
    undeclared: list[float]
    doubled: int


def hasten(patch: pytest.MonkeyPatch) -> None:
    """Keep-alives every 0.3 s and answers within 1 s, so that a death takes seconds and not minutes."""
    patch.setattr("connectors.opcua_continuity.KEEP_ALIVE_S", 0.3)
    patch.setattr("connectors.opcua_link.PROBE_S", 0.5)
    for deadline in ("ANSWER_S", "CLOSE_S"):
        patch.setattr(f"connectors.opcua_connection.{deadline}", 1.0)


async def one_way_cuts(press: Press, run: Run, folder: Path, cuts: int) -> Loss:
    """After a keep-alive what the server sends is swallowed, two values change, and the link is reset."""
    changed: list[tuple[float, int]] = []
    async with FaultProxy(press.port).serving() as proxy:
        connector = OpcUaConnector(device(proxy.port, COUNT), folder)
        async with stored(connector) as store:
            await store.until(lambda: bool(store.rows))
            for _ in range(cuts):
                await _keep_alive(store)
                proxy.to_client.fault = Fault.SWALLOW
                before = proxy.to_client.read
                for _ in range(2):
                    changed.append(await asyncio.to_thread(run, _change(press, len(changed) + 1)))
                await proxy.to_client.until_read(before + 1)
                proxy.heal()
                proxy.cut()
                last = changed[-1][0]
                await store.until(lambda last=last: last in store.values("press.count"))
    return _loss(store, changed)


async def server_kills(port: int, folder: Path, kills: int, values: int = 30) -> Loss:
    """A server that counts every 10 ms is killed with SIGKILL and started again; its own log says what it had."""
    log = folder / "changed.log"
    async with stored(OpcUaConnector(device(port, COUNT), folder / "ours")) as store:
        for _ in range(kills):
            with process(port, log):
                had = len(store.values("press.count", snapshot=False))
                await store.until(lambda had=had: len(store.values("press.count", False)) > had + values)
            gaps = len(store.gaps)
            await store.until(lambda gaps=gaps: len(store.gaps) > gaps)
        with process(port, log):
            gaps = len(store.gaps)
            await store.until(lambda: len(store.gaps) > gaps)
    lines = [line.split() for line in log.read_text(encoding="utf-8").splitlines()]
    first_us, last_us = store.rows[0][1], store.rows[-1][1]
    had_all = [(float(line[0]), int(line[1])) for line in lines if len(line) == 2]
    return _loss(store, [one for one in had_all if first_us <= one[1] <= last_us])


async def _keep_alive(store: Store) -> None:
    had = len(store.handovers)
    await store.until(lambda: any(one.batch is None and not one.gaps for one in store.handovers[had:]))


async def _change(press: Press, number: int) -> tuple[float, int]:
    return float(number), await press.change("Count", number, ua.VariantType.Int64)


def _loss(store: Store, changed: list[tuple[float, int]]) -> Loss:
    values = [row[2] for row in store.rows if row[0] == "press.count"]
    keys = {(row[1], row[2]) for row in store.rows if row[0] == "press.count"}
    came = set(values)
    missing = [(value, at_us) for value, at_us in changed if value not in came]
    closed = [gap for gap in store.gaps if gap.end_us is not None]
    undeclared = [value for value, at_us in missing if not any(_covers(gap, at_us) for gap in closed)]
    return Loss(len(changed), len(missing), undeclared, _events_doubled(store, keys))


def _events_doubled(store: Store, keys: set[tuple[int, float]]) -> int:
    events: list[Any] = [(row[1], row[2]) for row in store.rows if row[0] == "press.count" and not row[4]]
    return len(events) - len(keys.intersection(events))


def _covers(gap: Gap, at_us: int) -> bool:
    return gap.end_us is not None and gap.start_us <= at_us <= gap.end_us
