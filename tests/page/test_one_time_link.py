"""Does a link of `smartwings sign-in` open the page once, for a while, and for nobody but the store's owner?"""

import json
import os
import stat
from pathlib import Path

import pytest

from collector.page.one_time_link import VALID_S, link_file, new_link, take

NOW_S = 1_790_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "plant.db"
    path.write_bytes(b"")
    return path


def test_a_link_is_taken_once(store: Path) -> None:
    secret = new_link(store)
    assert not take(store, secret[:-1])
    assert take(store, secret)
    assert not take(store, secret)
    assert not link_file(store).exists()


def test_a_new_link_takes_the_place_of_the_one_before(store: Path) -> None:
    first, second = new_link(store), new_link(store)
    assert not take(store, first)
    assert take(store, second)


@pytest.mark.parametrize(("after_s", "taken"), [(0.0, True), (VALID_S, True), (VALID_S + 1, False), (-60.0, False)])
def test_a_link_is_good_for_ten_minutes_of_a_clock_that_goes_forward(store: Path, after_s: float, taken: bool) -> None:
    secret = new_link(store, NOW_S)
    assert take(store, secret, NOW_S + after_s) is taken


def test_the_file_holds_a_hash_and_is_the_owners_alone(store: Path) -> None:
    secret = new_link(store)
    file = link_file(store)
    assert len(secret) == 43
    assert secret not in file.read_text()
    assert set(json.loads(file.read_text())) == {"sha256", "until_s"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_others_could_have_written_is_not_believed(store: Path) -> None:
    secret = new_link(store)
    link_file(store).chmod(0o660)
    assert not take(store, secret)
    link_file(store).chmod(0o600)
    content = link_file(store).read_bytes()
    elsewhere = store.with_name("elsewhere")
    elsewhere.write_bytes(content)
    elsewhere.chmod(0o600)
    link_file(store).unlink()
    link_file(store).symlink_to(elsewhere)
    assert not take(store, secret)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can give files away")
def test_the_superusers_link_belongs_to_the_stores_owner_and_a_strangers_is_not_believed(store: Path) -> None:
    os.chown(store, 12345, 12345)
    secret = new_link(store)
    assert link_file(store).stat().st_uid == 12345
    assert not take(store, secret)  # for it is not ours


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"sha256": 1, "until_s": "x"}', b"\xff"])
def test_a_file_that_is_no_link_opens_nothing(store: Path, content: bytes) -> None:
    link_file(store).write_bytes(content)
    link_file(store).chmod(0o600)
    assert not take(store, "anything")


def test_without_a_link_or_a_store_there_is_none(store: Path) -> None:
    assert not take(store, "")
    with pytest.raises(FileNotFoundError):
        new_link(store.with_name("other.db"))
