"""How long is waited before the next attempt? As long as was meant, unless somebody wants it now."""

import asyncio
from typing import Any


class Pause:
    """A wait of one task that another may end early."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[bool] | None = None

    async def wait(self, seconds: float, *events: "asyncio.Future[Any]") -> bool:
        """Wait so long, until `end`, or until one of the events is done; whether it was `end`."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[bool] = loop.create_future()
        self._ended = ended
        timer = loop.call_later(max(0.0, seconds), _end_unasked, ended)

        def on_event(_: "asyncio.Future[Any]") -> None:
            _end_unasked(ended)

        for event in events:
            event.add_done_callback(on_event)
        try:
            return await ended
        finally:
            self._ended = None
            timer.cancel()
            for event in events:
                event.remove_done_callback(on_event)

    def end(self) -> bool:
        """End the wait; false when nobody waits, since the attempt is already made."""
        if self._ended is None:
            return False
        if not self._ended.done():
            self._ended.set_result(True)
        return True


def _end_unasked(ended: "asyncio.Future[bool]") -> None:
    if not ended.done():
        ended.set_result(False)
