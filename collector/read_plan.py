"""How many requests does it take to read a device once, which are they, and what do they ask of the line?"""

from collections.abc import Iterable
from typing import Any

from config.devices import Device, ModbusDevice
from connectors.modbus_load import line_loads
from connectors.modbus_plan import limits_of, plan_blocks


def read_plan(device: Device) -> dict[str, Any]:
    """The device in the shape of `check`: id, requests_per_poll (0: by subscription) and how many tags."""
    if isinstance(device, ModbusDevice):
        requests = len(plan_blocks(device.tags, limits_of(device)))
    else:
        requests = 0 if device.mode == "subscribe" else 1
    return {"id": device.id, "requests_per_poll": requests, "tags": len(device.tags)}


def requests_of_poll(device: Device) -> list[dict[str, Any]]:
    """The requests of a poll of a Modbus device: table, first and last address, how many, and the tags they serve.

    unused: first and last address of each stretch that no tag asks for. Empty for other protocols.
    """
    if not isinstance(device, ModbusDevice):
        return []
    return [
        {
            "table": block.table,
            "first": block.address,
            "last": block.address + block.count - 1,
            "count": block.count,
            "tags": list(dict.fromkeys(device.tags[part.tag].name for part in block.parts)),
            "unused": [list(stretch) for stretch in block.unused],
        }
        for block in plan_blocks(device.tags, limits_of(device))
    ]


def beyond_one_request(device: Device) -> list[str]:
    """Tags of a device that answers only from address 0 (`start_at_zero`) whose requests begin elsewhere."""
    if not isinstance(device, ModbusDevice) or not device.start_at_zero:
        return []
    return [name for request in requests_of_poll(device) if request["first"] > 0 for name in request["tags"]]


def line_plans(devices: Iterable[Device]) -> list[dict[str, Any]]:
    """The lines of Modbus devices: ids of the devices, requests a second of all of them, and bus_ratio, the share of
    a serial line's time that they take at its baudrate (null for others)."""
    return [
        {
            "line": load.line,
            "devices": [device.id for device in load.devices],
            "requests_per_s": round(load.requests_per_s, 3),
            "baudrate": load.devices[0].baudrate if load.bus_ratio is not None else None,
            "bus_ratio": None if load.bus_ratio is None else round(load.bus_ratio, 4),
        }
        for load in line_loads(devices)
    ]
