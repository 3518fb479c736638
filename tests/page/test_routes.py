"""Does every address of the page, as it is, let in whom it says, refuse foreign forms, and carry the headers?"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from collector.page.access import MACHINE_PATHS, DeclaredRoute, Role
from collector.page.protection import protected
from collector.page.response_headers import CONTENT_SECURITY_POLICY
from collector.page.visits import SESSION
from tests.page.guarded import HERE, LAN, THERE, Browser, real_app, token_in

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
OPEN = {  # what whoever comes may have; anything else must stay closed
    ("GET", "/health"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-out"),
    ("GET", "/password"),
    ("POST", "/password"),
    ("POST", "/preferences"),
    ("GET", "/static/{edition}/{name}"),
}
EXAMPLES = {"int": 1, "float": 1.5, "uuid": "00000000-0000-4000-8000-000000000000"}


class Pages:
    """The real routes, each with an endpoint that only says that it was reached."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, **settings: object) -> None:
        self.app, self.gate = real_app(folder, **settings)
        self.routes = [route for route in self.app.routes if isinstance(route, DeclaredRoute)]
        assert len(self.routes) == len(self.app.routes)
        for route in self.routes:
            patch.setattr(route, "guarded", _reached)
        self.address = THERE if settings else HERE

    def browser(self, role: Role = Role.NOBODY) -> Browser:
        made = Browser(protected(self.app, self.gate), self.address)
        if role is not Role.NOBODY:
            made.cookies.set(self.gate.cookie(SESSION), self.gate.sessions.begin("kim", role))
        return made

    def cases(self, method: str) -> Iterator[tuple[DeclaredRoute, str]]:
        for route in self.routes:
            if method in (route.methods or ()):
                yield route, _example(route)


async def _reached(_: Request) -> Response:
    return PlainTextResponse("reached")


def _example(route: DeclaredRoute) -> str:
    path = route.path_format
    for name, convertor in route.param_convertors.items():
        kind = type(convertor).__name__.removesuffix("Convertor").lower()
        path = path.replace(f"{{{name}}}", str(EXAMPLES.get(kind, "x")))
    return path


def _own_token(browser: Browser, pages: Pages) -> str:
    """The token that a page of this visitor would have."""
    secret = browser.cookies.get(pages.gate.cookie(SESSION))
    if secret is None:
        secret = "0123456789abcdef"
        browser.cookies.set(pages.gate.cookie("form"), secret)
    return pages.gate.form_token(secret)


@pytest.mark.parametrize("role", Role)
def test_route_by_role_matrix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role) -> None:
    pages = Pages(tmp_path, monkeypatch, **LAN)
    wrong = []
    for method in ("GET", "POST"):
        for route, path in pages.cases(method):
            browser = pages.browser(role)
            form = {"csrf": _own_token(browser, pages)}
            answer = browser.get(path) if method == "GET" else browser.post(path, data=form)
            reached = answer.text == "reached"
            if reached != (role >= route.role):
                wrong.append(f"{method} {path}: {answer.status_code} to {role.name}")
            if not reached and answer.status_code not in (303, 401, 403):
                wrong.append(f"{method} {path}: {answer.status_code}")
    assert wrong == []


def test_only_what_signing_in_needs_is_open_to_everybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(tmp_path, monkeypatch)
    found = {
        ("POST" if "POST" in (route.methods or ()) else "GET", route.path_format)
        for route in pages.routes
        if route.role is Role.NOBODY
    }
    assert found == OPEN


def test_every_change_is_a_form_and_what_is_shown_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {frozenset(route.methods or ()) for route in Pages(tmp_path, monkeypatch).routes} == {
        frozenset({"GET", "HEAD"}),
        frozenset({"POST"}),
    }


FOREIGN = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {},
]


def test_every_form_from_elsewhere_and_every_form_without_token_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(tmp_path, monkeypatch, **LAN)
    browser = pages.browser(Role.ADMIN)
    token = _own_token(browser, pages)
    posts = [path for _, path in pages.cases("POST")]
    assert "/sign-in" in posts
    for path in posts:
        assert browser.post(path, data={"csrf": token}).text == "reached", path
        found = [browser.post(path, data={"csrf": token}, headers=headers).status_code for headers in FOREIGN]
        found += [browser.post(path, data=data).status_code for data in ({}, {"csrf": "x"}, {"csrf": token[::-1]})]
        assert found == [403] * len(found), path


def test_every_answer_of_every_route_has_the_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(tmp_path, monkeypatch, **LAN)
    for role in Role:
        browser = pages.browser(role)
        for method in ("GET", "POST", "PUT", "HEAD", "OPTIONS"):
            for route in pages.routes:
                answer = browser.request(method, _example(route))
                assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
                assert answer.headers["cache-control"] == "no-store"
                assert answer.headers["strict-transport-security"]
                assert "access-control-allow-origin" not in answer.headers


def test_files_are_kept_by_browsers_and_nothing_else_is(tmp_path: Path) -> None:
    from collector.page.static import address_of

    app, gate = real_app(tmp_path)
    browser = Browser(protected(app, gate), HERE)
    file = browser.get(address_of("page.css"))
    assert (file.status_code, file.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert {name: file.headers.get(name) for name in HEADERS} == HEADERS
    for path in ("/sign-in", "/metrics", "/health", "/api/v1/devices", "/static/none/page.css"):
        assert browser.get(path).headers["cache-control"] == "no-store", path


def test_machines_learn_in_json_that_they_must_sign_in_and_people_are_led_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Pages(tmp_path, monkeypatch, **LAN).browser()
    answer = browser.get("/api/v1/readings")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="Smart Wings"')
    assert answer.json() == {"faults": [{"key": "", "message": "Sign in first."}]}
    assert browser.get("/").headers["location"] == "/sign-in?next=/"
    assert MACHINE_PATHS == ("/health", "/metrics", "/api/v1/")


def test_health_says_no_more_than_well_or_not_to_whoever_has_not_signed_in(tmp_path: Path) -> None:
    app, gate = real_app(tmp_path, **LAN)
    browser = Browser(protected(app, gate), THERE)
    answer = browser.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"well": False})
    browser.cookies.set(gate.cookie(SESSION), gate.sessions.begin("kim", Role.VIEWER))
    assert browser.get("/health").json()["reasons"] == ["the collector is not running"]


PEOPLE = [("/nowhere", 404), ("/password", 403)]


@pytest.mark.parametrize(("path", "status"), PEOPLE)
def test_people_read_an_error_as_a_page(tmp_path: Path, path: str, status: int) -> None:
    app, gate = real_app(tmp_path)
    browser = Browser(protected(app, gate), HERE)
    answer = browser.get(path, headers={"Accept": "text/html", "Accept-Language": "ko"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert '<html lang="ko"' in answer.text
    assert token_in(answer.text)


def test_a_store_that_cannot_be_read_is_said_without_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from collector.page.source import TookTooLongError
    from collector.store.store import StoreError

    pages = Pages(tmp_path, monkeypatch)
    path = f"{tmp_path}/plant.db"
    for error, words in ((StoreError(f"{path}: is broken"), "The store cannot"), (TookTooLongError("slow"), "slow")):

        async def fails(_: Request, error: Exception = error) -> Response:
            raise error

        for route in pages.routes:
            monkeypatch.setattr(route, "guarded", fails)
        for address in ("/", "/metrics"):
            answer = pages.browser().get(address)
            assert answer.status_code == 503
            assert words in answer.text
            assert str(tmp_path) not in answer.text
