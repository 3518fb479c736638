"""How does the daemon get at its store? On a full disk it waits for room: nobody may be there to start it."""

import asyncio
import logging
from contextlib import suppress

from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError
from collector.store.writer import Writer

log = logging.getLogger(__name__)

AGAIN_S = 2.0


async def opened(writer: Writer, disk: DiskWatch, stop: asyncio.Event) -> bool:
    """Open the store as soon as there is room; False: the end was asked for before. Raises StoreError."""
    while not stop.is_set():
        try:
            if disk.look() is not Level.FULL:
                writer.open()
                return True
        except (StoreError, OSError) as error:
            if fault_of(error) is not SqliteFault.FULL:
                raise
            disk.release()
        log.error("the disk is full: the store is opened as soon as there is room")
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), AGAIN_S)
    return False
