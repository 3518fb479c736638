"""In which language and light does a visitor want the page? A cookie of the browser remembers it."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.page.access import Role, done
from collector.page.rendering import THEMES
from collector.page.words import LANGUAGES

_YEAR_S = 365 * 86400


async def preferences(request: Request) -> Response:
    """Remember what was chosen, and go back to where it was."""
    form = await request.form()
    answer = RedirectResponse(own_path(str(form.get("next", "/"))), 303)
    for key, known in (("language", LANGUAGES), ("theme", THEMES)):
        if (value := form.get(key)) in known:
            secure = request.url.scheme == "https"
            answer.set_cookie(key, str(value), _YEAR_S, secure=secure, samesite="strict", httponly=True)
    return answer


def own_path(address: str) -> str:
    """A path of this page that somebody may be sent back to; `/` for anything else.

    >>> own_path("/live?group=device"), own_path("//elsewhere.example"), own_path("https://elsewhere.example/")
    ('/live?group=device', '/', '/')
    """
    parts = urlsplit(address)
    fits = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return address if fits else "/"


routes = [done("/preferences", preferences, Role.NOBODY)]
