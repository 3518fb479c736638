"""When does a request leave? At once; where many devices are being asked, all of one turn of the loop together."""

import asyncio

MANY = 4
"""Devices being asked at once from which on requests wait for the end of the turn. Each one sent alone wakes a sleeping
peer, or the network's card, anew; below that the turn of the loop that a wait costs is worth more."""


class Departures:
    """Requests on their way out, over all connections that are read together. asking: runs that are on."""

    def __init__(self) -> None:
        self.asking = 0
        self._waiting: list[tuple[asyncio.Transport, bytes]] = []

    def send(self, transport: asyncio.Transport, data: bytes) -> None:
        """Send now or at the end of this turn of the loop; what one connection sends keeps its order."""
        if self.asking < MANY and not self._waiting:
            transport.write(data)
            return
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._leave)
        self._waiting.append((transport, data))

    def _leave(self) -> None:
        waiting, self._waiting = self._waiting, []
        for transport, data in waiting:
            if not transport.is_closing():
                transport.write(data)
