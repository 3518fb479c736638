"""Is the file of accounts kept whole and to its owner, and do changes count at once?"""

import asyncio
import json
import os
import stat
from base64 import b64encode
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from collector.page.access import Role
from collector.page.accounts import Account, Accounts
from collector.page.password_check import MustWaitError, PasswordCheck
from collector.page.passwords import hashed
from config.fault import InputError
from tests.page.guarded import Clock, quick_hashes

PASSWORD = "correct horse battery"
KEPT = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)


def test_an_account_is_found_as_it_was_kept_in_a_file_that_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "accounts.json"
    kim, lee = Account("kim", Role.ADMIN, "hash", must_change=True), Account("이순신", Role.VIEWER, "other")
    Accounts(file).keep(kim)
    Accounts(file).keep(lee)
    assert Accounts(file).all() == {"kim": kim, "이순신": lee}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.parent.iterdir()] == ["accounts.json"]


def test_a_change_by_somebody_else_counts_at_once(tmp_path: Path) -> None:
    seen, other = Accounts(tmp_path / "a.json"), Accounts(tmp_path / "a.json")
    assert seen.find("kim") is None
    other.keep(Account("kim", Role.VIEWER, "one"))
    assert seen.find("kim") == Account("kim", Role.VIEWER, "one")
    other.keep(Account("kim", Role.ADMIN, "one"))
    found = seen.find("kim")
    assert found is not None
    assert found.role is Role.ADMIN
    assert other.remove("kim")
    assert seen.find("kim") is None
    assert not other.remove("kim")


def test_a_change_of_what_is_no_more_so_is_not_made(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "a.json")
    before = Account("kim", Role.VIEWER, "one")
    accounts.keep(before)
    accounts.keep(Account("kim", Role.VIEWER, "two"))
    assert not accounts.replace(before, Account("kim", Role.VIEWER, "three"))
    assert accounts.find("kim") == Account("kim", Role.VIEWER, "two")


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    Accounts(file).keep(Account("kim", Role.VIEWER, "one"))
    file.chmod(0o640)
    with pytest.raises(InputError, match="must be readable by its owner alone"):
        Accounts(file).find("kim")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"accounts": [{"name": "kim"}]}',
        '{"accounts": [{"name": "../x", "role": "admin", "password_hash": "h", "must_change": false}]}',
        '{"accounts": [{"name": "kim", "role": "nobody", "password_hash": "h", "must_change": false}]}',
    ],
)
def test_a_file_that_is_no_list_of_accounts_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(InputError, match="is not a list of accounts"):
        Accounts(file).all()


def test_passwords_are_in_no_file(tmp_path: Path) -> None:
    Accounts(tmp_path / "a.json").keep(Account("kim", Role.VIEWER, KEPT))
    assert PASSWORD not in (tmp_path / "a.json").read_text()
    assert json.loads((tmp_path / "a.json").read_text())["accounts"][0]["password_hash"] == KEPT


def check(tmp_path: Path, clock: Clock, must_change: bool = False) -> PasswordCheck:
    accounts = Accounts(tmp_path / "a.json")
    accounts.keep(Account("kim", Role.ADMIN, KEPT, must_change))
    return PasswordCheck(accounts, clock)


def test_guessing_is_slowed_down_for_known_and_unknown_names_alike(tmp_path: Path) -> None:
    clock = Clock()
    passwords = check(tmp_path, clock)

    async def tries(name: str, peer: str) -> list[float | None]:
        found: list[float | None] = []
        for _ in range(8):
            try:
                found.append(0.0 if await passwords.account(name, "wrong", peer) else None)
            except MustWaitError as error:
                found.append(error.wait_s)
                clock.now_s += error.wait_s
        return found

    known = asyncio.run(tries("kim", "192.168.0.1"))
    assert known == asyncio.run(tries("nobody", "192.168.0.2")) == [None] * 5 + [1.0, None, 2.0]


def test_a_right_password_waits_as_well_and_other_addresses_cannot_go_on_guessing(tmp_path: Path) -> None:
    clock = Clock()
    passwords = check(tmp_path, clock)

    async def guesses() -> None:
        for number in range(5):
            assert await passwords.account("kim", "wrong", f"192.168.0.{number}") is None
        with pytest.raises(MustWaitError):
            await passwords.account("kim", PASSWORD, "192.168.0.77")
        clock.now_s += 1
        assert await passwords.account("kim", PASSWORD, "192.168.0.77") is not None

    asyncio.run(guesses())


def test_one_address_cannot_try_many_names(tmp_path: Path) -> None:
    passwords = check(tmp_path, Clock())

    async def guesses() -> None:
        for number in range(5):
            assert await passwords.account(f"name{number}", "wrong", "192.168.0.9") is None
        with pytest.raises(MustWaitError):
            await passwords.account("kim", PASSWORD, "192.168.0.9")
        assert await passwords.account("kim", PASSWORD, "192.168.0.10") is not None

    asyncio.run(guesses())


def test_attempts_at_the_same_time_do_not_slip_past_the_count(tmp_path: Path) -> None:
    passwords = check(tmp_path, Clock())

    async def at_once() -> list[object]:
        return await asyncio.gather(
            *(passwords.account("kim", "wrong", "192.168.0.9") for _ in range(40)), return_exceptions=True
        )

    found = asyncio.run(at_once())
    assert found.count(None) == 5
    assert sum(isinstance(one, MustWaitError) for one in found) == 35


def basic(name: str, password: str) -> str:
    return b64encode(f"{name}:{password}".encode()).decode()


def test_a_machines_password_is_checked_once_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collector.page import password_check

    looked: list[str] = []
    real = password_check.is_right
    monkeypatch.setattr(password_check, "is_right", lambda kept, given: looked.append(given) or real(kept, given))
    clock = Clock()
    passwords = check(tmp_path, clock)

    async def asks() -> list[bool]:
        return [await passwords.machine(basic("kim", PASSWORD), "192.168.0.5") is not None for _ in range(5)]

    assert asyncio.run(asks()) == [True] * 5
    assert len(looked) == 1
    passwords.accounts.keep(Account("kim", Role.VIEWER, hashed("another good password")))
    assert asyncio.run(asks())[:2] == [False, False]
    passwords.accounts.keep(Account("kim", Role.VIEWER, KEPT))
    clock.now_s += 3600
    assert asyncio.run(asks()) == [True] * 5


def test_a_first_password_opens_nothing_for_machines(tmp_path: Path) -> None:
    passwords = check(tmp_path, Clock(), must_change=True)
    assert asyncio.run(passwords.machine(basic("kim", PASSWORD), "192.168.0.5")) is None


@pytest.mark.parametrize("said", ["", "x", "!!!!", b64encode(b"no colon").decode(), b64encode(b"\xff:\xff").decode()])
def test_what_is_no_basic_header_opens_nothing(tmp_path: Path, said: str) -> None:
    assert asyncio.run(check(tmp_path, Clock()).machine(said, "192.168.0.5")) is None


def test_while_the_file_cannot_be_read_nobody_signs_in(tmp_path: Path) -> None:
    passwords = check(tmp_path, Clock())
    os.chmod(tmp_path / "a.json", 0o644)
    assert asyncio.run(passwords.account("kim", PASSWORD, "192.168.0.5")) is None
