"""How did tags run over a time? Any tags over any range, drawn as finely as the screen shows, and the figures of it."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.page.access import shown
from collector.page.live_rows import STATE_WORDS
from collector.page.rendering import chosen, language_of, render, whole
from collector.page.source import Source
from collector.page.words import said
from collector.page.words import text as _
from collector.store.tags import stored_tags, texts
from collector.trend import Trend, trend
from collector.trend_readings import Window
from config.site import Site
from plant.instant import US_PER_S, check_year, instant, moment
from plant.tag import Kind

MOST_TAGS = 12
PIXELS, FEWEST_PIXELS, MOST_PIXELS = 1000, 50, 4000
SHORTEST_US = 1000
RANGES: dict[str, tuple[str, int]] = {
    "quarter": (_("15 minutes"), 900),
    "hour": (_("1 hour"), 3600),
    "day": (_("1 day"), 86_400),
    "week": (_("1 week"), 7 * 86_400),
    "month": (_("30 days"), 30 * 86_400),
    "year": (_("1 year"), 365 * 86_400),
}
MOST_GAPS = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What a visitor wants to see. preset: the range up to now; None: start and end were given. fault: what was wrong
    in the question."""

    names: tuple[str, ...]
    start_us: int
    end_us: int
    preset: str | None = None
    fault: str | None = None

    def query(self, names: Sequence[str], **more: str) -> str:
        """The same view with other tags, as a query; more: of it is another."""
        view = {"range": self.preset} if self.preset else {"from": str(self.start_us), "to": str(self.end_us)}
        return urlencode([*(("tag", name) for name in names), *({**view, **more}).items()])


def asked(request: Request, site: Site, now_us: int) -> Asked:
    """What the query of a request says; whatever is wrong in it becomes the default, and is said."""
    wanted = [*request.query_params.getlist("tag"), *request.query_params.getlist("add")]
    names = tuple(dict.fromkeys(name.strip() for name in wanted if name.strip()))[:MOST_TAGS]
    start, end = request.query_params.get("from", ""), request.query_params.get("to", "")
    fault = None
    if start and not request.query_params.get("range"):
        try:
            start_us, end_us = _given(start, site), _given(end, site) if end else now_us
            if end_us - start_us >= SHORTEST_US:
                return Asked(names, start_us, end_us)
            fault = _("The end must be after the start.")
        except (ValueError, OverflowError):
            fault = _("A time must look like 2026-11-22T08:00.")
    preset = chosen(request, "range", RANGES, "day")
    return Asked(names, now_us - RANGES[preset][1] * US_PER_S, now_us, preset, fault)


def _given(text: str, site: Site) -> int:
    """The instant of a time in the plant's zone, with its own offset, or in UTC us. Raises ValueError."""
    if text.lstrip("-").isdigit():
        found = moment(int(text), site.zone)
    else:
        found = datetime.fromisoformat(text.replace(" ", "+"))
        found = found if found.tzinfo else found.replace(tzinfo=site.zone)
    check_year(found)
    return instant(found)


def trends_of(connection: Connection, names: Sequence[str], window: Window, now_us: int) -> list[Trend]:
    """The trends of the tags that the store knows, in the order asked for."""
    stored = stored_tags(connection)
    found = [stored[name] for name in names if name in stored]
    named = texts(connection) if any(one.tag.kind is Kind.TEXT for one in found) else {}
    return [trend(connection, one, window, now_us, named) for one in found]


def worded(found: Trend, language: str) -> dict[str, Any]:
    """A trend for a browser, the standard states in the visitor's words. tone: of each band."""
    form = found.json()
    form["bands"] = [
        [start_us, end_us, said(STATE_WORDS.get(text, text), language), text if text in STATE_WORDS else ""]
        for start_us, end_us, text in form.get("bands", [])
    ]
    return form


async def trends(request: Request) -> Response:
    """The page: chart, figures, gaps, and the way to the readings as a file."""
    source: Source = request.app.state.source
    now_us, language = time.time_ns() // 1000, language_of(request)
    view = asked(request, source.site, now_us)
    window = Window(view.start_us, view.end_us, PIXELS)
    found = await source.read(lambda connection, _: trends_of(connection, view.names, window, now_us))
    in_file = [tag.name for tag in source.site.tags()]
    read = {one.stored.tag.name: one.stored.first_us is not None for one in found}
    span_us = view.end_us - view.start_us
    context = {
        "view": view,
        "trends": found,
        "data": {"now_us": now_us, "trends": [worded(one, language) for one in found]},
        "unknown": [name for name in view.names if name not in read and name not in in_file],
        "silent": [name for name in view.names if name in in_file and not read.get(name)],
        "choices": [name for name in in_file if name not in view.names],
        "ranges": RANGES,
        "local": lambda us: f"{moment(us, source.site.zone):%Y-%m-%dT%H:%M:%S}",
        "stamp": lambda us: f"{moment(us, source.site.zone):%Y-%m-%d %H:%M:%S}",
        "moved": {
            name: view.query(view.names, **{"from": str(start), "to": str(end), "range": ""})
            for name, start, end in (
                ("earlier", view.start_us - span_us // 2, view.end_us - span_us // 2),
                ("later", view.start_us + span_us // 2, view.end_us + span_us // 2),
                ("closer", view.start_us + span_us // 4, view.end_us - span_us // 4),
                ("farther", view.start_us - span_us // 2, view.end_us + span_us // 2),
            )
        },
        "state_words": STATE_WORDS,
        "most_gaps": MOST_GAPS,
        "most_tags": MOST_TAGS,
    }
    return render(request, "trends.html", context)


async def data(request: Request) -> Response:
    """The same trends over another window, for the chart that is being zoomed."""
    source: Source = request.app.state.source
    now_us = time.time_ns() // 1000
    view = asked(request, source.site, now_us)
    pixels = min(max(whole(request, "pixels", PIXELS), FEWEST_PIXELS), MOST_PIXELS)
    window = Window(view.start_us, view.end_us, pixels)
    found = await source.read(lambda connection, _: trends_of(connection, view.names, window, now_us))
    language = language_of(request)
    return JSONResponse({"now_us": now_us, "trends": [worded(one, language) for one in found]})


routes = [shown("/trends", trends), shown("/trends/data", data, name="trends_data")]
