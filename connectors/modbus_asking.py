"""How is one register of any unit asked for, now and once? A line that is opened when it is needed.

The only place through which a probe and a scan reach a device.
"""

import asyncio

import numpy as np

from config.devices import ModbusDevice
from connectors.modbus_check import Refused
from connectors.modbus_coding import U16, words_of
from connectors.modbus_connection import LinkError, Pace, UnreachableLineError
from connectors.modbus_line import Asked, Lines
from connectors.modbus_plan import Block
from connectors.reachability import UnreachableError, obstacle_of, serial_obstacle

_PAUSES_S = (0.2, 1.0)
"""A device that has just lost a connection may need a moment to take the next."""

__all__ = ["Asking", "LinkError"]


class Asking:
    """Asks the units behind one address or serial port, one after the other."""

    def __init__(self, device: ModbusDevice) -> None:
        self._device = device
        self._line = Lines().line(device)
        self._was_connected = False

    async def read(self, block: Block, answer_timeout_s: float, unit: int | None = None) -> U16 | Refused:
        """The words of a block (bits as 0 and 1) or the refusal.

        Raises LinkError where no answer can be believed, the next call connects anew where that is needed;
        UnreachableError where no connection can be had.
        """
        wanted = self._device.unit if unit is None else unit
        data = (await self._asked(wanted, block, Pace(answer_timeout_s))).data
        return data if isinstance(data, Refused) else words_of(np.frombuffer(data, dtype=np.uint8), block)

    async def _asked(self, unit: int, block: Block, pace: Pace) -> Asked:
        for pause_s in (*(_PAUSES_S if self._was_connected else ()), None):
            self._line.try_now()
            try:
                return await self._line.ask(unit, block, pace)
            except UnreachableLineError as error:
                if pause_s is None and self._device.transport == "rtu":
                    raise serial_obstacle(self._device.serial_port or "", str(error)) from None
                if pause_s is None:
                    raise UnreachableError(obstacle_of(error.cause), str(error)) from None
                await asyncio.sleep(pause_s)
            finally:
                self._was_connected = self._line.connections > 0
        raise AssertionError

    async def close(self) -> None:
        """Give the connection up."""
        await self._line.leave(self._device.id)
