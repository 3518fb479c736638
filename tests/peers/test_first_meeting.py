"""Devices that nobody has read yet, over real sockets: what they hold, what servers have, what stands in the way."""

import asyncio
import contextlib
import json
import os
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import ua
from lying_device import LyingDevice, adu
from opcua_server import URI, Press, running
from simulated_plant import free_port

from config.devices import ModbusDevice, OpcUaDevice
from connectors.modbus_probe import Probe, probed
from connectors.opcua_browse import browsed
from connectors.opcua_introduction import introduced, trusted
from connectors.reachability import WORDS, Obstacle, UnreachableError, serial_obstacle
from tests.acceptance.plant_files import run


def device(port: int, **more: Any) -> ModbusDevice:
    return ModbusDevice(**{"id": "d", "protocol": "modbus", "host": "127.0.0.1", "port": port, "unit": 1, **more})


def obstacle(work: Callable[[], Awaitable[Any]]) -> UnreachableError:
    with pytest.raises(UnreachableError) as caught:
        asyncio.run(work())  # type: ignore[arg-type]
    assert str(caught.value).startswith(WORDS[caught.value.obstacle].meaning)
    return caught.value


@contextlib.asynccontextmanager
async def answering(answer: bytes | None):
    """A server that answers whatever it is asked with these bytes; None: it closes at once."""

    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(asyncio.current_task())  # type: ignore[arg-type]
        with contextlib.suppress(ConnectionError):
            if answer is not None:
                await reader.read(1)
                writer.write(answer)
                await writer.drain()
                await reader.read()
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*talking)


def test_a_probe_reads_its_registers_in_requests_that_fit() -> None:
    async def read() -> None:
        async with LyingDevice().serving() as meter:
            words = await probed(device(meter.port), Probe("holding", 10, 300))
        assert len(words) == 300
        assert [(one.address, one.count) for one in meter.requests] == [(10, 125), (135, 125), (260, 50)]
        assert {one.function for one in meter.requests} == {3}
        assert np.unique(words).tolist() == [1, 2, 3]

    asyncio.run(read())


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (1, Obstacle.FUNCTION_REFUSED),
        (2, Obstacle.ADDRESS_REFUSED),
        (4, Obstacle.OTHER),
        (6, Obstacle.BUSY),
        (11, Obstacle.GATEWAY),
    ],
)
def test_a_refusal_is_said_with_its_remedy(code: int, found: Obstacle) -> None:
    async def refuse(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(adu(request, bytes([request.function | 0x80, code])))

    async def ask() -> None:
        async with LyingDevice(lie=refuse).serving() as meter:
            await probed(device(meter.port), Probe("input", 0, 2))

    error = obstacle(ask)
    assert error.obstacle is found
    assert f"exception {code}" in error.detail


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Obstacle.NOT_MODBUS),
        (b"", Obstacle.UNIT_SILENT),
        (None, Obstacle.CLOSED),
    ],
)
def test_what_is_no_modbus_is_told_from_what_is_silent(answer: bytes | None, found: Obstacle) -> None:
    async def ask() -> None:
        async with answering(answer) as port:
            await probed(device(port), Probe("input", 0, 2))

    assert obstacle(ask).obstacle is found


def test_an_address_where_nobody_is_says_so() -> None:
    port = free_port()
    assert obstacle(lambda: probed(device(port), Probe("input", 0, 2))).obstacle is Obstacle.REFUSED
    nowhere = device(port, host="no-such-machine.invalid")
    assert obstacle(lambda: probed(nowhere, Probe("input", 0, 2))).obstacle is Obstacle.NAME
    odd = device(port, host="a" * 70 + ".example")
    assert obstacle(lambda: probed(odd, Probe("input", 0, 2))).obstacle is Obstacle.NAME
    assert obstacle(lambda: introduced(f"opc.tcp://127.0.0.1:{port}")).obstacle is Obstacle.REFUSED


def test_what_is_no_opcua_says_so() -> None:
    async def ask() -> None:
        async with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
            await introduced(f"opc.tcp://127.0.0.1:{port}")

    assert obstacle(ask).obstacle is Obstacle.NOT_OPCUA


