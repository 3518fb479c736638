"""A Modbus TCP server (pymodbus's) that has the registers it is given and refuses every other address."""

import contextlib
from collections.abc import Mapping

from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.exceptions import NoSuchIdException
from pymodbus.server import ModbusTcpServer


class ServedRegisters(ModbusServerContext):
    """registers: by table and address. No answer is given to a request that touches one of `silent`."""

    def __init__(self, registers: Mapping[str, Mapping[int, int]], unit=1, silent=()) -> None:
        self.simdevices = []
        self.old_simulator = True  # makes the server take this object as it is
        self.registers, self.unit, self.silent = registers, unit, set(silent)
        self.asked: list[tuple[str, int, int]] = []

    async def async_getValues(self, device_id, func_code, address, count=1):  # noqa: N802
        table = {3: "holding", 4: "input"}.get(func_code)
        if table is None:
            return ExcCodes.ILLEGAL_FUNCTION
        self.asked.append((table, address, count))
        wanted = range(address, address + count)
        if device_id != self.unit or not self.silent.isdisjoint(wanted):
            raise NoSuchIdException("no answer")
        found = [self.registers.get(table, {}).get(at) for at in wanted]
        return ExcCodes.ILLEGAL_ADDRESS if None in found else found

    def device_ids(self):
        return [self.unit]


@contextlib.asynccontextmanager
async def serving(context: ServedRegisters):
    """The port at which a context is served on the loopback address."""
    server = ModbusTcpServer(context, address=("127.0.0.1", 0), ignore_missing_devices=True)
    await server.serve_forever(background=True)
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()
