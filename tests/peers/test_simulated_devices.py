"""Do other people's clients read from the simulated devices what the truth log says that they were shown?"""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asyncua import Client, ua
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from pyModbusTCP.client import ModbusClient

from config.load import load_site
from config.site import Site
from plant.instant import parse_instant
from simulators.certificate import key_pair
from simulators.clock import PlantClock
from simulators.scene import Scene
from simulators.serve import CannotServeError, Listening, serve

HEAD = "plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}\ndevices:\n"
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, GATEWAY_NO_RESPONSE = 1, 2, 11


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


# Modbus, read by pyModbusTCP


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


def read_press(port: int) -> dict[str, Any]:
    client = ModbusClient("127.0.0.1", port, unit_id=1, auto_open=True)
    words = client.read_holding_registers(10, 19)
    bits = client.read_coils(5, 1)
    client.close()
    assert words is not None
    assert bits is not None
    wire = struct.pack(">19H", *words)
    scale = struct.unpack(">h", wire[36:38])[0]
    return {
        "good": struct.unpack(">I", wire[2:4] + wire[0:2])[0],
        "total": struct.unpack("<4H", wire[4:12])[3] + (struct.unpack("<4H", wire[4:12])[2] << 16),
        "state": words[10],
        "temperature": (struct.unpack(">h", wire[22:24])[0] * 0.1 - 32) / 1.8,
        "order": wire[24:32].rstrip(b"\0").decode(),
        "speed": words[17] * 10.0**scale,
        "coil": int(bits[0]),
        "hole": words[16],
    }


def read_meter(port: int) -> dict[str, Any]:
    client = ModbusClient("127.0.0.1", port, unit_id=7, auto_open=True)
    words = client.read_input_registers(52, 30)
    client.close()
    assert words is not None
    wire = struct.pack(">30H", *words)
    return {
        "power": struct.unpack(">d", wire[0:8])[0] / 1000,
        "energy": struct.unpack(">f", wire[40:44])[0],
        "reactive": int(wire[56:60].hex()),
    }


def test_units_of_one_address_give_what_the_truth_log_says(tmp_path: Path) -> None:
    port = free_port()
    site = modbus_site(tmp_path, port)

    async def scenario() -> None:
        async with served(site, tmp_path) as listening:
            assert [str(row) for row in listening.served] == [
                f"press: modbus 127.0.0.1:{port} unit 1, 7 tags",
                f"meter: modbus 127.0.0.1:{port} unit 7, 3 tags",
            ]
            for _ in range(20):
                before = len(truth_of(tmp_path))
                seen = await asyncio.to_thread(read_press, port) | await asyncio.to_thread(read_meter, port)
                assert seen.pop("hole") == 0
                shown = truth_of(tmp_path)[before:]
                assert {tag: value for _, tag, value in shown} == pytest.approx(seen)
                assert len(shown) == len(seen)

    asyncio.run(scenario())


def test_modbus_values_are_the_models_at_the_moment_of_the_read(tmp_path: Path) -> None:
    port = free_port()
    site = modbus_site(tmp_path, port)
    times = iter(range(1_795_000_000_000_000, 1_796_000_000_000_000, 100_000_000))
    scene = Scene(site, 1)
    good = next(tag for device in site.devices for tag in device.tags if tag.name == "good")

    async def scenario() -> list[int]:
        async with served(site, tmp_path, PlantClock(lambda: next(times))):
            return [(await asyncio.to_thread(read_press, port))["good"] for _ in range(5)]

    # Every reading of the press asks the clock twice: for its registers, and for its coil.
    expected = scene.model(good)(np.arange(1_795_000_000_000_000, 1_795_001_000_000_000, 200_000_000))
    assert asyncio.run(scenario()) == expected.astype(int).tolist()


