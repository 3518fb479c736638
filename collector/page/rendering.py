"""How does a page become HTML? One set of templates, in the visitor's language, with the plant's numbers and times."""

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from collector.page import shown, words
from collector.page.access import Role
from collector.page.sessions import BY_LINK
from collector.page.source import Source
from collector.page.static import address_of

FOLDER = Path(__file__).parent
THEMES = ("auto", "light", "dark")

# What the menu holds: path and English name.
MENU: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/live", "Live"),
    ("/trends", "Trends"),
    ("/quality", "Quality"),
    ("/delivery", "Delivery"),
    ("/energy", "Energy"),
    ("/equipment", "Equipment"),
    ("/devices", "Devices"),
    ("/commissioning", "Commissioning"),
    ("/reports", "Reports"),
    ("/system", "System"),
)


@cache
def environment(language: str = "en") -> Environment:
    """Templates in a language, escaped, with what all of them may call."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.globals |= {"asset": address_of, "menu": MENU, "languages": words.LANGUAGES, "Role": Role, "by_link": BY_LINK}
    made.filters |= {
        "number": shown.number,
        "percent": shown.percent,
        "quantity": shown.quantity,
        "size": shown.size,
        "span": shown.span,
        # Not `_`, which takes what it is given for HTML of ours with names to be filled in.
        "told": partial(words.said, language=language),
    }
    # A method of the extension, which it adds to the environment.
    made.install_gettext_callables(  # type: ignore[attr-defined]
        partial(words.said, language=language),
        lambda one, many, count: words.said(one if count == 1 else many, language),
        newstyle=True,
    )
    return made


def language_of(request: Request) -> str:
    """The visitor's language: as chosen, else as the browser asks for."""
    chosen = request.cookies.get("language")
    return chosen if chosen in words.LANGUAGES else words.preferred(request.headers.get("accept-language", ""))


def translated(request: Request, text: str) -> str:
    """A text in the visitor's language."""
    return words.said(text, language_of(request))


def render(
    request: Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HTMLResponse:
    """A page from a template and what it shows.

    Templates also know: request, site, zone, now_us, language, theme, role, csrf, here (the path), `_`, and the
    filters of this module with `when` (a time in the plant) and `iso`.
    """
    source: Source = request.app.state.source
    language, theme = language_of(request), request.cookies.get("theme")
    zone, now_us = source.site.zone, time.time_ns() // 1000
    html = (
        environment(language)
        .get_template(template)
        .render(
            {
                "request": request,
                "site": source.site,
                "site_fault": source.site_fault,
                "zone": zone,
                "now_us": now_us,
                "when": lambda us: shown.clock_time(us, zone, now_us),
                "iso": lambda us: shown.iso(us, zone),
                "language": language,
                "theme": theme if theme in THEMES else "auto",
                "role": request.state.role,
                "account": request.state.account,
                "csrf": request.state.csrf,
                "here": request.url.path,
                "back": _back(request),
                **(context or {}),
            }
        )
    )
    return HTMLResponse(html, status)


def _back(request: Request) -> str:
    """Where a choice of language or light leads back to: here, but for the answer to a form, which has no address."""
    path, query = request.url.path, request.url.query
    if request.method != "GET":
        return "/" + path.split("/")[1]
    return f"{path}?{query}" if query else path


def chosen(request: Request, key: str, known: Mapping[str, Any] | list[str] | tuple[str, ...], default: str) -> str:
    """A value of the query that must be one of those known; anything else is the default."""
    value = request.query_params.get(key, default)
    return value if value in known else default


def whole(request: Request, key: str, default: int) -> int:
    """A whole number of the query; anything else is the default."""
    with suppress(ValueError):
        return int(request.query_params.get(key, default))
    return default
