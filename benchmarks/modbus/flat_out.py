"""How fast are devices polled without a pause? One contender: flat_out.py NAME MAP SECONDS PORT..."""

import asyncio
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from modbus import registers as maps
from modbus.processes import own_use
from modbus.registers import FIRST, RegisterMap, rows_of_firsts

Poll = Callable[[], Awaitable[Any]]
MAPS = {"blocks": maps.in_blocks, "gaps": maps.with_gaps, "type": maps.by_type}


async def measure(name: str, polls: list[Poll], registers: RegisterMap, seconds: float) -> str:
    """Every device polled once, then all of them side by side for so long, each with one request outstanding."""
    found = (await asyncio.gather(*(poll() for poll in polls)))[0]
    done = 0

    async def polling(poll: Poll) -> None:
        nonlocal done, found
        while time.perf_counter() < end_s:
            found = await poll()
            done += 1

    begun_s, begun_cpu_s = time.perf_counter(), time.process_time()
    end_s = begun_s + seconds
    await asyncio.gather(*(polling(poll) for poll in polls))
    rows = rows_of_firsts(registers.runs)
    return own_use(done * registers.values, begun_s, begun_cpu_s, [float(found[rows[kind]]) for kind in FIRST])


def ours(ports: list[int], registers: RegisterMap) -> list[Poll]:
    """The reader of Smart Wings, wire to Batch."""
    from config.devices import ModbusDevice
    from connectors.modbus import ModbusConnector
    from connectors.modbus_line import Lines

    lines = Lines()

    def poll_of(port: int) -> Poll:
        tags = [
            {"name": f"t{n}", "work_unit": "w", "role": "other", "table": "holding", "address": at, "type": kind}
            for n, (kind, at) in enumerate(registers.addresses())
        ]
        device = ModbusDevice(id=f"d{port}", protocol="modbus", host="127.0.0.1", port=port, tags=tags)  # type: ignore[arg-type]
        connector = ModbusConnector(device, lines)

        async def poll() -> Any:
            handover = connector._handover(await connector.poll())
            assert handover is not None
            assert handover.batch is not None
            assert len(handover.batch) == registers.values
            return handover.batch.values

        return poll

    return [poll_of(port) for port in ports]


def asked(registers: RegisterMap, name: str) -> tuple[tuple[int, int], ...]:
    """The requests of pymodbus: as the map says, or through its gaps where the name says so."""
    if not name.endswith("through"):
        return registers.requests
    requests: list[tuple[int, int]] = []
    for run in registers.runs:
        end = run.address + run.registers
        if requests and end - requests[-1][0] <= 125:
            requests[-1] = (requests[-1][0], end - requests[-1][0])
        else:
            requests.append((run.address, run.registers))
    return tuple(requests)


def pymodbus(ports: list[int], registers: RegisterMap, name: str) -> list[Poll]:
    """pymodbus's async client, decoding as its users do, or with one struct for all values."""
    from pymodbus.client import AsyncModbusTcpClient

    requests, kinds = asked(registers, name), AsyncModbusTcpClient.DATATYPE
    types = {"float32": kinds.FLOAT32, "uint32": kinds.UINT32, "uint16": kinds.UINT16}
    layout = struct.Struct(struct_format(registers))

    def own_decoder(words: list[int], client: AsyncModbusTcpClient) -> list[float]:
        values: list[float] = []
        for run in registers.runs:
            part = words[run.address : run.address + run.registers]
            found = client.convert_from_registers(part, types[run.type])
            values += found if isinstance(found, list) else [found]  # type: ignore[list-item]
        return values

    def struct_decoder(words: list[int], _: AsyncModbusTcpClient) -> tuple[float, ...]:
        return layout.unpack(struct.pack(f">{len(words)}H", *words))

    decode = struct_decoder if "struct" in name else own_decoder

    def poll_of(port: int) -> Poll:
        client = AsyncModbusTcpClient("127.0.0.1", port=port)

        async def poll() -> Any:
            if not client.connected:
                await client.connect()
            words: list[int] = []
            for at, count in requests:
                answer = await client.read_holding_registers(at, count=count, device_id=1)
                words += [0] * (at - len(words)) + answer.registers
            return decode(words, client)

        return poll

    return [poll_of(port) for port in ports]


def struct_format(registers: RegisterMap) -> str:
    """All values of a map in one format, unused registers left out."""
    letters, at = [">"], 0
    for run in registers.runs:
        letters.append(
            f"{2 * (run.address - at)}x{run.count}{ {'float32': 'f', 'uint32': 'I', 'uint16': 'H'}[run.type] }"
        )
        at = run.address + run.registers
    assert all(second.address >= first.address + first.registers for first, second in pairwise(registers.runs))
    return "".join(letters)


async def main() -> None:
    """Be one contender."""
    name, registers, seconds = sys.argv[1], MAPS[sys.argv[2]](), float(sys.argv[3])
    ports = [int(port) for port in sys.argv[4:]]
    polls = ours(ports, registers) if name == "ours" else pymodbus(ports, registers, name)
    print(await measure(name, polls, registers, seconds), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
