"""How does the daemon get at its store? On a full disk it waits for room: nobody may be there to start it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.writer import Writer

log = logging.getLogger(__name__)

AGAIN_S = 2.0
T = TypeVar("T")


async def opened(writer: Writer, disk: DiskWatch, stop: asyncio.Event) -> bool:
    """Open the store as soon as there is room; False: the end was asked for before. Raises StoreError."""

    async def open_store() -> bool:
        writer.open()
        return True

    return await as_soon_as_there_is_room(open_store, disk, stop) is not None


async def as_soon_as_there_is_room(begin: Callable[[], Awaitable[T]], disk: DiskWatch, stop: asyncio.Event) -> T | None:
    """What work gives that writes to the store, begun again whenever the disk turns out to be full; None: the end was
    asked for before. Raises what else the work raises."""
    while not stop.is_set():
        try:
            if disk.look() is not Level.FULL:
                return await begin()
        except Exception as error:
            if fault_of(error) is not SqliteFault.FULL:
                raise
            disk.release()
        log.error("the disk is full: collecting begins as soon as there is room")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_S)
    return None
