"""The first page: is the plant well, and what do its KPIs say?"""

from starlette.requests import Request
from starlette.responses import Response

from collector.page.access import shown
from collector.page.rendering import render


async def overview(request: Request) -> Response:
    return render(request, "overview.html")


routes = [shown("/", overview)]
