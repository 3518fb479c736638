"""What does a visitor read who cannot have what was asked for? Why, in a line; nothing of what lies behind."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from collector.page.access import MACHINE_PATHS
from collector.page.rendering import render, translated
from collector.page.source import TookTooLongError
from collector.page.words import text as _
from collector.store.store import StoreError

TEXTS: Mapping[int, str] = {
    400: _("This request cannot be understood."),
    403: _("You may not do this."),
    404: _("There is no such page."),
    405: _("This address does not take that."),
    413: _("This is too large to be taken."),
    429: _("Too many attempts. Wait a while."),
    503: _("The store cannot be read just now."),
}
TOO_MUCH = _("This is too much to be looked up at once. Ask for less time or fewer tags.")


class _TooMuchError(HTTPException):
    """The store could be read, and was asked for too much."""


async def refused(request: Request, error: Exception) -> Response:
    """The answer to a request that an HTTPException ended."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if request.url.path.startswith(MACHINE_PATHS):
        answer: Response = JSONResponse({"faults": [{"key": "", "message": error.detail}]}, error.status_code)
    elif "text/html" in request.headers.get("accept", ""):
        text = TOO_MUCH if isinstance(error, _TooMuchError) else TEXTS.get(error.status_code, TEXTS[400])
        context = {"status": error.status_code, "text": text, "detail": _own_words(error)}
        answer = render(request, "refusal.html", context, error.status_code)
    else:
        answer = PlainTextResponse(f"{error.detail}\n", error.status_code)
    answer.headers.update(headers)
    return answer


async def took_too_long(request: Request, error: Exception) -> Response:
    """The answer where the store was asked for too much."""
    return await refused(request, _TooMuchError(503, str(error)))


async def no_store(request: Request, _error: Exception) -> Response:
    """The answer where the store cannot be read; its name and the cause are for the log and the administrator."""
    return await refused(request, HTTPException(503, translated(request, TEXTS[503])))


def _own_words(error: HTTPException) -> str:
    """What we said of the cause; nothing where the library said it."""
    return (
        ""
        if isinstance(error, _TooMuchError) or error.detail == HTTPException(error.status_code).detail
        else error.detail
    )


REFUSALS: Mapping[Any, Any] = {HTTPException: refused, TookTooLongError: took_too_long, StoreError: no_store}
