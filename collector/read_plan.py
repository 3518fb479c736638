"""How many requests does it take to read a device once?"""

from typing import Any

from config.devices import Device, ModbusDevice
from connectors.modbus_plan import plan_blocks


def read_plan(device: Device) -> dict[str, Any]:
    """The device in the shape of `check`: id, requests_per_poll (0: by subscription) and how many tags."""
    if isinstance(device, ModbusDevice):
        requests = len(plan_blocks(device.tags))
    else:
        requests = 0 if device.mode == "subscribe" else 1
    return {"id": device.id, "requests_per_poll": requests, "tags": len(device.tags)}
