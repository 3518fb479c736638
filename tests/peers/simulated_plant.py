"""A simulated plant that is being served, for tests with real sockets."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from config.load import load_site
from config.site import Site
from plant.instant import parse_instant
from simulators.clock import PlantClock
from simulators.serve import Listening, serve

HEAD = "plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}\ndevices:\n"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def site_of(folder: Path, devices: str) -> Site:
    path = folder / "site.yaml"
    path.write_text(HEAD + devices, encoding="utf-8")
    return load_site(path)


def truth_of(folder: Path) -> list[tuple[int, str, Any]]:
    rows = [json.loads(line) for line in (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(parse_instant(row["time"]), row["tag"], row["value"]) for row in rows]


@asynccontextmanager
async def served(site: Site, folder: Path, clock: PlantClock | None = None) -> AsyncIterator[Listening]:
    stop = asyncio.Event()
    listening: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    plant = asyncio.create_task(
        serve(site, folder, folder / "truth.jsonl", 1, stop, announce=listening.set_result, clock=clock)
    )
    await asyncio.wait([plant, listening], return_when=asyncio.FIRST_COMPLETED)
    try:
        if listening.done():
            yield listening.result()
    finally:
        stop.set()
        await plant


def modbus_site(folder: Path, port: int) -> Site:
    return site_of(
        folder,
        f"""
  - {{id: press, protocol: modbus, host: 127.0.0.1, port: {port}, unit: 1, tags: [
      {{name: good, work_unit: press1, role: good_count, table: holding, address: 10, type: uint32, order: CDAB}},
      {{name: total, work_unit: press1, role: produced_count, table: holding, address: 12, type: int64,
        order: BADCFEHG}},
      {{name: state, work_unit: press1, role: state, table: holding, address: 20, type: uint16}},
      {{name: temperature, work_unit: press1, role: temperature, unit: degF, table: holding, address: 21,
        type: int16, scale: 0.1}},
      {{name: order, work_unit: press1, role: order_id, table: holding, address: 22, type: string, length: 7}},
      {{name: speed, work_unit: press1, role: speed, table: holding, address: 27, type: uint16, scale_from: 28}},
      {{name: coil, work_unit: press2, role: state, table: coil, address: 5,
        states: {{0: NotExecuting, 1: Executing}}}}]}}
  - {{id: meter, protocol: modbus, host: 127.0.0.1, port: {port}, unit: 7, tags: [
      {{name: energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}},
      {{name: power, work_unit: plant, role: power, unit: W, table: input, address: 52, type: float64}},
      {{name: reactive, work_unit: plant, role: reactive_import, table: input, address: 80, type: bcd32}}]}}
""",
    )


def opcua_site(folder: Path, port: int, security: str) -> Site:
    return site_of(
        folder,
        f"""
  - {{id: line, protocol: opcua, endpoint: "opc.tcp://127.0.0.1:{port}", security: {security}, sampling_ms: 20, tags: [
      {{name: good, work_unit: press1, role: good_count, node: "ns=2;s=Press1.Good"}},
      {{name: state, work_unit: press1, role: state, node: "ns=3;i=4711"}},
      {{name: energy, work_unit: press1, role: energy_import, unit: Wh, node: "nsu=urn:press;s=Energy=a;b"}},
      {{name: order, work_unit: press1, role: order_id, node: "nsu=urn:press;s=Order"}}]}}
""",
    )
