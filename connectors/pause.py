"""How long is waited before the next attempt? As long as was meant, unless somebody wants it now."""

import asyncio
from typing import Any


class Pause:
    """A wait of one task that another may end early."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[None] | None = None

    async def wait(self, seconds: float, *events: "asyncio.Future[Any]") -> bool:
        """Wait so long, until `end`, or until one of the events is done; whether it was `end`."""
        ended = self._ended = asyncio.get_running_loop().create_future()
        try:
            until: set[asyncio.Future[Any]] = {ended, *events}
            await asyncio.wait(until, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ended = None
        return ended.done()

    def end(self) -> bool:
        """End the wait; false when nobody waits, since the attempt is already made."""
        if self._ended is None:
            return False
        if not self._ended.done():
            self._ended.set_result(None)
        return True
