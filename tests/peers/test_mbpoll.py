"""Does mbpoll, the tool of commissioning engineers, read from the simulated devices what the truth log says?"""

import asyncio
import contextlib
import os
import re
import shutil
import tty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from simulated_plant import free_port, served, site_of, truth_of

from tests.left_out import left_out

DEVICES = """
  - {{id: press, protocol: modbus, transport: {transport}, host: localhost, port: {port}, unit: 9, tags: [
      {{name: good, work_unit: press1, role: good_count, table: holding, address: 10, type: uint32}},
      {{name: total, work_unit: press1, role: produced_count, table: holding, address: 12, type: int32, order: CDAB}},
      {{name: state, work_unit: press1, role: state, table: holding, address: 20, type: uint16}},
      {{name: power, work_unit: press1, role: power, table: input, address: 52, type: float32}},
      {{name: energy, work_unit: press1, role: energy_import, table: input, address: 54, type: float32, order: CDAB}},
      {{name: speed, work_unit: press1, role: speed, table: input, address: 60, type: uint16}},
      {{name: running, work_unit: press2, role: state, table: coil, address: 5}},
      {{name: door, work_unit: press3, role: state, table: discrete, address: 9}},
      {{name: guard, work_unit: press4, role: state, table: discrete, address: 10}}]}}
"""

# tags, address and what else mbpoll is told
ASKED = {
    "uint32": (["good"], 10, ["-t", "4:int", "-B"]),
    "int32 with its words swapped": (["total"], 12, ["-t", "4:int"]),
    "uint16": (["state"], 20, ["-t", "4"]),
    "float32": (["power"], 52, ["-t", "3:float", "-B"]),
    "float32 with its words swapped": (["energy"], 54, ["-t", "3:float"]),
    "input register": (["speed"], 60, ["-t", "3"]),
    "coil": (["running"], 5, ["-t", "0"]),
    "discrete inputs": (["door", "guard"], 9, ["-t", "1"]),
}


async def mbpoll(*arguments: str) -> list[float]:
    """The values of one read."""
    program = shutil.which("mbpoll") or left_out("mbpoll is not installed (Debian: mbpoll)")
    command = [program, "-0", "-1", "-o", "5", *arguments]
    running = await asyncio.create_subprocess_exec(*command, stdout=-1, stderr=-2)
    said = (await asyncio.wait_for(running.communicate(), 20))[0].decode()
    values = [float(value) for value in re.findall(r"^\[\d+\]:\s+(\S+)", said, re.MULTILINE)]
    assert values, said
    return values


async def read_as_truth_says(folder: Path, where: list[str]) -> None:
    for tags, address, options in ASKED.values():
        before = len(truth_of(folder))
        values = await mbpoll("-a", "9", "-r", str(address), "-c", str(len(tags)), *options, *where)
        shown = {tag: value for _, tag, value in truth_of(folder)[before:]}
        assert list(shown) == tags
        assert values == pytest.approx(list(shown.values()), rel=1e-5)  # it prints six digits


@contextlib.asynccontextmanager
async def serial_line_to(port: int) -> AsyncIterator[str]:
    """A pseudo-terminal whose far end is a TCP port: the name of its near end."""
    far, near = os.openpty()
    tty.setraw(near)
    reader, writer = await asyncio.open_connection("localhost", port)
    loop = asyncio.get_running_loop()

    async def back() -> None:
        while data := await reader.read(300):
            os.write(far, data)

    answers = asyncio.create_task(back())
    loop.add_reader(far, lambda: writer.write(os.read(far, 300)))
    try:
        yield os.ttyname(near)
    finally:
        loop.remove_reader(far)
        answers.cancel()
        writer.close()
        os.close(far)
        os.close(near)


def test_over_tcp(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(tmp_path, DEVICES.format(transport="tcp", port=port))

    async def scenario() -> None:
        async with served(site, tmp_path):
            await read_as_truth_says(tmp_path, ["-p", str(port), "localhost"])

    asyncio.run(scenario())


def test_over_a_serial_line(tmp_path: Path) -> None:
    port = free_port()
    site = site_of(tmp_path, DEVICES.format(transport="rtu-over-tcp", port=port))

    async def scenario() -> None:
        async with served(site, tmp_path), serial_line_to(port) as terminal:
            await read_as_truth_says(tmp_path, ["-m", "rtu", "-b", "9600", "-P", "none", terminal])

    asyncio.run(scenario())
