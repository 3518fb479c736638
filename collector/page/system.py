"""How is the machine that collects: disk, memory, clock, queue, versions, buffer? And a support bundle for helpers."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from collector.clock_trust import ACCEPTED
from collector.page.access import Role, shown
from collector.page.plant_now import plant_now
from collector.page.rendering import render
from collector.page.source import Source
from collector.page.words import text as _
from collector.store import events
from collector.support_bundle import support_bundle, told_by
from collector.versions import versions
from config.site import Site
from plant.instant import moment

MOST_EVENTS = 30
EVENTS = {
    "start": _("started"),
    "start undated": _("started, by a clock that is not trusted"),
    "stop": _("stopped"),
    "clock step": _("clock was set"),
    ACCEPTED: _("clock was set to before what is stored"),
    "report failed": _("report could not be made"),
    "backup": _("backup was made"),
    "restore": _("restored from a backup"),
}


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the store, and what the store takes of it [bytes]."""

    total: int
    free: int
    store: int

    @property
    def used_ratio(self) -> float:
        return 1 - self.free / self.total


async def system(request: Request) -> Response:
    """All of it on a page."""
    source: Source = request.app.state.source

    def work(connection: Connection, _site: Site) -> list[tuple[int, str, str]]:
        return events.last(connection, MOST_EVENTS)

    shows = {
        "now": await plant_now(request),
        "disk": _disk(source.store),
        "versions": versions(),
        "events": await source.read(work),
        "event_words": EVENTS,
    }
    return render(request, "system.html", shows)


async def bundle(request: Request) -> Response:
    """The support bundle as a zip file."""
    source: Source = request.app.state.source
    now_us = time.time_ns() // 1000

    def made() -> bytes:
        return support_bundle(source.site_file, told_by(source.site_file), now_us)

    at = moment(now_us, source.site.zone)
    name = f"smartwings-{source.site.plant.id}-{at:%Y%m%d-%H%M}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(await run_in_threadpool(made), media_type="application/zip", headers=headers)


def _disk(store: Path) -> Disk:
    usage = shutil.disk_usage(store.parent)
    taken = sum(file.stat().st_size for file in store.parent.glob(f"{store.name}*") if file.is_file())
    return Disk(usage.total, usage.free, taken)


routes = [shown("/system", system), shown("/system/support.zip", bundle, Role.ADMIN)]