def test_what_a_device_does_not_have_is_refused(tmp_path: Path) -> None:
    port = free_port()
    site = modbus_site(tmp_path, port)

    def refusals() -> list[int]:
        client = ModbusClient("127.0.0.1", port, unit_id=1, auto_open=True)
        codes = []
        for ask in (
            lambda: client.read_holding_registers(9, 2),
            lambda: client.read_holding_registers(28, 2),
            lambda: client.read_input_registers(0, 1),
            lambda: client.read_coils(4, 1),
            lambda: client.write_single_register(10, 1),
            lambda: client.write_single_coil(5, True),
        ):
            assert not ask()
            codes.append(client.last_except)
        client.unit_id = 3
        assert client.read_holding_registers(10, 1) is None
        codes.append(client.last_except)
        client.close()
        return codes

    async def scenario() -> list[int]:
        async with served(site, tmp_path):
            return await asyncio.to_thread(refusals)

    assert asyncio.run(scenario()) == [ILLEGAL_ADDRESS] * 4 + [ILLEGAL_FUNCTION] * 2 + [GATEWAY_NO_RESPONSE]
    assert truth_of(tmp_path) == []


def crc(frame: bytes) -> bytes:
    """CRC-16 of Modbus over Serial Line V1.02, 6.2.2."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def test_rtu_frames_over_tcp(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(
        tmp_path,
        f"""
  - {{id: old, protocol: modbus, transport: rtu-over-tcp, host: localhost, port: {port}, unit: 9, tags: [
      {{name: good, work_unit: press1, role: good_count, table: input, address: 3, type: uint32}}]}}
""",
    )

    def ask() -> bytes:
        with socket.create_connection(("localhost", port), timeout=10) as line:
            request = struct.pack(">BBHH", 9, 4, 3, 2)
            line.sendall(request + crc(request))
            answer = b""
            while len(answer) < 9:
                answer += line.recv(9 - len(answer))
            return answer

    async def scenario() -> bytes:
        async with served(site, tmp_path):
            return await asyncio.to_thread(ask)

    answer = asyncio.run(scenario())
    assert answer[:3] == bytes([9, 4, 4])
    assert answer[-2:] == crc(answer[:-2])
    assert [(tag, value) for _, tag, value in truth_of(tmp_path)] == [("good", int.from_bytes(answer[3:7], "big"))]


# OPC UA, read by asyncua's client


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


class Changes:
    """Notes every change that a subscription brings: source time and value by node."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int, Any]] = []
        self._more = asyncio.Event()

    def datachange_notification(self, node: Any, _value: object, data: Any) -> None:
        value = data.monitored_item.Value
        time_us = round(value.SourceTimestamp.timestamp() * 1e6)
        self.seen.append((str(node.nodeid.Identifier), time_us, value.Value.Value))
        self._more.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._more.clear()
                await self._more.wait()


class CountingClock(PlantClock):
    """A clock that says when it has been asked often enough after it was frozen."""

    def __init__(self) -> None:
        super().__init__()
        self._asked_frozen = 0
        self.asked_often = asyncio.Event()

    def now_us(self) -> int:
        now_us = super().now_us()
        self._asked_frozen += self._frozen_us is not None
        if self._asked_frozen == 10:
            self.asked_often.set()
        return now_us


async def nodes_of(client: Client) -> list[Any]:
    press = await client.get_namespace_index("urn:press")
    ids = ["ns=2;s=Press1.Good", "ns=3;i=4711", f"ns={press};s=Energy=a;b", f"ns={press};s=Order"]
    return [client.get_node(node) for node in ids]


