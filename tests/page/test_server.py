"""Does the page stay with clients that are slow, many, or make no sense? Over real sockets."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp

from collector.page import connection
from collector.page.access import Role, done, shown
from collector.page.beyond_loopback import require_protected, tls_context
from collector.page.certificate import make_certificate
from collector.page.protection import protected
from collector.page.server import serve
from collector.page.visits import SESSION
from config.fault import InputError
from config.page import PageSettings
from tests.acceptance.simulated_plant import free_port
from tests.page.guarded import Clock, gate

GET = b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
OURS = b"content-security-policy: default-src 'none'"


async def who(request: Request) -> Response:
    return PlainTextResponse(f"{request.state.role.name} {request.url.scheme} {request.client.host}")  # type: ignore[union-attr]


async def large(_: Request) -> Response:
    return PlainTextResponse("x" * 20_000_000)


async def stream(_: Request) -> Response:
    async def ticks() -> AsyncIterator[bytes]:
        while True:
            yield b"data: tick\n\n"
            await asyncio.sleep(0.02)

    return StreamingResponse(ticks(), media_type="text/event-stream")


ROUTES = (
    shown("/who", who, Role.NOBODY),
    shown("/large", large),
    shown("/stream", stream),
    done("/orders", who, Role.NOBODY, body_bytes=10 * 2**20),
)


@asynccontextmanager
async def served(app: ASGIApp, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port at which an application is served meanwhile."""
    port = free_port()
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, tls))
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            await asyncio.sleep(0.01)
        yield port
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def during(folder: Path, work: Callable[[int], Awaitable[None]]) -> None:
    """Do something while the small page is served."""

    async def run() -> None:
        async with served(protected(Starlette(routes=ROUTES), gate(folder))) as port:
            await work(port)

    asyncio.run(run())


async def said(port: int, request: bytes) -> bytes:
    """All that is answered until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(-1), 5)
    finally:
        writer.close()


async def ends_after_s(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, trickle: bytes | None) -> float:
    """Seconds until the other side ends the connection, while a byte is sent now and then."""
    start_s = time.monotonic()
    ended = asyncio.ensure_future(reader.read(-1))
    while not ended.done() and time.monotonic() < start_s + 20:
        if trickle:
            writer.write(trickle)
        await asyncio.wait([ended], timeout=0.1)
    ended.cancel()
    writer.close()
    return time.monotonic() - start_s


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of a second instead of ten."""
    monkeypatch.setattr(connection, "PATIENCE_S", 1.0)
    monkeypatch.setattr(connection, "READ_S", 1.0)


CLOSE = b"Connection: close\r\n\r\n"


