"""How busy is a line with polling? Requests a second of all its units, and the share of a serial bus that they take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config.devices import Device, ModbusDevice
from connectors.modbus_plan import Block, limits_of, plan_blocks

REQUEST_BYTES = 8
"""Unit, function code, address, count and CRC of a request (Modbus over Serial Line V1.02, 2.5.1)."""
ANSWER_BYTES = 5
"""Unit, function code, byte count and CRC around the data of an answer."""
SILENCE_CHARACTERS = 3.5
"""Silence that ends a frame (V1.02, 2.5.1.1)."""
LEAST_SILENCE_S = 0.00175
"""The same above 19200 bit/s."""


@dataclass(frozen=True, slots=True)
class LineLoad:
    """What polling asks of a line. bus_ratio: time that requests and answers take of all time, without the time that
    the units need to answer; above 1 the polls cannot be kept. None where the line is not a serial one."""

    line: str
    devices: tuple[ModbusDevice, ...]
    requests_per_s: float
    bus_ratio: float | None


def line_loads(devices: Iterable[Device]) -> list[LineLoad]:
    """The load of every line that Modbus devices are on, by the first device on it."""
    lines: dict[str, list[ModbusDevice]] = {}
    for device in devices:
        if isinstance(device, ModbusDevice):
            lines.setdefault(device.line, []).append(device)
    return [_load(line, found) for line, found in lines.items()]


def exchange_s(device: ModbusDevice, block: Block, request_pause_s: float = 0.0) -> float:
    """Time that a request and its answer take on a serial line, each with the silence or pause behind it [s]."""
    bits = 1 + 8 + (device.parity != "none") + device.stopbits
    silence_s = LEAST_SILENCE_S if device.baudrate > 19200 else SILENCE_CHARACTERS * bits / device.baudrate
    data = (block.count + 7) // 8 if block.is_bits else 2 * block.count
    sent_s = (REQUEST_BYTES + ANSWER_BYTES + data) * bits / device.baudrate
    return sent_s + silence_s + max(silence_s, request_pause_s)


def _load(line: str, devices: Sequence[ModbusDevice]) -> LineLoad:
    pause_s = max(device.request_pause_s for device in devices)
    requests_per_s = bus_ratio = 0.0
    for device in devices:
        blocks = plan_blocks(device.tags, limits_of(device))
        requests_per_s += len(blocks) / device.poll_s
        bus_ratio += sum(exchange_s(device, block, pause_s) for block in blocks) / device.poll_s
    is_serial = devices[0].transport == "rtu"
    return LineLoad(line, tuple(devices), requests_per_s, bus_ratio if is_serial else None)
