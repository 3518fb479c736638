"""The first page: is the plant well, what runs, and what do its KPIs say? Also for a screen on the wall."""

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from collector.page.access import shown
from collector.page.figures import Figures
from collector.page.plant_now import plant_now
from collector.page.rendering import render
from collector.page.running import running, today
from collector.page.source import Source
from collector.page.spark import spark
from collector.page.tile import headline

_DAYS_FRESH_S = 120.0


async def overview(request: Request) -> Response:
    """Tiles, work units and troubles, on a page or (`/wall`) for a screen that is read from afar."""
    source: Source = request.app.state.source
    figures: Figures = request.app.state.figures
    tiles, done, now, units = await asyncio.gather(
        figures.of("headline", headline, _DAYS_FRESH_S),
        figures.of("today", today),
        plant_now(request),
        source.read(running),
    )
    shows = {
        "now": now,
        "tiles": tiles,
        "spark": spark,
        "units": units,
        "today": {one.work_unit: one for one in done.value} if done else {},
        "today_known": done is not None,
    }
    return render(request, "wall.html" if request.url.path == "/wall" else "overview.html", shows)


routes = [shown("/", overview), shown("/wall", overview, name="wall")]
