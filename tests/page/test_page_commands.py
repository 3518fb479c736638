"""Do the commands for passwords, certificates and links do what they say?"""

import re
import socket
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from collector.page.access import Role
from collector.page.accounts import Accounts
from collector.page.one_time_link import take
from collector.page.passwords import is_right
from collector.store.store import writing
from commands.main import app
from tests.page.guarded import SITE, quick_hashes


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE + "page: {}\n", encoding="utf-8")
    return tmp_path / "site.yaml"


def smartwings(*words: str | Path, said: str = "") -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=said)


def accounts(site: Path) -> Accounts:
    return Accounts(site.parent / "secrets" / "page-accounts.json")


def test_a_first_password_is_random_and_must_be_changed(site: Path) -> None:
    said = smartwings("password", site, "kim", "--role", "admin")
    assert said.exit_code == 0
    (secret,) = re.findall(r"^password: (\S+)$", said.output, re.MULTILINE)
    kim = accounts(site).find("kim")
    assert kim is not None
    assert (kim.role, kim.must_change, is_right(kim.password_hash, secret)) == (Role.ADMIN, True, True)


def test_whoever_gets_a_new_password_keeps_the_role(site: Path) -> None:
    smartwings("password", site, "kim", "--role", "admin")
    smartwings("password", site, "lee")
    assert "as admin" in smartwings("password", site, "kim").output
    assert "as viewer" in smartwings("password", site, "lee").output


def test_a_password_of_ones_own_comes_by_standard_input_and_must_be_good(site: Path) -> None:
    refused = smartwings("password", site, "kim", "--stdin", said="password1234\n")
    assert (refused.exit_code, refused.output) == (2, "This password is too easy to guess.\n")
    assert accounts(site).all() == {}
    taken = smartwings("password", site, "kim", "--stdin", said="correct horse battery\n")
    assert taken.exit_code == 0
    assert "horse" not in taken.output
    kim = accounts(site).find("kim")
    assert kim is not None
    assert (kim.must_change, is_right(kim.password_hash, "correct horse battery")) == (False, True)


def test_an_account_is_removed(site: Path) -> None:
    smartwings("password", site, "kim")
    assert smartwings("password", site, "kim", "--remove").output == "kim can sign in no more\n"
    assert accounts(site).all() == {}
    assert smartwings("password", site, "kim", "--remove").exit_code == 2


def test_names_that_could_not_be_told_apart_are_refused(site: Path) -> None:
    for name in ("", "a b", "x\n", ".x", "k" * 65):
        assert smartwings("password", site, name).exit_code == 2, name


def test_without_a_page_there_is_nobody_to_sign_in(site: Path) -> None:
    site.write_text(SITE, encoding="utf-8")
    for command in (("password", site, "kim"), ("sign-in", site), ("certificate", site)):
        said = smartwings(*command)
        assert (said.exit_code, "has no page" in said.output) == (2, True)


def test_a_link_leads_to_the_page_that_runs(site: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as page:
        port = page.getsockname()[1]
        site.write_text(SITE + f"page: {{listen: 127.0.0.1:{port}}}\n", encoding="utf-8")
        assert "only the owner of the store" in smartwings("sign-in", site).output
        with writing(tmp_path / "plant.db"):
            pass
        said = smartwings("sign-in", site)
        start = f"http://127.0.0.1:{port}/sign-in?once="
        assert said.output.startswith(start)
        assert take(tmp_path / "plant.db", said.output.removeprefix(start).strip())
    assert "the page is not running" in smartwings("sign-in", site).output


def test_a_certificate_is_made_for_the_files_that_the_site_file_names(site: Path) -> None:
    page = "page: {listen: 0.0.0.0:8420, hosts: [edge1], certificate_file: page.pem, key_file: secrets/page.key}\n"
    site.write_text(SITE + page, encoding="utf-8")
    said = smartwings("certificate", site)
    assert said.exit_code == 0
    assert re.search(r"SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2};", said.output)
    assert smartwings("certificate", site).exit_code == 2


def test_a_start_beyond_this_machine_without_a_password_is_refused_in_one_line(site: Path) -> None:
    page = "page: {listen: 0.0.0.0:8420, hosts: [edge1], certificate_file: page.pem, key_file: secrets/page.key}\n"
    site.write_text(SITE + page, encoding="utf-8")
    smartwings("certificate", site)
    said = smartwings("run", site)
    assert said.exit_code == 2
    (line,) = said.output.splitlines()
    assert line.endswith("no password is set, and other machines may open the page: run smartwings password SITE NAME")
