"""Who merges imports into the store of a running collector? One at a time, little by little, also those cut off."""

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import Connection

from collector.store.pending_import import left_imports
from collector.store.writer import Writer


async def done_in_turns(writer: Writer, do_next: Callable[[Connection], bool]) -> None:
    """Do the next transaction until there is no more to do. The writer rests for as long as each took, so that what
    devices send is committed in between. The caller holds `writer.importing`."""
    more = True
    while more:
        begun_s = time.monotonic()
        more = await writer.call(do_next)
        await asyncio.sleep(time.monotonic() - begun_s)


async def merge_left(writer: Writer) -> None:
    """Go on with imports that count and were cut off. The caller holds `writer.importing`."""
    for left in await asyncio.to_thread(left_imports, writer.path):
        await done_in_turns(writer, left.go_on)
