"""Does pyModbusTCP read from the simulated devices what the truth log says that it was shown?"""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyModbusTCP.client import ModbusClient
from simulated_plant import free_port, modbus_site, served, site_of, truth_of

from simulators.clock import PlantClock
from simulators.scene import Scene
from simulators.serve import serve
from simulators.truth import TruthLogError

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, DEVICE_FAILURE, GATEWAY_NO_RESPONSE = 1, 2, 4, 11


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


def test_a_plant_whose_truth_log_is_full_ends(tmp_path: Path) -> None:
    port = free_port()
    site = modbus_site(tmp_path, port)

    def ask() -> int:
        client = ModbusClient("127.0.0.1", port, unit_id=7, auto_open=True)
        assert client.read_input_registers(52, 4) is None
        client.close()
        return int(client.last_except)

    async def scenario() -> None:
        ready = asyncio.Event()
        plant = asyncio.create_task(
            serve(site, tmp_path, Path("/dev/full"), 1, asyncio.Event(), announce=lambda listening: ready.set())
        )
        await ready.wait()
        assert await asyncio.to_thread(ask) == DEVICE_FAILURE
        with pytest.raises(TruthLogError, match=r"^/dev/full: cannot be written: "):
            await plant

    asyncio.run(scenario())
