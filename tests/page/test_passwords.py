"""Are passwords kept so that a stolen file is of little use, and are bad ones refused?"""

import statistics
import time

import pytest

from collector.page import passwords
from collector.page.passwords import TOO_LONG, TOO_PLAIN, TOO_SHORT, hashed, is_right, random_password, weakness
from tests.page.guarded import quick_hashes


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() -> None:
    one, other = hashed("correct horse battery"), hashed("correct horse battery")
    assert one != other
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert is_right(one, "correct horse battery")
    assert not is_right(one, "correct horse batterY")
    assert not is_right("not a hash", "correct horse battery")
    assert not is_right(None, "correct horse battery")


def test_an_unknown_name_takes_as_long_as_a_wrong_password() -> None:
    kept = hashed("correct horse battery")
    is_right(None, "x")

    def took_s(password_hash: str | None) -> float:
        start_s = time.perf_counter()
        assert not is_right(password_hash, "wrong")
        return time.perf_counter() - start_s

    pairs = [(took_s(kept), took_s(None)) for _ in range(9)]
    known, unknown = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert 0.6 < known / unknown < 1.6


def test_what_an_unknown_name_is_compared_with_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_hashes(monkeypatch)
    assert is_right(passwords._nobodys(), "nobody's")
    assert not is_right(None, "nobody's")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short", TOO_SHORT),
        ("elevenchars", TOO_SHORT),
        ("x" * 129, TOO_LONG),
        ("aaaaaaaaaaaaaa", TOO_PLAIN),
        ("abababababab", TOO_PLAIN),
        ("123456789012", TOO_PLAIN),
        ("987654321098", TOO_PLAIN),
        ("qwertyuiopas", TOO_PLAIN),
        ("password1234", TOO_PLAIN),
        ("PasswordPassword", TOO_PLAIN),
        ("SmartWings123", TOO_PLAIN),
        ("hong.gildong1", TOO_PLAIN),
        ("kr-test-0001kr", TOO_PLAIN),
        ("correct horse battery", None),
        ("비밀번호는열두글자이상이다", None),
        ("x7#kQ pV2 mN", None),
    ],
)
def test_weak_passwords_are_refused_and_long_ones_of_any_letters_taken(password: str, fault: str | None) -> None:
    assert weakness(password, ("hong.gildong", "kr-test-0001", "")) == fault


def test_random_passwords_are_good_ones() -> None:
    made = {random_password() for _ in range(50)}
    assert len(made) == 50
    assert {weakness(password) for password in made} == {None}
