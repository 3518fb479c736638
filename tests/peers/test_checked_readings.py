"""What do `check --connect` and `read --device` say of a meter's values, and of those that cannot be had?"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from served_registers import ServedRegisters, serving
from simulated_plant import free_port

from tests.acceptance.plant_files import run

REGISTERS = {0: 0x4640, 1: 0xE6AE, 2: 0xE6AE, 3: 0x4640, 4: 0x8000, 5: 0x0000}  # 12345.67 as float32, and swapped

SITE = """plant: {{id: abc, time_zone: Asia/Seoul}}
devices:
- id: main
  protocol: modbus
  host: 127.0.0.1
  port: {port}
  answer_timeout_s: 0.3
  max_hole: 0
  tags:
{tags}
"""
TAG = "  - {{name: {0}, work_unit: plant, role: {1}, table: holding, address: {2}, type: {3}{4}}}\n"


@contextlib.contextmanager
def served(registers: Mapping[int, int], silent: tuple[int, ...] = ()) -> Iterator[int]:
    """The port at which these holding registers are served, by a thread of its own."""
    ports: list[int] = []
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with serving(ServedRegisters({"holding": registers}, silent=silent)) as port:
            ports.append(port)
            loops.append(asyncio.get_running_loop())
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield ports[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)


def site(folder: Path, port: int, *tags: tuple[str, str, int, str, str]) -> str:
    file = folder / "site.yaml"
    file.write_text(SITE.format(port=port, tags="".join(TAG.format(*tag) for tag in tags)))
    return str(file)


RIGHT = ("energy", "energy_import", 0, "float32", ", max_rate: 100")
SWAPPED = ("swapped", "energy_import", 2, "float32", ", max_rate: 100")


def test_check_prints_values_and_doubts_those_that_cannot_be(tmp_path: Path) -> None:
    with served(REGISTERS) as port:
        path = site(tmp_path, port, RIGHT, SWAPPED)
        said, found = run("check", path, "--connect"), run("check", path, "--connect", "--json")
    assert (said.code, found.code) == (0, 0)
    assert "main: energy: Good 12,345.66992 kWh" in said.out.splitlines()
    energy, swapped = found.json["readings"]
    assert energy == {"device": "main", "tag": "energy", "status": "Good", "value": energy["value"], "unit": "kWh"}
    assert energy["value"] == pytest.approx(12345.67)
    doubts = [one for one in found.json["warnings"] if "check address, type, order" in one]
    assert doubts == [f"swapped: {swapped['value']:.6g} kWh: {doubts[0].split(': ')[2]}"]
    assert "energy_import cannot be below 0" in doubts[0]
    assert f"warning: {doubts[0]}" in said.out.splitlines()


def test_a_register_that_says_it_has_no_value_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    exported = ("exported", "energy_export", 4, "int32", ", max_rate: 100, bad_values: [-2147483648]")
    with served(REGISTERS) as port:
        path = site(tmp_path, port, RIGHT, exported)
        found, read = run("check", path, "--connect", "--json"), run("read", path, "--device")
    assert (found.code, found.json["faults"]) == (0, [])
    assert [row["status"] for row in found.json["readings"]] == ["Good", "BadNoData"]
    why = "exported: no value now: the device says so by one of its bad_values"
    assert why in found.json["warnings"]
    assert why in read.out.splitlines()


def test_a_tag_that_is_refused_or_not_answered_names_device_address_and_what_helps(tmp_path: Path) -> None:
    refused = ("refused", "voltage", 700, "uint16", "")
    silent = ("silent", "current", 800, "uint16", "")
    with served(REGISTERS, silent=(800,)) as port:
        path = site(tmp_path, port, RIGHT, refused, silent)
        found, read = run("check", path, "--connect", "--json"), run("read", path, "--device", "--json")
    assert found.code == 3
    faults = {one["key"]: one["message"] for one in found.json["faults"]}
    assert faults == {
        "refused": f"BadConfigurationError (127.0.0.1:{port}, unit 1, holding 700 (refused): exception 2, illegal data "
        "address). Try fewer of them, the other table, or an address one less: manuals often count from 1.",
        "silent": f"BadTimeout (127.0.0.1:{port}, unit 1, holding 800 (silent): no answer within 0.3 s). "
        "Try fewer of them, the other table, or an address one less: manuals often count from 1.",
    }
    reasons = {row["tag"]: row.get("reason") for row in read.json["readings"]}
    assert reasons == {"energy": None, **faults}


def test_tags_of_a_device_that_is_away_are_one_line_with_what_helps(tmp_path: Path) -> None:
    port = free_port()
    said = run("check", site(tmp_path, port, RIGHT, SWAPPED), "--connect")
    assert said.code == 3
    (fault,) = [line for line in said.out.splitlines() if line.startswith("fault: ")]
    assert fault.startswith("fault: energy, swapped: BadNoCommunication (")
    assert f"127.0.0.1:{port}" in fault
    assert fault.endswith("Check the port, and that the server in the device is switched on.")
