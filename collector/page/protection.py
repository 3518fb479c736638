"""What stands between network and pages? Host names, headers and visitors, in this order, round every request."""

import ipaddress

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.page.gate import Gate
from collector.page.response_headers import put_headers
from collector.page.visits import visited
from config.page import PageSettings

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def protected(app: ASGIApp, gate: Gate) -> ASGIApp:
    """The application, so that nothing reaches it or leaves it unprotected."""
    inner = visited(app, gate)
    over_tls = gate.settings.certificate_file is not None
    allowed = allowed_hosts(gate.settings)

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # neither web sockets nor anything else

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                put_headers(MutableHeaders(scope=message), over_tls)
            await send(message)

        if host_of(Headers(scope=scope).get("host", "")) in allowed:
            await inner(scope, receive, with_headers)
        else:
            await PlainTextResponse("This page is not known by that name.\n", 421)(scope, receive, with_headers)

    return outer


def allowed_hosts(settings: PageSettings) -> frozenset[str]:
    """Names by which the page may be asked for; any other may be an attacker's that leads here (DNS rebinding)."""
    names = [*LOOPBACK_NAMES, *settings.hosts]
    if not settings.listens_everywhere:
        names.append(settings.host.lower())
    return frozenset(_written_one_way(name) for name in names)


def host_of(header: str) -> str:
    """The name in a Host header, without its port; empty for one that is not well formed.

    >>> host_of("Edge1:8420"), host_of("[::1]:8420"), host_of("127.0.0.1"), host_of("a b")
    ('edge1', '::1', '127.0.0.1', '')
    """
    name, bracket, port = header.rpartition("]")
    if not bracket:
        name, _, port = header.partition(":")
    elif port:
        port = port.removeprefix(":") if port.startswith(":") else "?"
    if (port and not port.isdigit()) or not name.isprintable() or " " in name:
        return ""
    return _written_one_way(name.removeprefix("[").lower())


def _written_one_way(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.rstrip(".")
