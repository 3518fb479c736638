"""Does every route keep out whom it should, and every form those that are not ours?"""

from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from collector.page.access import Role, all_declared, done, shown
from collector.page.visits import FORM, SESSION
from tests.page.guarded import HERE, LAN, Browser, Clock, client, form, gate, sent

MATRIX = {  # path: answers to nobody, viewer, admin
    ("GET", "/form"): (200, 200, 200),
    ("GET", "/who"): (303, 200, 200),
    ("GET", "/admin"): (303, 403, 200),
    ("GET", "/metrics"): (401, 200, 200),
    ("POST", "/viewers"): (403, 200, 200),
    ("POST", "/admins"): (403, 403, 200),
}


@pytest.mark.parametrize("role", Role)
def test_every_role_gets_what_it_may_and_no_more(tmp_path: Path, role: Role) -> None:
    found = {}
    for method, path in MATRIX:
        door = gate(tmp_path, **LAN)
        browser = client(door)
        if role is not Role.NOBODY:
            browser.cookies.set(door.cookie(SESSION), door.sessions.begin("kim", role))
        token = browser.get("/form").text
        answer = browser.post(path, data={"csrf": token}) if method == "POST" else browser.get(path)
        found[method, path] = answer.status_code
    assert found == {key: answers[role] for key, answers in MATRIX.items()}


def test_a_route_that_says_nothing_of_roles_is_refused(tmp_path: Path) -> None:
    for route in (Route("/open", form), Mount("/files", StaticFiles(directory=tmp_path))):
        with pytest.raises(TypeError, match="does not say who may open it"):
            all_declared([shown("/", form), route])


def test_without_the_middleware_everybody_is_nobody() -> None:
    bare = Browser(Starlette(routes=[shown("/who", form), done("/sent", sent, Role.NOBODY)]), HERE)
    assert bare.get("/who").status_code == 303
    assert bare.post("/sent", data={"csrf": ""}).status_code == 403


def test_on_this_machine_whoever_comes_sees_everything_and_changes_nothing(tmp_path: Path) -> None:
    browser = client(gate(tmp_path))
    assert browser.get("/who").text == "VIEWER None"
    token = browser.get("/form").text
    assert browser.post("/viewers", data={"csrf": token}).status_code == 200
    assert browser.post("/admins", data={"csrf": token}).status_code == 403


def test_who_must_sign_in_is_led_there_and_back(tmp_path: Path) -> None:
    answer = client(gate(tmp_path, **LAN)).get("/who?tag=a%26b")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/who%3Ftag%3Da%2526b")


def test_a_form_needs_its_token(tmp_path: Path) -> None:
    browser = client(gate(tmp_path))
    other = client(gate(tmp_path)).get("/form").text
    token = browser.get("/form").text
    for wrong in ("", token[:-1], token + "0", other, "é"):
        assert browser.post("/viewers", data={"csrf": wrong}).status_code == 403
    assert browser.post("/viewers", data={"csrf": token, "what": "x"}).text == "done x"
    assert (
        browser.post("/viewers", headers={"Sec-Fetch-Site": "same-origin", "X-CSRF-Token": token}).text == "done None"
    )


def test_a_token_is_of_one_session_alone(tmp_path: Path) -> None:
    door = gate(tmp_path)
    browser = client(door)
    before = browser.get("/form").text
    browser.cookies.set(door.cookie(SESSION), door.sessions.begin("kim", Role.ADMIN))
    assert browser.post("/admins", data={"csrf": before}).status_code == 403
    after = browser.get("/form").text
    assert browser.post("/admins", data={"csrf": after}).status_code == 200


FROM = [  # Origin, Sec-Fetch-Site, taken
    (HERE, "same-origin", True),
    ("null", "same-origin", True),
    (None, "same-origin", True),
    (HERE, None, True),
    (None, None, False),
    ("null", None, False),
    ("http://evil.example", None, False),
    ("http://localhost:8420", None, False),
    ("https://127.0.0.1:8420", None, False),
    (HERE, "cross-site", False),
    (HERE, "same-site", False),
    (HERE, "none", False),
    ("http://evil.example", "same-origin", False),
]


@pytest.mark.parametrize(("origin", "site", "taken"), FROM)
def test_a_form_must_come_from_the_page_itself(
    tmp_path: Path, origin: str | None, site: str | None, taken: bool
) -> None:
    browser = client(gate(tmp_path))
    token = browser.get("/form").text
    headers = {k: v for k, v in (("Origin", origin), ("Sec-Fetch-Site", site)) if v is not None}
    answer = browser.post("/viewers", data={"csrf": token}, headers=headers)
    assert answer.status_code == (200 if taken else 403)


def test_large_files_are_taken_only_where_declared(tmp_path: Path) -> None:
    browser = client(gate(tmp_path))
    data = {"csrf": browser.get("/form").text}
    nine, eleven = b"x" * 9 * 2**20, b"x" * 11 * 2**20
    found = [
        browser.post(path, data=data, files={"file": content}).status_code
        for path, content in (("/viewers", nine), ("/orders", nine), ("/orders", eleven))
    ]
    assert found == [413, 200, 413]


def test_a_form_cookie_is_given_with_pages_alone_and_once(tmp_path: Path) -> None:
    door = gate(tmp_path, **LAN)
    browser = client(door)
    assert "set-cookie" not in browser.get("/metrics").headers
    (given,) = browser.get("/form").headers.get_list("set-cookie")
    assert given.startswith("__Host-smartwings-8420-form=")
    assert given.endswith("; Path=/; HttpOnly; SameSite=Strict; Secure")
    assert "set-cookie" not in browser.get("/form").headers
    assert door.cookie(FORM) in browser.cookies


def test_a_route_may_be_a_plain_function(tmp_path: Path) -> None:
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse

    def plain(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.state.role.name)

    browser = client(gate(tmp_path, clock=Clock()), [shown("/plain", plain), done("/sent", sent)])
    assert browser.get("/plain").text == "VIEWER"
