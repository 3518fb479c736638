"""Does signing in work in a real browser, over TLS, in both languages and at every width?"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from collector.page.access import Role
from collector.page.accounts import Account, Accounts
from collector.page.certificate import make_certificate
from collector.page.passwords import hashed
from collector.store.store import writing
from config.load import load_site
from tests.acceptance.simulated_plant import free_port
from tests.page.guarded import SITE
from tests.page.served import served
from tests.page.signed_in import sign_in_by_link

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page for other machines, so that everybody must sign in; here it is asked for by the name localhost."""
    folder = tmp_path_factory.mktemp("lan")
    page = f"{{listen: 127.0.0.1:{free_port()}, hosts: [localhost, edge1.plant.example]"
    tls = "certificate_file: page.pem, key_file: secrets/page.key}"
    (folder / "site.yaml").write_text(f"{SITE}page: {page}, {tls}\n", encoding="utf-8")
    settings = load_site(folder / "site.yaml").page
    assert settings is not None
    make_certificate(settings, folder)
    accounts = Accounts(folder / settings.accounts_file)
    accounts.keep(Account("kim", Role.ADMIN, hashed(PASSWORD)))
    accounts.keep(Account("lee", Role.VIEWER, hashed(PASSWORD), must_change=True))
    with writing(folder / "plant.db"):
        pass
    return folder / "site.yaml"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


def fill(page: Page, name: str, password: str) -> None:
    page.locator('input[name="name"]').fill(name)
    page.locator('input[name="password"]').fill(password)
    page.locator("form.sign-in button").click()


def test_whoever_signs_in_comes_to_the_page_that_was_wanted_and_out_again(
    visit: Callable[..., Page], address: str
) -> None:
    page = visit(f"{address}/?x=1")
    expect(page).to_have_title("Sign in · Test plant")
    fill(page, "kim", "wrong password")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    fill(page, "kim", PASSWORD)
    page.wait_for_url(f"{address}/?x=1")
    assert page.evaluate("document.cookie") == ""
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_title("Sign in · Test plant")


def test_a_first_password_must_be_changed(visit: Callable[..., Page], address: str) -> None:
    page = visit(address, language="ko", width="phone")
    fill(page, "lee", PASSWORD)
    page.wait_for_url(f"{address}/password")
    page.locator('input[name="old"]').fill(PASSWORD)
    page.locator('input[name="new"]').fill("another good password")
    page.locator('input[name="again"]').fill("another good password")
    page.locator("form.sign-in button").click()
    page.wait_for_url(f"{address}/")
    expect(page.get_by_role("link", name="lee")).to_be_visible()


def test_a_link_signs_in_an_administrator(visit: Callable[..., Page], address: str, site: Path) -> None:
    page = visit(address)
    sign_in_by_link(page, site)
    expect(page.get_by_text("one-time link")).to_be_visible()


def test_the_language_can_be_chosen_before_signing_in(visit: Callable[..., Page], address: str) -> None:
    page = visit(address)
    page.get_by_role("button", name="한국어").click()
    expect(page).to_have_title("로그인 · Test plant")


def test_with_the_keyboard_alone(visit: Callable[..., Page], address: str) -> None:
    page = visit(address)
    page.locator('input[name="name"]').focus()
    page.keyboard.type("kim")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("width", ["phone", "laptop", "wall"])
def test_axe_finds_nothing_and_nothing_is_cut_off(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]], address: str, language: str, width: str
) -> None:
    page = visit(address, width=width, language=language, dark=language == "ko")
    for path in ("/sign-in", "/sign-in?once=x", "/nowhere", "/password"):
        page.goto(address + path)
        assert axe(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_no_script_of_a_name_is_run(visit: Callable[..., Page], address: str) -> None:
    page = visit(address)
    fill(page, '"><img src=x onerror="document.title=1"><script>document.title=2</script>', "wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_title("Sign in · Test plant")


def test_a_form_of_another_site_changes_nothing(visit: Callable[..., Page], address: str, site: Path) -> None:
    page = visit(address)
    sign_in_by_link(page, site)
    page.route("**/sign-out", lambda route: route.continue_())
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("/sign-out") else None)
    other = f'<form method="post" action="{address}/sign-out"><button>x</button></form>'
    page.set_content("")
    page.goto(f"data:text/html,{other}")
    page.get_by_role("button").click()
    page.wait_for_url(f"{address}/sign-out")
    assert answers == [403]
    page.goto(address)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
