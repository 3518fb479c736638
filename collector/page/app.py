"""Which addresses does the page have? Every page declares its own; here they are put together."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from collector.page import (
    applied_versions,
    commissioning,
    delivery,
    devices,
    energy,
    equipment,
    explanation,
    metrics,
    order_files,
    overview,
    preferences,
    quality,
    report_list,
    sign_in,
    state,
    system,
    trends,
)
from collector.page.access import Role, all_declared, shown
from collector.page.api.routes import api_routes
from collector.page.drafts import Drafts
from collector.page.figures import Figures
from collector.page.gate import Gate
from collector.page.live import Live
from collector.page.protection import protected
from collector.page.refusals import REFUSALS
from collector.page.source import Source
from collector.page.static import static_file


def routes() -> list[BaseRoute]:
    """Every address of one application."""
    return [
        *overview.routes,
        *Live().routes(),
        *trends.routes,
        *quality.routes,
        *explanation.routes,
        *delivery.routes,
        *order_files.routes,
        *energy.routes,
        *equipment.routes,
        *devices.routes,
        *applied_versions.routes,
        *commissioning.routes,
        *report_list.routes,
        *system.routes,
        *state.routes,
        *metrics.routes,
        *preferences.routes,
        *sign_in.routes,
        *api_routes(),
        shown("/static/{edition}/{name:path}", static_file, Role.NOBODY),
    ]


def app(source: Source) -> Starlette:
    """The pages over a plant's store and daemon, without protection: whoever asks is nobody."""
    made = Starlette(
        routes=all_declared(routes()),
        middleware=[Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)],
        exception_handlers=REFUSALS,
    )
    made.state.source = source
    made.state.figures = Figures(source)
    made.state.drafts = Drafts()
    return made


def protected_app(source: Source) -> ASGIApp:
    """The pages as they are served."""
    assert source.site.page is not None
    return protected(app(source), Gate(source.site.page, source.site_file.parent, source.store))