def test_a_request_that_makes_no_sense_is_refused_with_the_headers_and_no_version(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        for request in (b"\x16\x03\x01 nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"):
            answer = await said(port, request)
            assert answer.startswith(b"HTTP/1.1 400")
            assert OURS in answer
            assert b"uvicorn" not in answer.lower()
            assert b"h11" not in answer.lower()

    during(tmp_path, work)


def test_no_header_says_what_serves(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        answer = await said(port, b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\n" + CLOSE)
        head = answer.lower().partition(b"\r\n\r\n")[0]
        assert b"200 ok" in head
        assert OURS in head
        assert b"server:" not in head

    during(tmp_path, work)


def test_what_a_header_says_of_client_and_scheme_is_not_believed(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        forged = b"X-Forwarded-For: 10.1.1.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=10.1.1.1;proto=https\r\n"
        answer = await said(port, b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\n" + forged + CLOSE)
        assert answer.endswith(b"VIEWER http 127.0.0.1")

    during(tmp_path, work)


def test_a_request_without_host_is_misdirected(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        assert (await said(port, b"GET /who HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 421")

    during(tmp_path, work)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("begun", [b"", b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "])
@pytest.mark.parametrize("trickle", [b"x", None])
def test_a_head_that_does_not_come_ends_the_connection(tmp_path: Path, begun: bytes, trickle: bytes | None) -> None:
    async def work(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        assert 0.5 < await ends_after_s(reader, writer, trickle) < 5

    during(tmp_path, work)


@pytest.mark.usefixtures("hasty")
def test_a_head_that_does_not_come_after_an_answer_ends_the_connection(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await reader.readuntil(b"127.0.0.1")
        assert 0.5 < await ends_after_s(reader, writer, b"x") < 5

    during(tmp_path, work)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("trickle", [b"x", None])
def test_a_body_that_does_not_come_ends_the_connection(tmp_path: Path, trickle: bytes | None) -> None:
    async def work(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Length: 9999\r\n"
        writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf=".encode())
        assert 0.5 < await ends_after_s(reader, writer, trickle) < 5

    during(tmp_path, work)


@pytest.mark.usefixtures("hasty")
def test_who_does_not_take_the_answer_is_cut_off(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as idle:
            idle.sendall(GET.replace(b"/who", b"/large"))
            await asyncio.sleep(3.5)
            idle.settimeout(1)
            taken = 0
            with suppress(ConnectionResetError):
                while more := idle.recv(2**20):
                    taken += len(more)
        assert 0 < taken < 20_000_000

    during(tmp_path, work)


def test_a_body_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        head = "POST /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n"
        for length in ("Content-Length: 10485761\r\n\r\n", "Content-Length: 99999999999999\r\n\r\n"):
            kind = "Content-Type: application/x-www-form-urlencoded\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write((head + kind + length).encode())
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
            writer.close()

    during(tmp_path, work)


def test_connections_are_limited_and_those_that_wait_give_way_first(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connection.MOST_CONNECTIONS)]
        await asyncio.sleep(0.2)
        refused = await said(port, b"")
        assert refused.startswith(b"HTTP/1.1 503")
        assert OURS in refused
        for reader, writer in kept:
            writer.write(GET)
            assert (await reader.readuntil(b"VIEWER http 127.0.0.1")).startswith(b"HTTP/1.1 200")
        assert b"200 OK" in await said(port, b"GET /who HTTP/1.1\r\nHost: 127.0.0.1\r\n" + CLOSE)
        closed = 0
        for reader, writer in kept:
            closed += reader.at_eof()
            writer.close()
        assert closed == 1

    during(tmp_path, work)


def test_a_stream_ends_with_the_session_that_opened_it(tmp_path: Path) -> None:
    clock = Clock()
    door = gate(tmp_path, clock)

    async def run() -> None:
        async with served(protected(Starlette(routes=ROUTES), door)) as port:
            secret = door.sessions.begin("kim", Role.VIEWER)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            cookie = f"Cookie: {door.cookie(SESSION)}={secret}\r\n"
            writer.write(f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n{cookie}\r\n".encode())
            await reader.readuntil(b"tick")
            await reader.readuntil(b"tick")
            door.sessions.end(secret)
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n0\r\n\r\n"), 5)).count(b"tick") < 50
            writer.close()

    asyncio.run(run())


def page(folder: Path, **more: object) -> PageSettings:
    given = {"certificate_file": "page.pem", "key_file": "secrets/page.key", "hosts": ("edge1.plant.example",), **more}
    return PageSettings.model_validate({"listen": "0.0.0.0:8420", **given})


def test_over_tls_with_a_certificate_of_our_own_by_name_and_address(tmp_path: Path) -> None:
    settings = page(tmp_path)
    make_certificate(settings, tmp_path)
    context = tls_context(settings, tmp_path)
    trusting = ssl.create_default_context(cafile=str(tmp_path / "page.pem"))
    door = gate(tmp_path, **settings.model_dump())

    async def run() -> None:
        async with served(protected(Starlette(routes=ROUTES), door), context) as port:
            for name in ("127.0.0.1", "edge1.plant.example", "localhost"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname=name)
                writer.write(f"GET /who HTTP/1.1\r\nHost: {name}\r\n".encode() + CLOSE)
                assert (await reader.read(-1)).endswith(b"NOBODY https 127.0.0.1")
                writer.close()
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="other.example")
            assert await said(port, GET) == b""  # nothing is said in the clear

    asyncio.run(run())


def test_tls_is_of_1_2_or_later(tmp_path: Path) -> None:
    settings = page(tmp_path)
    make_certificate(settings, tmp_path)
    context = tls_context(settings, tmp_path)
    assert context is not None
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert tls_context(PageSettings(), tmp_path) is None


def test_who_does_not_shake_hands_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collector.page import server

    monkeypatch.setattr(server, "PATIENCE_S", 1.0)
    settings = page(tmp_path)
    make_certificate(settings, tmp_path)

    async def run() -> None:
        async with served(Starlette(routes=ROUTES), tls_context(settings, tmp_path)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            assert 0.5 < await ends_after_s(reader, writer, None) < 5

    asyncio.run(run())


def test_an_address_that_is_taken_is_said(tmp_path: Path) -> None:
    async def work(port: int) -> None:
        with pytest.raises(OSError, match=f"127.0.0.1:{port}: cannot be listened on"):
            await serve(Starlette(), "127.0.0.1", port)

    during(tmp_path, work)


def test_a_certificate_is_not_written_over_and_its_key_is_its_owners_alone(tmp_path: Path) -> None:
    settings = page(tmp_path)
    file, fingerprint = make_certificate(settings, tmp_path)
    assert (file, len(fingerprint)) == (tmp_path / "page.pem", 95)
    assert (tmp_path / "secrets" / "page.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="is there already"):
        make_certificate(settings, tmp_path)
    with pytest.raises(InputError, match="must name the files"):
        make_certificate(PageSettings(), tmp_path)


def test_beyond_this_machine_the_page_needs_certificate_key_and_account(tmp_path: Path) -> None:
    from collector.page.accounts import Account, Accounts

    settings = page(tmp_path)
    with pytest.raises(InputError, match=r"page\.pem: cannot be read"):
        require_protected(settings, tmp_path)
    make_certificate(settings, tmp_path)
    with pytest.raises(InputError, match="no password is set"):
        require_protected(settings, tmp_path)
    Accounts(tmp_path / settings.accounts_file).keep(Account("kim", Role.ADMIN, "hash"))
    require_protected(settings, tmp_path)
    (tmp_path / "secrets" / "page.key").chmod(0o644)
    with pytest.raises(InputError, match="must be readable by its owner alone"):
        require_protected(settings, tmp_path)
    (tmp_path / "secrets" / "page.key").chmod(0o600)
    (tmp_path / "page.pem").write_text("no certificate")
    with pytest.raises(InputError, match="is not a PEM certificate of the key"):
        require_protected(settings, tmp_path)
    require_protected(PageSettings(), tmp_path)
