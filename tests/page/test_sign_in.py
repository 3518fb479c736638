"""Can people sign in and out as they should, and nobody else?"""

import re
from base64 import b64encode
from pathlib import Path

import pytest

from collector.page.access import Role, shown
from collector.page.accounts import Account
from collector.page.gate import Gate
from collector.page.one_time_link import new_link
from collector.page.passwords import hashed
from collector.page.protection import protected
from collector.page.sessions import IDLE_S
from collector.page.visits import FORM, SESSION
from tests.page.guarded import HERE, LAN, THERE, Browser, Clock, client, quick_hashes, real_app, token_in, who

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


class Plant:
    """A page that others can reach, with an administrator kim and a viewer lee whose password is the first one."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.clock = Clock()
        self.app, self.gate = real_app(folder, self.clock, **settings)
        self.gate.accounts.keep(Account("kim", Role.ADMIN, hashed(PASSWORD)))
        self.gate.accounts.keep(Account("lee", Role.VIEWER, hashed(PASSWORD), must_change=True))
        self.address = THERE if settings else HERE

    def browser(self, peer: str = "192.168.0.9") -> Browser:
        return Browser(protected(self.app, self.gate), self.address, peer)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path, **LAN)


def sign_in(browser: Browser, name: str, password: str = PASSWORD, **more: str) -> tuple[int, str]:
    """Status and where to, of a form sent as the page has it."""
    token = token_in(browser.get("/sign-in").text)
    answer = browser.post("/sign-in", data={"csrf": token, "name": name, "password": password, **more})
    return answer.status_code, answer.headers.get("location", answer.text)


def cookie(browser: Browser, gate: Gate, name: str = SESSION) -> str | None:
    return browser.cookies.get(gate.cookie(name))


def test_a_right_password_begins_a_session_and_leads_to_where_one_wanted_to_go(plant: Plant) -> None:
    browser = plant.browser()
    assert sign_in(browser, "kim", next="/system?x=1") == (303, "/system?x=1")
    page = browser.get("/").text
    assert '<a href="/password">kim</a>' in page
    assert browser.get("/metrics").status_code == 200


@pytest.mark.parametrize("following", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"])
def test_nobody_is_led_elsewhere(plant: Plant, following: str) -> None:
    assert sign_in(plant.browser(), "kim", next=following) == (303, "/")


def test_wrong_name_and_wrong_password_get_the_same_answer(plant: Plant) -> None:
    def said(name: str) -> tuple[int, str]:
        browser = plant.browser()
        status, page = sign_in(browser, name, "wrong password")
        return status, re.sub(r'name="csrf" value="[^"]+"|value="(kim|nobody)"', "", page)

    known, unknown = said("kim"), said("nobody")
    assert known == unknown
    assert known[0] == 403
    assert "Name or password is wrong." in known[1]


def test_a_session_cookie_is_new_secret_and_for_this_site_over_tls_alone(plant: Plant) -> None:
    browser = plant.browser()
    browser.cookies.set(plant.gate.cookie(SESSION), "chosen-by-somebody-else")
    token = token_in(browser.get("/sign-in").text)
    answer = browser.post("/sign-in", data={"csrf": token, "name": "kim", "password": PASSWORD})
    (given,) = [one for one in answer.headers.get_list("set-cookie") if "-session=" in one]
    value, _, attributes = given.partition("; ")
    assert value.startswith("__Host-smartwings-8420-session=")
    assert attributes == "Path=/; HttpOnly; SameSite=Strict; Secure"
    assert "chosen" not in value
    assert plant.gate.sessions.find("chosen-by-somebody-else") is None


def test_a_session_that_was_there_ends_when_one_signs_in_again(plant: Plant) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    first = cookie(browser, plant.gate)
    sign_in(browser, "kim")
    assert first is not None
    assert first != cookie(browser, plant.gate)
    assert plant.gate.session(first) is None
    assert len(plant.gate.sessions) == 1


def test_signing_out_ends_the_session_at_the_page_and_not_only_in_the_browser(plant: Plant) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    secret = cookie(browser, plant.gate)
    assert secret is not None
    answer = browser.post("/sign-out", data={"csrf": token_in(browser.get("/").text)})
    assert (answer.status_code, cookie(browser, plant.gate)) == (303, None)
    browser.cookies.set(plant.gate.cookie(SESSION), secret)
    assert browser.get("/").headers["location"] == "/sign-in?next=/"


def test_an_idle_session_is_over_and_scripts_do_not_keep_an_administrators(plant: Plant) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    renewal = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    plant.clock.now_s += IDLE_S - 60
    assert browser.get("/", headers=renewal).status_code == 200
    plant.clock.now_s += 60
    assert browser.get("/", headers=renewal).status_code == 303


def test_a_first_password_opens_nothing_until_it_is_changed(plant: Plant) -> None:
    browser = plant.browser()
    assert sign_in(browser, "lee", next="/live") == (303, "/password")
    assert [browser.get(path).headers["location"] for path in ("/", "/metrics", "/api/v1/devices")] == ["/password"] * 3
    page = browser.get("/password").text
    first = cookie(browser, plant.gate)
    form = {"csrf": token_in(page), "old": PASSWORD, "new": "another good password", "again": "another good password"}
    assert browser.post("/password", data=form).headers["location"] == "/"
    assert browser.get("/metrics").status_code == 200
    assert cookie(browser, plant.gate) != first
    assert sign_in(plant.browser(), "lee")[0] == 403
    assert sign_in(plant.browser(), "lee", "another good password") == (303, "/")


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"old": "wrong", "new": "another good password", "again": "another good password"}, 400, "is wrong"),
        ({"old": PASSWORD, "new": "another good password", "again": "another good passw0rd"}, 400, "not the same"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, 400, "is the old one"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, 400, "at least 12"),
        ({"old": PASSWORD, "new": "kimkimkimkim1", "again": "kimkimkimkim1"}, 400, "too easy"),
    ],
)
def test_a_password_is_changed_only_by_whoever_knows_it_to_a_good_one(
    plant: Plant, form: dict[str, str], status: int, words: str
) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    answer = browser.post("/password", data={"csrf": token_in(browser.get("/password").text), **form})
    assert answer.status_code == status
    assert words in answer.text
    assert sign_in(plant.browser(), "kim") == (303, "/")


def test_other_sessions_end_when_the_password_changes_and_when_the_account_goes(plant: Plant) -> None:
    one, other = plant.browser(), plant.browser()
    sign_in(one, "kim")
    sign_in(other, "kim")
    form = {"old": PASSWORD, "new": "another good password", "again": "another good password"}
    one.post("/password", data={"csrf": token_in(one.get("/password").text), **form})
    assert other.get("/").status_code == 303
    assert one.get("/").status_code == 200
    plant.gate.accounts.remove("kim")
    assert one.get("/").status_code == 303


def test_a_session_ends_when_its_account_gets_another_role(plant: Plant) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    kim = plant.gate.accounts.find("kim")
    assert kim is not None
    plant.gate.accounts.keep(Account("kim", Role.VIEWER, kim.password_hash))
    assert browser.get("/").status_code == 303


def test_five_failures_and_then_one_must_wait(plant: Plant) -> None:
    browser = plant.browser()
    assert [sign_in(browser, "kim", "wrong password")[0] for _ in range(5)] == [403] * 5
    token = token_in(browser.get("/sign-in").text)
    answer = browser.post("/sign-in", data={"csrf": token, "name": "kim", "password": PASSWORD})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    plant.clock.now_s += 1
    assert sign_in(browser, "kim")[0] == 303


def test_an_address_is_who_connects_and_not_what_a_header_says(plant: Plant) -> None:
    browser = plant.browser()
    for number in range(5):
        token = token_in(browser.get("/sign-in").text)
        headers = {"X-Forwarded-For": f"10.0.0.{number}", "Sec-Fetch-Site": "same-origin"}
        browser.post("/sign-in", data={"csrf": token, "name": f"n{number}", "password": "x"}, headers=headers)
    assert sign_in(browser, "kim")[0] == 429
    assert sign_in(plant.browser("192.168.0.10"), "kim")[0] == 303


def test_machines_read_with_a_password_and_change_nothing(plant: Plant) -> None:
    machine = plant.browser()
    header = {"Authorization": "Basic " + b64encode(f"kim:{PASSWORD}".encode()).decode()}
    assert machine.get("/metrics", headers=header).status_code == 200
    assert machine.get("/api/v1/devices", headers=header).status_code == 200
    assert machine.get("/health", headers=header).json()["reasons"]
    assert machine.get("/", headers=header).status_code == 303
    assert machine.post("/sign-out", headers={**header, "Sec-Fetch-Site": "same-origin"}).status_code == 403
    assert "set-cookie" not in machine.get("/metrics", headers=header).headers
    wrong = {"Authorization": "Basic " + b64encode(b"kim:wrong").decode()}
    assert [machine.get("/metrics", headers=wrong).status_code for _ in range(6)] == [401] * 6
    assert machine.get("/metrics", headers=header).status_code == 200  # remembered, since it was right before


def test_an_administrators_password_makes_a_machine_no_more_than_a_viewer(plant: Plant) -> None:
    small = client(plant.gate, [shown("/api/v1/seen", who), shown("/api/v1/secret", who, Role.ADMIN)])
    header = {"Authorization": "Basic " + b64encode(f"kim:{PASSWORD}".encode()).decode()}
    assert small.get("/api/v1/seen", headers=header).text == "VIEWER kim"
    assert small.get("/api/v1/secret", headers=header).status_code == 403


def test_without_tls_a_password_in_a_header_is_not_looked_at(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    header = {"Authorization": "Basic " + b64encode(b"kim:wrong").decode()}
    assert [plant.browser().get("/metrics", headers=header).status_code for _ in range(7)] == [200] * 7
    assert sign_in(plant.browser(), "kim") == (303, "/")


def test_a_link_makes_an_administrator_once_and_only_when_its_button_is_pressed(tmp_path: Path) -> None:
    plant = Plant(tmp_path)
    secret = new_link(plant.gate.store)
    browser = plant.browser("127.0.0.1")
    page = browser.get(f"/sign-in?once={secret}").text
    assert browser.get(f"/sign-in?once={secret}").text == page
    assert (cookie(browser, plant.gate), secret in page) == (None, True)
    form = {"csrf": token_in(page), "once": secret}
    assert browser.post("/sign-in", data=form).headers["location"] == "/"
    assert "one-time link" in browser.get("/").text
    assert browser.get("/password").status_code == 403
    other = plant.browser("127.0.0.1")
    form["csrf"] = token_in(other.get("/sign-in").text)
    again = other.post("/sign-in", data=form)
    assert again.status_code == 403
    assert "used already" in again.text
    assert cookie(other, plant.gate) is None


def test_without_a_token_nobody_is_signed_in_as_somebody_else(plant: Plant) -> None:
    browser = plant.browser()
    browser.get("/sign-in")
    answer = browser.post("/sign-in", data={"name": "kim", "password": PASSWORD})
    assert (answer.status_code, cookie(browser, plant.gate)) == (403, None)


def test_a_visit_from_elsewhere_does_not_sign_anybody_out(plant: Plant) -> None:
    browser = plant.browser()
    sign_in(browser, "kim")
    kept = browser.cookies
    browser.cookies = type(kept)()  # as a browser asks that follows a link of another site: SameSite=Strict
    answer = browser.get("/sign-in")
    assert {one.partition("=")[0] for one in answer.headers.get_list("set-cookie")} == {plant.gate.cookie(FORM)}


def test_what_people_write_is_shown_as_text(plant: Plant) -> None:
    hostile = '"><script>alert(1)</script>'
    status, page = sign_in(plant.browser(), hostile, "wrong password")
    assert status == 403
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in plant.browser().get("/sign-in", params={"once": hostile, "next": hostile}).text


def test_who_enters_and_who_does_not_is_logged_without_secrets(plant: Plant, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "collector.page.sign_in"):
        sign_in(plant.browser(), "kim")
        sign_in(plant.browser(), "evil\nforged line", "wrong password")
    assert "sign-in of 'kim' from 192.168.0.9" in caplog.text
    assert "sign-in of 'evil\\nforged line' from 192.168.0.9: refused" in caplog.text
    assert PASSWORD not in caplog.text
    assert "wrong password" not in caplog.text
