"""What is woken up from time to time? Sealing, merging, forgetting, reports that are due, order files."""

from pathlib import Path

from collector import housekeeping, order_folder
from collector.acquisition import now_us
from collector.reporting import Reporting
from collector.schedule import Schedule
from collector.store import events
from collector.store.writer import Writer
from config.site import Site


def background(site: Site, folder: Path, writer: Writer, reporting: Reporting | None) -> Schedule:
    """The schedule of all background work of a collector."""

    async def note_step(step_s: float) -> None:
        await writer.write(lambda connection: events.save(connection, now_us(), "clock step", f"{step_s:.3f} s"))

    async def seal() -> None:
        await writer.write(lambda connection: housekeeping.seal_hours(connection, now_us()))

    async def merge() -> None:
        await writer.write(lambda connection: housekeeping.merge_days(connection, now_us()))
        await writer.write(lambda connection: housekeeping.forget(connection, now_us(), site.store.keep_days))

    schedule = Schedule(note_step)
    schedule.every(60, "seal hours", seal)
    schedule.every(600, "merge days", merge)
    if reporting is not None:

        async def report() -> None:
            await reporting.make_due(writer, now_us())

        schedule.every(5, "reports", report)
    if site.orders.watch is not None:
        watched = folder / site.orders.watch

        async def take_orders() -> None:
            for path in order_folder.waiting(watched):
                await writer.call(lambda connection: order_folder.take(connection, site, path, now_us()))  # noqa: B023

        schedule.every(2, "order files", take_orders)
    return schedule
