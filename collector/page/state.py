"""`/health`: is the collector well? What the daemon answers, for machines."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from collector.page.access import Role, role_of, shown
from collector.page.source import Source

PATIENCE_S = 2.0
NOT_RUNNING: dict[str, Any] = {
    "running": False,
    "well": False,
    "reasons": ["the collector is not running"],
    "devices": [],
}


async def status(source: Source) -> dict[str, Any]:
    """What the daemon says of itself; that it is not running where nobody answers. Raises TimeoutError."""
    answer = await source.ask({"command": "status"}, PATIENCE_S)
    return dict(answer["status"]) if answer and answer.get("ok") else NOT_RUNNING


async def health(request: Request) -> Response:
    """200 while all is well, else 503 with the reasons; without them for whoever has not signed in."""
    try:
        now = await status(request.app.state.source)
    except TimeoutError:
        now = {**NOT_RUNNING, "reasons": ["the collector does not answer"]}
    if role_of(request) is Role.NOBODY:
        now = {"well": now["well"]}
    return JSONResponse(now, 200 if now["well"] else 503)


routes = [shown("/health", health, Role.NOBODY)]
