"""What do programs get that ask for latest readings, reports, devices and gaps?"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.gap_rows import gap_rows
from collector.page.api.queries import GapsQuery, NothingAsked, ReadingsQuery, ReportsQuery
from collector.page.source import LIMIT_S, Source, TookTooLongError
from collector.page.state import status
from collector.question import QuestionError, asked_instant, asked_stretch
from collector.read_plan import read_plan
from collector.reading_rows import latest_rows, wanted_tags
from collector.report_rows import report_rows
from collector.store.gaps import devices_with_gaps, overlapping
from collector.store.reports import all_reports
from config.site import Site
from connectors.device_health import DeviceHealth
from plant.instant import US_PER_S
from plant.period import Clock

WEEK_US = 7 * 86400 * US_PER_S
_NOT_KNOWN: dict[str, Any] = {
    **dict.fromkeys(DeviceHealth().as_json()),
    "connected": False,
    "bad_blocks": [],
    "notes": [],
}


async def readings(request: Request, query: ReadingsQuery) -> Response:
    """Newest readings."""

    def work(connection: Connection, site: Site) -> list[dict[str, Any]]:
        return latest_rows(connection, wanted_tags(site, query.tag, "this plant"), site.zone)

    return JSONResponse({"readings": await _source(request).read(work)})


async def reports(request: Request, query: ReportsQuery) -> Response:
    """Reports of the outbox."""

    def work(connection: Connection, site: Site) -> list[dict[str, Any]]:
        return report_rows(all_reports(connection, query.pending, query.limit + 1, query.offset), site.zone)

    rows = await _source(request).read(work)
    return JSONResponse({"reports": rows[: query.limit]}, headers=_next(request, rows, query))


async def gaps(request: Request, query: GapsQuery) -> Response:
    """Gaps that overlap a stretch of time."""
    now_us = time.time_ns() // 1000

    def work(connection: Connection, site: Site) -> list[dict[str, Any]]:
        _require_device(connection, site, query.device)
        bounds = _bounds(query, site.clock(), now_us)
        found = overlapping(connection, *bounds, query.device, query.limit + 1, query.offset)
        return gap_rows(found, site.zone)

    rows = await _source(request).read(work)
    return JSONResponse({"gaps": rows[: query.limit]}, headers=_next(request, rows, query))


async def devices(request: Request, _: NothingAsked) -> Response:
    """Devices, how they are read, and how they are."""
    source = _source(request)
    try:
        now = await asyncio.wait_for(status(source), LIMIT_S)
    except TimeoutError:
        raise TookTooLongError(f"the collector did not answer within {LIMIT_S:g} s") from None
    health = {device["id"]: device for device in now["devices"]}
    rows = [{**read_plan(device), **_NOT_KNOWN, **health.get(device.id, {})} for device in source.site.devices]
    return JSONResponse({"running": now["running"], "devices": rows})


def _source(request: Request) -> Source:
    source: Source = request.app.state.source
    return source


def _bounds(query: GapsQuery, clock: Clock, now_us: int) -> tuple[int, int]:
    if query.from_ is not None:
        return asked_stretch(query.from_, query.to, clock, now_us)
    end_us = now_us if query.to is None else asked_instant("to", query.to, clock.day_start)
    return end_us - WEEK_US, end_us


def _require_device(connection: Connection, site: Site, name: str | None) -> None:
    known = [device.id for device in site.devices]
    if name is not None and name not in known and name not in devices_with_gaps(connection):
        message = "{key}: {name}: is not a device of this plant; it has {known}"
        raise QuestionError("device", message, name=name, known=", ".join(known) or "none")


def _next(request: Request, rows: Sequence[object], query: ReportsQuery | GapsQuery) -> dict[str, str]:
    """The header that leads to the rows after these (RFC 8288), where there are more."""
    if len(rows) <= query.limit:
        return {}
    following = request.url.include_query_params(offset=query.offset + query.limit)
    return {"Link": f'<{following.path}?{following.query}>; rel="next"'}
