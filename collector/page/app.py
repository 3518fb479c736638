"""Which addresses does the page have? Every page declares its own; here they are put together."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from collector.page import overview, preferences, quality, state
from collector.page.access import Role, shown
from collector.page.api.routes import api_routes
from collector.page.figures import Figures
from collector.page.source import Source
from collector.page.static import static_file


def app(source: Source) -> Starlette:
    """The application over a plant's store and daemon."""
    routes: list[BaseRoute] = [
        *overview.routes,
        *quality.routes,
        *state.routes,
        *preferences.routes,
        *api_routes(),
        shown("/static/{edition}/{name:path}", static_file, Role.NOBODY),
    ]
    made = Starlette(routes=routes, middleware=[Middleware(GZipMiddleware, minimum_size=1000), Middleware(_Everybody)])
    made.state.source = source
    made.state.figures = Figures(source)
    return made


class _Everybody:
    """Whoever opens the page is a viewer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(role=Role.ADMIN, csrf="x", account=None)
        await self.app(scope, receive, send)
