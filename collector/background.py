"""What is woken up from time to time? Sealing, merging, forgetting, reports that are due, order files."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from collector import housekeeping, order_folder
from collector.acquisition import now_us
from collector.clock_trust import ClockTrust, accept
from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.import_merging import merge_left
from collector.kept_records import missing_records, what_is_closed
from collector.schedule import Schedule
from collector.store import changes, events
from collector.store.damage import damaged_since, look_for_damage
from collector.store.gathering import gather
from collector.store.integrity_check import integrity_check
from collector.store.renewal import to_salvage
from collector.store.salvage import Salvage
from collector.store.summaries import fill_summaries
from collector.store.wal import truncate_wal
from collector.store.writer import Writer
from config.site import Site

LOOKS_A_MINUTE = 20
LOOK_PAUSE_S = 0.5
DAY_US = 86_400_000_000
TOLD_US = 7 * DAY_US

if TYPE_CHECKING:
    from collector.reporting import Reporting


def background(
    site: Site, folder: Path, writer: Writer, reporting: "Reporting | None", clock: ClockTrust, disk: DiskWatch
) -> Schedule:
    """The schedule of all background work of a collector; none of it is done by a clock that is not trusted."""

    async def note_step(step_s: float) -> None:
        clock.was_set()
        await writer.write(lambda connection: events.save(connection, now_us(), "clock step", f"{step_s:.3f} s"))
        await writer.write(lambda connection: accept(connection, now_us()))

    schedule = Schedule(note_step, lambda: clock.is_trusted(now_us()))
    _housekeeping(schedule, site, writer, disk)
    _kept_days(schedule, site, writer, forget=reporting is None)
    if reporting is not None:

        async def report() -> None:
            # Late rather than made without what is still to be taken over; but not for ever, for want of room.
            if to_salvage(writer.path) is None or disk.level >= Level.SHORT:
                await reporting.make_due(writer, now_us())

        schedule.every(5, "reports", report)
    if site.orders.watch is not None:
        _order_files(schedule, site, folder / site.orders.watch, writer)
    return schedule


def _housekeeping(schedule: Schedule, site: Site, writer: Writer, disk: DiskWatch) -> None:
    async def gather_journal() -> None:
        await _bit_by_bit(writer, 0, lambda connection, _: gather(connection) or None)

    async def seal() -> None:
        await _bit_by_bit(writer, 0, lambda connection, tag: housekeeping.seal_next(connection, now_us(), tag))

    async def merge() -> None:
        await _bit_by_bit(writer, 0, lambda connection, key: housekeeping.merge_next_days(connection, now_us(), key))

    async def forget() -> None:
        keep_days = site.store.keep_days
        await _bit_by_bit(
            writer, 0, lambda connection, tag: housekeeping.forget_next(connection, now_us(), keep_days, tag)
        )

    async def make_room() -> None:
        if disk.look() >= Level.SHORT:
            await forget()
            await writer.call(lambda connection: truncate_wal(connection, writer.path, 0))

    async def go_on_with_imports() -> None:
        if not writer.importing.locked():
            async with writer.importing:
                await merge_left(writer)

    schedule.every(5, "imports", go_on_with_imports)
    schedule.every(20, "gather journal", gather_journal)
    schedule.every(60, "seal hours", seal)
    schedule.every(600, "merge days", merge)
    schedule.every(600, "forget days", forget)
    schedule.every(30, "make room", make_room)
    _summaries(schedule, writer, disk)
    _damage(schedule, writer)
    _damaged_file(schedule, writer, disk)


async def _bit_by_bit(writer: Writer, at: int | None, step: Callable[[Connection, int], int | None]) -> None:
    """Take step after step, each from where the one before says, until it says None. Each is a transaction of its own,
    and after it the writer rests for as long as it took, so that readings are committed in between."""
    while at is not None:
        begun_s = time.monotonic()
        at = await writer.write(lambda connection, at=at: step(connection, at))  # type: ignore[misc]
        await asyncio.sleep(time.monotonic() - begun_s)
    await writer.call(lambda connection: truncate_wal(connection, writer.path))


def _summaries(schedule: Schedule, writer: Writer, disk: DiskWatch) -> None:
    """Chunks of an earlier program get summaries: little at a time, until none is without."""
    after_key: list[int | None] = [0]

    async def fill() -> None:
        for _ in range(20):
            key = after_key[0]
            if key is None or disk.level >= Level.SHORT:
                return
            after_key[0] = await writer.write(lambda connection: fill_summaries(connection, key))  # noqa: B023

    schedule.every(10, "summaries", fill)


def _damage(schedule: Schedule, writer: Writer) -> None:
    """Chunks that nobody reads are looked at too: some 2,000 a minute, from the first to the last and again."""
    after_key = [0]

    async def look() -> None:
        for _ in range(LOOKS_A_MINUTE):
            found = await writer.write(lambda connection: look_for_damage(connection, after_key[0]))
            after_key[0] = found or 0
            if found is None:
                return
            await asyncio.sleep(LOOK_PAUSE_S)

    async def count() -> None:
        since_us = now_us() - TOLD_US
        rows, readings, _ = await writer.read(lambda connection: damaged_since(connection, since_us))
        writer.damaged = rows, readings

    schedule.every(60, "look for damage", look)
    schedule.every(20, "count damage", count)


def _damaged_file(schedule: Schedule, writer: Writer, disk: DiskWatch) -> None:
    """The structure of the whole file is looked at once a day; what can be read of one put aside is taken over."""
    checked_us = [0]

    async def check_file() -> None:
        if abs(now_us() - checked_us[0]) < DAY_US:
            return
        checked_us[0] = now_us()
        found = await asyncio.to_thread(integrity_check, writer.path)
        if found is not None:
            await writer.renew(found)

    async def salvage() -> None:
        aside = to_salvage(writer.path)
        if aside is None:
            return
        salvaging = Salvage(aside)
        while disk.level < Level.SHORT:
            if not await writer.write(salvaging.step):
                salvaging.done()
                return
            await asyncio.sleep(LOOK_PAUSE_S)

    schedule.every(30, "check file", check_file)
    schedule.every(10, "salvage", salvage)


def _kept_days(schedule: Schedule, site: Site, writer: Writer, forget: bool) -> None:
    """Records of closed days and months; forget: nobody else looks at the notes of changes."""
    done: list[object] = [None]

    async def keep_days() -> None:
        asked = await asyncio.to_thread(what_is_closed, writer.path, site, now_us())
        if asked == done[0]:
            return
        while (found := await asyncio.to_thread(missing_records, writer.path, site, now_us())) is not None:
            if not await writer.write(found.keep):
                return  # all of it changed meanwhile; the next time will do
        if forget:
            await writer.write(lambda connection: changes.forget(connection, changes.newest(connection)))
        done[0] = asked

    schedule.every(60, "keep days", keep_days)


def _order_files(schedule: Schedule, site: Site, watched: Path, writer: Writer) -> None:
    async def take_orders() -> None:
        for path in order_folder.waiting(watched):
            await writer.call(lambda connection: order_folder.take(connection, site, path, now_us()))  # noqa: B023

    schedule.every(2, "order files", take_orders)
