"""A store whose file is damaged, what a writer makes of it, and what must be left."""

import asyncio
import random
from pathlib import Path

from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings, with_tags

from collector.store.damage import look_for_damage
from collector.store.devices import add_received
from collector.store.integrity_check import integrity_check
from collector.store.merging import merge_days
from collector.store.readings import append, series
from collector.store.renewal import to_salvage
from collector.store.salvage import Salvage
from collector.store.sealing import seal
from collector.store.store import reading, transaction, writing
from collector.store.tags import register, stored_tags
from collector.store.writer import Writer
from plant.tag import Role, Tag

TAGS, DAYS, A_DAY = 5, 6, 2400
PAGE = 4096


def filled(path: Path) -> None:
    """Write a store of some tags and days, the last of them in the journal."""
    chance = random.Random(1)
    with writing(path) as connection:
        ids = with_tags(connection, TAGS)
        for day in range(DAYS):
            with transaction(connection):
                times = range(MONDAY_US + day * DAY_US, MONDAY_US + (day + 1) * DAY_US, 24 * HOUR_US // A_DAY)
                for tag_id in ids:
                    found = some_readings(times, [chance.random() for _ in times])
                    append(connection, entry_of({tag_id: found}))
                    add_received(connection, [("press", MONDAY_US, len(found))])
                if day < DAYS - 1:
                    seal(connection, MONDAY_US + DAYS * DAY_US)
                    merge_days(connection, MONDAY_US + DAYS * DAY_US)


def spoil_pages(path: Path, pages: list[int]) -> None:
    """Overwrite pages of the file, which nobody may have open, with noise."""
    with path.open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(random.Random(page).randbytes(PAGE))


async def go_on(path: Path) -> None:
    """Let a writer go on with a damaged file: a commit, the check of the whole file, salvage, a
    look at every row."""
    writer = Writer(path)
    writer.open()
    try:
        await writer.write(_commit)
        found = await asyncio.to_thread(integrity_check, path)
        if found is not None:
            await writer.renew(found)
            await writer.write(_commit)
        while (aside := to_salvage(path)) is not None:
            salvage = Salvage(aside)
            for _ in range(1000):
                if not await writer.write(salvage.step):
                    break
            salvage.done()
        await writer.write(_look_everywhere)
    finally:
        writer.close()


def _look_everywhere(connection: Connection) -> None:
    seal(connection, MONDAY_US + 200 * DAY_US)
    after: int | None = 0
    while after is not None:
        after = look_for_damage(connection, after)


def left_after(path: Path) -> int:
    """Let a writer go on; how many readings of before can be read at the end. The new one must be there."""
    asyncio.run(go_on(path))
    with reading(path) as connection:
        tags = stored_tags(connection)
        new = series(connection, 1, MONDAY_US + 99 * DAY_US, MONDAY_US + 100 * DAY_US)
        assert new.values.tolist() == [7]
        end_us = MONDAY_US + DAYS * DAY_US
        return sum(len(series(connection, tag.id, MONDAY_US, end_us)) for tag in tags.values())


def _commit(connection: Connection) -> None:
    register(connection, [("press", Tag(f"tag{at}", "press1", Role.GOOD_COUNT, "1")) for at in range(TAGS)])
    append(connection, entry_of({1: some_readings([MONDAY_US + 99 * DAY_US], [7])}))
    add_received(connection, [("press", MONDAY_US, 1)])
