"""How is one register of any unit asked for, now and once? A connection that is opened when it is needed.

The only place through which a probe and a scan reach a device: after any doubt or time-out the connection is closed,
so that no late answer is taken for the next one.
"""

import asyncio

from config.devices import ModbusDevice
from connectors.modbus_check import U16, Refused
from connectors.modbus_link import Link, LinkError, check_transport
from connectors.modbus_plan import Block
from connectors.reachability import UnreachableError, obstacle_of

_PAUSES_S = (0.2, 1.0)

__all__ = ["Asking", "LinkError"]


class Asking:
    """Asks the units behind one address or serial port, one after the other."""

    def __init__(self, device: ModbusDevice) -> None:
        """Raises ConnectorError for a transport that this reader does not speak."""
        check_transport(device)
        self._device = device
        self._unit = device.unit
        self._link: Link | None = None
        self._was_connected = False

    async def read(self, block: Block, answer_timeout_s: float, unit: int | None = None) -> U16 | Refused:
        """The words of a block (bits as 0 and 1) or the refusal.

        Raises LinkError where no answer can be believed, the next call connects anew; UnreachableError where no
        connection can be had.
        """
        wanted = self._device.unit if unit is None else unit
        if self._link is None or self._link.is_lost or self._unit != wanted:
            await self.close()
            self._link = await self._connected(wanted)
            self._unit, self._was_connected = wanted, True
        words, _ = await self._link.read(block, answer_timeout_s)
        return words

    async def _connected(self, unit: int) -> Link:
        """Open a connection. A device that has just lost one may need a moment to take the next."""
        for pause_s in (*(_PAUSES_S if self._was_connected else ()), None):
            link = Link(self._device.model_copy(update={"unit": unit}))
            try:
                await link.connect()
            except LinkError as error:
                link.close()
                if pause_s is None:
                    raise UnreachableError(obstacle_of(error.cause), str(error)) from None
                await asyncio.sleep(pause_s)
            else:
                return link
        raise AssertionError

    async def close(self) -> None:
        """Give the connection up; the loop closes the socket in its next turn."""
        if self._link is not None:
            self._link.close()
            self._link = None
            await asyncio.sleep(0)
