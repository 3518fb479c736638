"""A page behind its protection, as small as can be, for tests of the protection itself."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from collector.page.access import Role, all_declared, done, shown
from collector.page.gate import Gate
from collector.page.protection import protected
from config.page import PageSettings

LAN = {"listen": "192.168.0.20:8420", "certificate_file": "page.pem", "key_file": "page.key"}
HERE, THERE = "http://127.0.0.1:8420", "https://192.168.0.20:8420"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def form(request: Request) -> Response:
    """A page with a form, whose token it shows."""
    return HTMLResponse(request.state.csrf)


async def who(request: Request) -> Response:
    return PlainTextResponse(f"{request.state.role.name} {request.state.account}")


async def sent(request: Request) -> Response:
    return PlainTextResponse(f"done {(await request.form()).get('what')}")


async def broken(_: Request) -> Response:
    raise RuntimeError("secret detail")


ROUTES = (
    shown("/form", form, Role.NOBODY),
    shown("/who", who),
    shown("/admin", who, Role.ADMIN),
    shown("/metrics", who),
    shown("/broken", broken, Role.NOBODY),
    done("/viewers", sent, Role.VIEWER),
    done("/admins", sent),
    done("/orders", sent, Role.VIEWER, body_bytes=10 * 2**20),
)


def gate(folder: Path, clock: Clock | None = None, **settings: Any) -> Gate:
    return Gate(PageSettings(**settings), folder, folder / "plant.db", clock or Clock())


class Browser:
    """A browser that keeps cookies, follows no redirect, and asks an application as if over the network."""

    def __init__(self, app: ASGIApp, address: str, peer: str = "127.0.0.1") -> None:
        self.app, self.address, self.peer = app, address, peer
        self.cookies = httpx.Cookies()

    def request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            way = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(self.peer, 50_000))
            async with httpx.AsyncClient(transport=way, base_url=self.address, cookies=self.cookies) as client:
                answer = await client.request(method, path, **sent)
                self.cookies = client.cookies
                return answer

        return asyncio.run(asked())

    def get(self, path: str, **sent: Any) -> httpx.Response:
        return self.request("GET", path, **sent)

    def post(self, path: str, **sent: Any) -> httpx.Response:
        """Send a form as a browser sends one of the page's own, unless told otherwise."""
        own = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        return self.request("POST", path, **{"headers": own, **sent})


def client(gate: Gate, routes: Sequence[BaseRoute] = ROUTES, address: str | None = None) -> Browser:
    """A browser at the page's address."""
    app = protected(Starlette(routes=all_declared(routes)), gate)
    return Browser(app, address or (THERE if gate.settings.beyond_this_machine else HERE))


def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let passwords be hashed as they are, but less thoroughly, for tests of what is done with the answer."""
    from argon2 import PasswordHasher

    from collector.page import passwords

    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    nobodys = quick.hash("nobody's")
    monkeypatch.setattr(passwords, "_HASHER", quick)
    monkeypatch.setattr(passwords, "_nobodys", lambda: nobodys)


SITE = "plant: {id: kr-test-0001, name: Test plant, time_zone: Asia/Seoul}\n"


def real_app(folder: Path, clock: Clock | None = None, **settings: Any) -> tuple[Starlette, Gate]:
    """The application with all pages, over a plant without devices, and its gate."""
    from collector.page.app import app
    from collector.page.source import Source
    from collector.store.store import writing

    (folder / "site.yaml").write_text(SITE + "page: {}\n", encoding="utf-8")
    with writing(folder / "plant.db"):
        pass
    return app(Source(folder / "site.yaml")), gate(folder, clock, **settings)


def token_in(page: str) -> str:
    """The token of the first form of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]