async def furnish(press: Press) -> None:
    """A folder with a machine in it, one of whose variables has a unit."""
    index = await press.server.get_namespace_index(URI)
    line = await press.server.nodes.objects.add_folder(ua.NodeId("Line", index), ua.QualifiedName("Line 1", index))
    machine = await line.add_object(ua.NodeId("P9", index), ua.QualifiedName("Press9", index))
    energy = await machine.add_variable(ua.NodeId("P9.Energy", index), "TotalEnergy", 12.5)
    unit = ua.EUInformation(DisplayName=ua.LocalizedText("kWh"), NamespaceUri="", UnitId=0)
    await energy.add_property(ua.NodeId("P9.Unit", index), ua.QualifiedName("EngineeringUnits", 0), unit)
    await energy.add_property(ua.NodeId("P9.Range", index), "EURange", 3.0)
    await machine.add_variable(ua.NodeId("P9.Odd", index), "List", [1, 2])
    await machine.add_reference(press.server.nodes.objects, ua.ObjectIds.Organizes)  # a circle


def test_variables_are_found_with_value_unit_and_role_and_the_list_can_be_used(tmp_path: Path) -> None:
    press, file = Press(free_port()), tmp_path / "found.csv"
    with running(press) as there:
        there(furnish(press))
        done = run("browse", press.url, "--tags", str(file), "--json")
        assert (done.code, done.err) == (0, f"wrote {file}\n")
        found = {one["path"]: one for one in json.loads(done.out)["variables"]}
        assert sorted(found) == [
            "Count",
            *("Line 1/Press9/List", "Line 1/Press9/TotalEnergy"),
            *("Order", "Power", "Running", "State"),
        ]
        energy = found["Line 1/Press9/TotalEnergy"]
        assert (energy["value"], energy["type"], energy["unit"], energy["role"]) == (
            12.5,
            "Double",
            "kWh",
            "energy_import",
        )
        assert (found["Order"]["value"], found["Order"]["role"]) == ("A-4711", "order_id")
        assert (found["Line 1/Press9/List"]["value"], found["Line 1/Press9/List"]["role"]) == (None, None)
        assert "Press9.TotalEnergy,Press9,energy_import,kWh,nsu=urn:test:press;s=P9.Energy" in file.read_text()

        again = run("browse", press.url, "--tags", str(file))
        assert again.err == f"{file}: is there already; nothing was written. Name another file, or move this one away\n"
        under = run("browse", press.url, "--under", energy["node"].replace("P9.Energy", "P9"), "--json")
        assert [one["path"] for one in json.loads(under.out)["variables"]] == ["TotalEnergy", "List"]
        nowhere = run("browse", press.url, "--under", "ns=2;s=Nowhere")
        assert (nowhere.code, "the server answered BadNodeId" in nowhere.err) == (2, True)
        assert "does not offer" in run("browse", press.url, "--security", "Basic256Sha256").err

        site = tmp_path / "site.yaml"
        site.write_text("plant: {id: abc, time_zone: Asia/Seoul}\n")
        new = ("--opcua", press.url, "--set", "security=none", "--tags", str(file))
        assert run("site", str(site), "add", "--device", "p9", *new, "--by", "Kim", "--yes").code == 0
        checked = run("check", str(site), "--connect", "--json")
        assert checked.json["faults"] == []
        assert {row["status"] for row in checked.json["readings"]} == {"Good"}


def test_a_secured_server_is_browsed_once_its_certificate_is_believed(tmp_path: Path) -> None:
    own = tmp_path / "server"
    own.mkdir()
    press = Press(free_port(), own)
    with running(press):
        met = asyncio.run(introduced(press.url))
        assert met.policies[0] == "Basic256Sha256"
        assert len(met.fingerprint) == 95
        secured = OpcUaDevice(id="p9", protocol="opcua", endpoint=press.url)
        stranger = obstacle(lambda: browsed(secured, tmp_path))
        assert stranger.obstacle is Obstacle.NOT_TRUSTED
        assert met.fingerprint in stranger.detail
        assert obstacle(lambda: trusted(secured, tmp_path, "AB:CD")).obstacle is Obstacle.NOT_TRUSTED
        assert asyncio.run(trusted(secured, tmp_path, met.fingerprint)) == met.fingerprint
        names = [one.path[-1] for one in asyncio.run(browsed(secured, tmp_path)).variables]
        assert sorted(names) == ["Count", "Order", "Power", "Running", "State"]
        done = run("browse", press.url, "--fingerprint", met.fingerprint)
        assert done.code == 0
        assert "good_count" not in done.out


