"""What do the pages know of the plant now? The daemon's answer, what store and files show, and all trouble of both."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request

from collector.buffer import Buffer, buffer
from collector.health import free_bytes
from collector.page.figures import Figures
from collector.page.kpi_page import now_us
from collector.page.source import Source
from collector.plant_standing import known_until, standing
from collector.plant_trouble import Kept, kept_troubles, not_answering, not_running
from collector.store.growth import Growth, growth
from collector.trouble import Trouble, worst_first
from config.site import Site

PATIENCE_S = 2.0
_GROWTH_FRESH_S = 300.0


@dataclass(frozen=True, slots=True)
class PlantNow:
    """The plant at a moment. status and detail are the daemon's; detail None: it does not run, or does not answer.

    known_us: when any device was heard of last. outlook: None while it is being worked out.
    """

    troubles: list[Trouble]
    known_us: int | None
    outlook: Buffer | None
    growth: Growth | None
    status: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] | None = None

    def of(self, subject: str) -> list[Trouble]:
        """The trouble of a device, be it its own or its line's."""
        return [one for one in self.troubles if subject in one.subjects]


async def plant_now(request: Request) -> PlantNow:
    """Asked of the daemon and read from the store, for one request."""
    source: Source = request.app.state.source
    try:
        answer = await source.ask({"command": "status"}, PATIENCE_S)
        if answer is not None and not answer["ok"]:
            raise TimeoutError(answer["message"])
        running = [not_running(None)] if answer is None else [Trouble.from_json(one) for one in answer["troubles"]]
    except TimeoutError:
        answer, running = None, [not_answering()]
    found, outlook = await _outlook(request)

    def work(connection: Connection, site: Site) -> tuple[Kept, int | None]:
        return standing(connection, site, source.site_file, outlook), known_until(connection)

    kept, known_us = await source.read(work)
    if answer is None:
        kept = replace(kept, started_sha256="")
        running = [replace(one, since_us=known_us) for one in running]
    troubles = worst_first([*running, *kept_troubles(kept, running, now_us())])
    status, detail = (answer["status"], answer["detail"]) if answer else ({}, None)
    return PlantNow(troubles, known_us, outlook, found, status, detail)


async def _outlook(request: Request) -> tuple[Growth | None, Buffer | None]:
    source: Source = request.app.state.source
    figures: Figures = request.app.state.figures
    found = await figures.of("growth", lambda one: growth(one.connection, one.now_us), _GROWTH_FRESH_S)
    if found is None:
        return None, None
    free = free_bytes(source.store)
    return found.value, buffer(found.value, free, source.site.store.keep_days, found.as_of_us)
