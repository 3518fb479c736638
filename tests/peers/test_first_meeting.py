"""Devices that nobody has read yet, over real sockets: what they hold, what servers have, what stands in the way."""

import asyncio
import contextlib
import json
import socket
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
from connectors.reachability import WORDS, Obstacle, UnreachableError
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
        assert again.err == f"{file}: is there already; nothing was written\n"
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


def test_a_probe_by_command(tmp_path: Path) -> None:
    async def truth(meter: LyingDevice, request: Any, writer: asyncio.StreamWriter) -> None:
        registers = {0: 0x4366, 1: 0x199A, 2: 0, 3: 1234}
        data = b"".join(registers[request.address + at].to_bytes(2, "big") for at in range(request.count))
        writer.write(adu(request, bytes([request.function, len(data)]) + data))

    async def asked(*arguments: str) -> Any:
        async with LyingDevice(lie=truth).serving() as meter:
            where = ("modbus", f"127.0.0.1:{meter.port}", "--table", "input", "--address", "0", "--count", "4")
            return await asyncio.to_thread(run, "probe", *where, *arguments)

    file = tmp_path / "found.csv"
    said = asyncio.run(asked("--tags", str(file)))
    assert said.code == 0
    assert "input     0  0x4366  17254  Cf\n" in said.out
    assert file.read_text().splitlines()[1:] == [
        "u1.input0,plant,other,,input,0,float32",
        "u1.input2,plant,other,,input,2,uint32",
    ]
    found = json.loads(asyncio.run(asked("--expect", "123", "--json")).out)
    assert found["registers"][1] == {"address": 1, "raw": 6554}
    assert [(one["address"], one["scaled"]) for one in found["best"]] == [(2, 123.4)]
    assert found["decodings"][0] == found["best"][0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("h", "--address", "70000", "--count", "1"), "--address: must be 0 to 65535\n"),
        (("h", "--address", "0", "--count", "0"), "--count: must be 1 to 1000\n"),
        (("h", "--address", "65535", "--count", "2"), "--count: must end at address 65535\n"),
        (("h:x", "--address", "0", "--count", "2"), "h:x: must look like 192.168.10.7:502\n"),
        (("h", "--address", "0", "--count", "2", "--unit", "300"), "unit: Input should be less than or equal to 255\n"),
    ],
)
def test_what_cannot_be_probed_is_refused(arguments: tuple[str, ...], said: str) -> None:
    done = run("probe", "modbus", *arguments, "--table", "input")
    assert (done.code, done.err) == (2, said)


def test_an_address_that_takes_no_connection_is_not_waited_for_long() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        port = full.getsockname()[1]
        assert obstacle(lambda: probed(device(port), Probe("input", 0, 2))).obstacle is Obstacle.REFUSED