def test_a_subscription_sees_every_change_of_the_truth_log_and_a_frozen_plant_none(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, port := free_port(), "none")
    clock, changes = CountingClock(), Changes()
    tag_of = {"Press1.Good": "good", "4711": "state", "Energy=a;b": "energy", "Order": "order"}

    async def scenario() -> None:
        async with served(site, tmp_path, clock), Client(f"opc.tcp://127.0.0.1:{port}") as client:
            subscription = await client.create_subscription(50, changes)
            await subscription.subscribe_data_change(await nodes_of(client))
            await changes.until(lambda: len(changes.seen) > 30)
            assert {name for name, _, _ in changes.seen} == set(tag_of)
            frozen_us = clock.freeze()
            await asyncio.wait_for(clock.asked_often.wait(), 20)
            truth = truth_of(tmp_path)
            assert truth[-1][0] <= frozen_us
            await changes.until(lambda: changes.seen[-1][1] == truth[-1][0])
            for name, tag in tag_of.items():
                seen = [
                    (at, value * 0.001 if tag == "energy" else value)
                    for node, at, value in changes.seen
                    if node == name
                ]
                # The first is what was there on subscribing; from then on every change once, in order.
                assert seen == [(at, value) for at, known, value in truth if known == tag and at >= seen[0][0]]
            before = len(truth_of(tmp_path))
            value = await (await nodes_of(client))[0].read_data_value()
            assert value.Value.VariantType is ua.VariantType.UInt32
            assert (value.ServerTimestamp - value.SourceTimestamp).total_seconds() >= 0
            assert len(truth_of(tmp_path)) == before

    asyncio.run(scenario())


def test_signed_and_encrypted_with_the_certificate_that_it_offers(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, port := free_port(), "Basic256Sha256")
    own = tmp_path / "client"
    own.mkdir()
    certificate, key = key_pair(own, "client", "urn:test:client")
    (own / "key.pem").write_bytes(key)
    (own / "certificate.pem").write_bytes(certificate)

    async def scenario() -> None:
        async with served(site, tmp_path) as listening:
            assert listening.notes == ()
            url = f"opc.tcp://127.0.0.1:{port}"
            client = Client(url)
            client.application_uri = "urn:test:client"
            await client.set_security(
                SecurityPolicyBasic256Sha256,
                own / "certificate.pem",
                own / "key.pem",
                server_certificate=tmp_path / "trusted" / "line.der",
            )
            async with client:
                order = await (await nodes_of(client))[3].read_value()
                assert ("order", order) in [(tag, value) for _, tag, value in truth_of(tmp_path)]
            endpoints = await Client(url).connect_and_get_server_endpoints()
            assert {endpoint.SecurityMode for endpoint in endpoints} == {ua.MessageSecurityMode.SignAndEncrypt}

    asyncio.run(scenario())


def test_a_server_that_starts_again_is_the_same_and_trust_is_never_replaced(tmp_path: Path) -> None:
    site = opcua_site(tmp_path, free_port(), "Basic256Sha256")
    trusted = tmp_path / "trusted" / "line.der"

    async def start() -> Listening:
        async with served(site, tmp_path) as listening:
            return listening

    assert asyncio.run(start()).notes == ()
    first = trusted.read_bytes()
    assert (tmp_path / "simulated" / "line.key").stat().st_mode & 0o077 == 0
    assert asyncio.run(start()).notes == ()
    assert trusted.read_bytes() == first
    trusted.write_bytes(b"another")
    assert [device for device, _ in asyncio.run(start()).notes] == ["line"]
    assert trusted.read_bytes() == b"another"


# What cannot be served


def test_devices_elsewhere_are_left_out_and_reported(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(
        tmp_path,
        f"""
  - {{id: far, protocol: opcua, endpoint: "opc.tcp://192.0.2.1:4840"}}
  - {{id: line, protocol: modbus, transport: rtu, serial_port: /dev/ttyUSB0}}
  - {{id: here, protocol: modbus, host: 127.0.0.1, port: {port}, tags: [
      {{name: good, work_unit: press1, role: good_count, table: input, address: 3, type: uint32}}]}}
""",
    )

    async def scenario() -> Listening:
        async with served(site, tmp_path) as listening:
            return listening

    listening = asyncio.run(scenario())
    assert [row.device for row in listening.served] == ["here"]
    assert [device for device, _ in listening.left_out] == ["far", "line"]


@pytest.mark.parametrize("protocol", ["opcua", "modbus"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, protocol: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site = opcua_site(tmp_path, port, "none") if protocol == "opcua" else modbus_site(tmp_path, port)

        async def scenario() -> None:
            async with served(site, tmp_path):
                pass

        with pytest.raises(CannotServeError, match=rf"^(line|press): .*127.0.0.1:{port}.*: the port is taken$"):
            asyncio.run(scenario())