async def truth(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
    """Two floats, a counter and a text at input 10 to 21; every other address is refused."""
    held = struct.pack(">ffI14sH", 230.17, 49.98, 1234567, b"EASTRON SDM630", 0)
    at = 2 * (request.address - 10)
    if request.function != 4 or at < 0 or at + 2 * request.count > len(held):
        writer.write(adu(request, bytes([request.function | 0x80, 2])))
        return
    data = held[at : at + 2 * request.count]
    writer.write(adu(request, bytes([request.function, len(data)]) + data))


def probe(*arguments: str, lie: Any = truth) -> Any:
    """The command on a device that answers so."""

    async def asked() -> Any:
        async with LyingDevice(lie=lie).serving() as meter:
            return await asyncio.to_thread(run, "probe", "modbus", f"127.0.0.1:{meter.port}", *arguments)

    return asyncio.run(asked())


RANGE = ("--table", "input", "--address", "10", "--count", "13")


def test_a_probe_by_command_says_what_is_held_and_its_tag_list_can_be_used(tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    said = probe(*RANGE, "--tags", str(file))
    assert (said.code, said.err) == (
        0,
        f"wrote {file}\ngive names, work units, roles and units where they are known; 1 texts are left out\n",
    )
    assert "input    10  0x4366  17254  Cf\n" in said.out
    assert re.search(r"     10  11, 30011 +float32  ABCD +230\.17 +0\.0\n", said.out)
    assert "EASTRON SDM630" in said.out
    assert re.search(r"order ABCD, more plausible than the next by [\d.]+ bit: sure\n", said.out)
    assert file.read_text().splitlines()[1:] == [
        "u1.input10,plant,other,,input,10,float32",
        "u1.input12,plant,other,,input,12,float32",
        "u1.input14,plant,other,,input,14,uint32",
    ]
    assert "is there already; nothing was written" in probe(*RANGE, "--tags", str(file)).err

    site = tmp_path / "site.yaml"
    site.write_text(
        "plant: {id: abc, time_zone: Asia/Seoul}\n"
        "devices:\n  - {id: m, protocol: modbus, host: 127.0.0.1, tags: found.csv}\n"
    )
    checked = run("check", str(site), "--json")
    assert (checked.code, checked.json["faults"]) == (0, [])


def test_what_the_display_shows_is_found_with_its_unit_and_role(tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    found = json.loads(probe(*RANGE, "--expect", "1,234.6 kWh", "--tags", str(file), "--json").out)
    best = found["near"][0]
    assert (best["address"], best["type"], best["scale"], best["in_manuals"]) == (14, "uint32", 0.001, ["15", "30015"])
    assert found["decodings"][0] == best
    assert [one["address"] for one in found["best"]][:4] == [10, 12, 14, 16]
    assert "u1.input14,plant,energy_import,kWh,0.001,input,14,uint32" in file.read_text()
    text = probe(*RANGE, "--expect", "1,234.6 kWh").out
    assert "nearest to 1234.6 kWh:" in text


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("13", "found at 12, one before 13: maybe the manual counts from 1; try --address 12\n"),
        ("11", "found at 12, one behind 11: maybe the manual counts from 0; try --address 12\n"),
    ],
)
def test_an_address_that_is_one_off_is_said(address: str, said: str) -> None:
    assert said in probe("--table", "input", "--address", address, "--count", "2", "--expect", "49.98").out


def test_a_register_to_either_side_is_read_only_where_the_device_has_it() -> None:
    found = json.loads(probe("--table", "input", "--address", "10", "--count", "2", "--expect", "230.2", "--json").out)
    assert [one["address"] for one in found["registers"]] == [10, 11, 12]
    assert found["hint"] is None
    nothing = probe("--table", "input", "--address", "10", "--count", "2", "--expect", "77777").out
    assert "nothing near to 77777 there, nor one register beside: try more registers, the other table" in nothing


async def with_a_hole(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
    """Floats at input 0 to 39, words swapped; addresses 20 to 22 are refused."""
    wanted = range(request.address, request.address + request.count)
    if wanted.stop > 40 or set(wanted) & {20, 21, 22}:
        writer.write(adu(request, bytes([request.function | 0x80, 2])))
        return
    held: list[int] = []
    for at in range(20):
        held += reversed(struct.unpack(">HH", struct.pack(">f", 230.17 + 1.37 * at)))
    data = struct.pack(f">{request.count}H", *held[wanted.start : wanted.stop])
    writer.write(adu(request, bytes([request.function, len(data)]) + data))


def test_every_decoding_is_printed_the_most_plausible_first() -> None:
    found = json.loads(probe(*RANGE, "--json").out)
    said = probe(*RANGE).out
    headings = ["most plausible:", "order ABCD, more plausible than the next by", "other decodings:"]
    assert sorted(map(said.index, headings)) == [said.index(heading) for heading in headings]
    assert said.count("\n") > len(found["decodings"]) + len(found["registers"])
    assert probe(*RANGE, "--best").out == said[: said.index("\nother decodings:")]
    near = probe(*RANGE, "--expect", "49.98 Hz").out
    first = near[near.index("nearest to 49.98 Hz:") :].splitlines()[2]
    assert first.split()[:5] == ["12", "13,", "30013", "float32", "ABCD"]


def test_bits_are_said_once_and_have_no_order() -> None:
    async def bits(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(adu(request, bytes([1, 1, 2])))

    assert probe("--table", "coil", "--address", "4", "--count", "3", lie=bits).out.splitlines() == [
        "coil     4  0",
        "coil     5  1",
        "coil     6  0",
    ]


def test_registers_that_are_refused_are_found_and_the_rest_is_told(tmp_path: Path) -> None:
    asked = ("--table", "input", "--address", "0", "--count", "40")
    found = json.loads(probe(*asked, "--json", lie=with_a_hole).out)
    assert found["refused"] == [{"first": 20, "last": 22, "said": "exception 2, illegal data address"}]
    assert [one["address"] for one in found["registers"]] == [*range(20), *range(23, 40)]
    floats = [one["address"] for one in found["best"] if (one["type"], one["order"]) == ("float32", "CDAB")]
    assert floats == [*range(0, 20, 2), *range(24, 40, 2)]
    assert not [one for one in found["decodings"] if {*range(one["address"], one["address"] + one["registers"])} & {21}]
    said = probe(*asked, lie=with_a_hole)
    assert (said.code, "input 20-22 refused: exception 2, illegal data address\n" in said.out) == (0, True)


def test_registers_read_for_context_are_neither_shown_nor_written(tmp_path: Path) -> None:
    file = tmp_path / "found.csv"
    asked = ("--table", "input", "--address", "8", "--count", "2", "--expect", "235.65 V", "--tags", str(file))
    found = json.loads(probe(*asked, "--json", lie=with_a_hole).out)
    assert [one["address"] for one in found["registers"]] == [7, 8, 9, 10]
    assert [(one["address"], one["order"]) for one in found["best"]] == [(8, "CDAB")]
    assert found["hint"] is None
    rows = file.read_text().splitlines()[1:]
    assert [row.split(",")[0] for row in rows] == ["u1.input8"]


def test_addresses_of_manuals_are_understood_or_explained() -> None:
    found = json.loads(probe("--table", "input", "--address", "300011", "--count", "2", "--json").out)
    assert [one["address"] for one in found["registers"]] == [10, 11]
    other = probe("--table", "holding", "--address", "300011", "--count", "2")
    assert (other.code, other.err) == (2, "--address: 300011 of a manual is --table input --address 10\n")
    short = probe("--table", "input", "--address", "30011", "--count", "2")
    assert (short.code, "if 30011 is from a manual, try --address 10" in short.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("h", "--address", "70000", "--count", "1"), "--address: must be 0 to 65535\n"),
        (("h", "--address", "0", "--count", "0"), "--count: must be 1 to 1000\n"),
        (("h", "--address", "65535", "--count", "2"), "--count: must end at address 65535\n"),
        (("h:x", "--address", "0", "--count", "2"), "h:x: must look like 192.168.10.7:502\n"),
        (("h", "--address", "0", "--count", "2", "--unit", "300"), "--unit: must be at most 255\n"),
        (
            ("h", "--count", "2"),
            "--address, --count: say from where on and how many registers to read, as in --address 0",
        ),
        (("h", "--address", "0", "--count", "2", "--expect", "much"), "--expect: must be a number, with its unit or"),
        (("--address", "0", "--count", "2"), "say where the device is: HOST[:PORT], or --serial-port PORT"),
        (("h", "--units", "300"), "--units: must be unit ids from 0 to 255, as in 1-20,247\n"),
        (("h", "--units", "1", "--tags", "f.csv"), "--tags: only with --table, --address and --count"),
        (("h", "--line"), "--line: only with --serial-port\n"),
        (
            ("h", "--units", "1-3", "--address", "0", "--count", "2"),
            "--count: only with --table, --address and --count",
        ),
        (("h", "--address", "0", "--count", "2", "--identify"), "--identify: not with --table, --address and --count"),
        (("h", "--unit", "1", "--units", "1-3"), "--unit, --units: give one of them\n"),
        (("h", "--serial-port", "p"), "HOST, --serial-port: give one of them\n"),
        (("tcp://h", "--address", "0", "--count", "2"), "tcp://h: give HOST or HOST:PORT, as in 192.168.10.7:502\n"),
        (("h:70000", "--address", "0", "--count", "2"), "h:70000: must be at most 65535\n"),
        (("--serial-port", "p", "--stopbits", "9", "--address", "0", "--count", "2"), "--stopbits: must be "),
    ],
)
def test_what_cannot_be_probed_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = run("probe", "modbus", *arguments, "--table", "input")
    assert (done.code, done.err[: len(said)]) == (2, said)


def test_registers_without_a_table_are_not_taken_for_a_scan() -> None:
    done = run("probe", "modbus", "h", "--unit", "1", "--address", "3", "--count", "2")
    assert (done.code, done.err[:22]) == (2, "--count: only with --t")


def test_a_scan_of_what_is_no_modbus_says_so_with_host_and_port() -> None:
    async def ask() -> Any:
        async with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
            where = f"127.0.0.1:{port}"
            return where, await asyncio.to_thread(run, "probe", "modbus", where, "--units", "1-2", "--wait", "0.1")

    where, done = asyncio.run(ask())
    assert (done.code, done.err[: len(where)]) == (2, where)
    assert "does not speak Modbus" in done.err


def test_one_unit_is_asked_alone() -> None:
    async def ask() -> list[int]:
        async with LyingDevice().serving() as meter:
            await asyncio.to_thread(run, "probe", "modbus", f"127.0.0.1:{meter.port}", "--unit", "2")
            return [one.unit for one in meter.requests]

    assert asyncio.run(ask()) == [2]


def test_a_serial_port_that_cannot_be_opened_is_said_with_its_remedy(tmp_path: Path) -> None:
    nowhere = ModbusDevice(id="d", protocol="modbus", transport="rtu", serial_port=str(tmp_path / "no"), unit=1)
    missing = obstacle(lambda: probed(nowhere, Probe("input", 0, 2)))
    assert missing.obstacle is Obstacle.NO_PORT
    assert "exist" in missing.detail
    port = tmp_path / "port"
    port.touch()
    locked = serial_obstacle(str(port), "cannot connect: Could not exclusively lock port: Resource busy")
    assert locked.obstacle is Obstacle.PORT_IN_USE
    assert serial_obstacle(str(port), "(22, 'Invalid argument')").obstacle is Obstacle.PORT_SETTINGS
    assert serial_obstacle(str(port), "Input/output error").obstacle is Obstacle.OTHER


def test_a_serial_port_without_the_right_to_open_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # whoever runs the tests may be root
    assert serial_obstacle(str(port), "Permission denied").obstacle is Obstacle.NO_RIGHT


def test_an_address_that_takes_no_connection_is_not_waited_for_long() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        assert obstacle(lambda: probed(device(port), Probe("input", 0, 2))).obstacle is Obstacle.REFUSED
