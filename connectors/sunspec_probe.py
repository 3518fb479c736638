"""Which SunSpec models does a device at an address hold now? The registers that the walk asks for, read one by one."""

from config.devices import ModbusDevice
from connectors.modbus_probe import Probe, probed
from connectors.reachability import UnreachableError
from connectors.sunspec import SunSpecMap, walk


async def discovered(device: ModbusDevice) -> SunSpecMap:
    """The SunSpec map of a device. Raises SunSpecError, UnreachableError and ConnectorError."""
    walking = walk()
    try:
        address, count = next(walking)
        while True:
            try:
                answer = await probed(device, Probe("holding", address, count))
            except UnreachableError as error:
                address, count = walking.send(error)
            else:
                address, count = walking.send(answer)
    except StopIteration as end:
        found: SunSpecMap = end.value
        return found
