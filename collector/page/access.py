"""Who may open which address, and what must a form prove before it changes anything?"""

from collections.abc import Awaitable, Callable, Sequence
from enum import IntEnum
from inspect import iscoroutinefunction
from secrets import compare_digest
from typing import Any, cast
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from collector.page.words import text as _

Endpoint = Callable[[Request], Awaitable[Response]] | Callable[[Request], Response]

FORM_BYTES = 64 * 1024
ORDER_FILE_BYTES = 10 * 2**20
MACHINE_PATHS = ("/health", "/metrics", "/api/v1/")
TOKEN_FIELD, TOKEN_HEADER = "csrf", "x-csrf-token"


class Role(IntEnum):
    """What a visitor may do: nothing but sign in, see everything, change things as well."""

    NOBODY = 0
    VIEWER = 1
    ADMIN = 2


class DeclaredRoute(Route):
    """A route that says which role it takes, and keeps everybody else from its endpoint.

    The middleware in `visits` says who a visitor is, in `request.state.role`; without it everybody is nobody.
    """

    def __init__(self, path: str, endpoint: Endpoint, method: str, role: Role, name: str | None, most: int) -> None:
        self.role, self.guarded = role, endpoint
        super().__init__(
            path, self._answer, methods=[method], name=name or getattr(endpoint, "__name__", path), max_body_size=most
        )

    async def _answer(self, request: Request) -> Response:
        if role_of(request) < self.role:
            return _turned_away(request)
        if "POST" not in (self.methods or ()):
            return await _called(self.guarded, request)
        require_same_origin(request)
        try:
            await _require_token(request)
            return await _called(self.guarded, request)
        finally:
            await request.close()


def shown(path: str, endpoint: Endpoint, role: Role = Role.VIEWER, name: str | None = None) -> Route:
    """A route that shows something (GET) and never changes anything."""
    return DeclaredRoute(path, endpoint, "GET", role, name, FORM_BYTES)


def done(
    path: str, endpoint: Endpoint, role: Role = Role.ADMIN, name: str | None = None, body_bytes: int = FORM_BYTES
) -> Route:
    """A route that does something (POST) for a form of our own pages, of at most so many bytes.

    Where the request comes from and the form's token are checked before the endpoint is called. The token is in the
    field `csrf`, or in the header X-CSRF-Token; the endpoint finds the form parsed already in `request.form()`.
    """
    return DeclaredRoute(path, endpoint, "POST", role, name, body_bytes)


def all_declared(routes: Sequence[BaseRoute]) -> Sequence[BaseRoute]:
    """The routes, all of which must be made by `shown` and `done`. Raises TypeError for any other."""
    for route in routes:
        if not isinstance(route, DeclaredRoute):
            raise TypeError(
                f"{getattr(route, 'path', route)}: does not say who may open it; declare it as shown or done"
            )
    return routes


def role_of(request: Request) -> Role:
    """What the visitor may do; nobody where nothing said so."""
    role = getattr(request.state, "role", Role.NOBODY)
    return role if isinstance(role, Role) else Role.NOBODY


def require_same_origin(request: Request) -> None:
    """Raise 403 for a request that one of our own pages did not make.

    Our pages send no referrer, so browsers give the origin of their forms as null; that is taken where the browser
    itself says that the request is of the same origin, which no page can forge.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    known = site == "same-origin" and origin in (None, "null", own)
    if not (origin == own if site is None else known):
        raise HTTPException(403, _("This form was not sent from this page."))


async def _require_token(request: Request) -> None:
    wanted = getattr(request.state, "csrf", "")
    given: Any = request.headers.get(TOKEN_HEADER)
    if given is None:
        given = (await request.form(max_files=20, max_fields=500)).get(TOKEN_FIELD)
    if not wanted or not isinstance(given, str) or not compare_digest(given.encode(), wanted.encode()):
        raise HTTPException(403, _("This form is out of date. Open the page again."))


def _turned_away(request: Request) -> Response:
    if role_of(request) is not Role.NOBODY:
        raise HTTPException(403, _("This needs an administrator."))
    if getattr(request.state, "must_change", False):
        return RedirectResponse("/password", 303)
    path = request.url.path
    if path.startswith(MACHINE_PATHS):
        headers = {"WWW-Authenticate": 'Basic realm="Smart Wings"'} if request.url.scheme == "https" else None
        raise HTTPException(401, _("Sign in first."), headers)
    if request.method == "POST":
        raise HTTPException(403, _("Sign in first."))
    here = f"{path}?{request.url.query}" if request.url.query else path
    return RedirectResponse(f"/sign-in?next={quote(here, safe='/')}", 303)


async def _called(endpoint: Endpoint, request: Request) -> Response:
    if iscoroutinefunction(endpoint):
        return cast(Response, await endpoint(request))
    return cast(Response, await run_in_threadpool(endpoint, request))
