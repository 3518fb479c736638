"""Is a password the right one, and is it good enough? Argon2id, so that a stolen file takes long to guess from."""

import secrets
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from collector.page.words import text as _

FEWEST, MOST = 12, 128
_FEWEST_DIFFERENT = 6
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)  # RFC 9106, second choice, on one core

TOO_SHORT = _("A password needs at least 12 characters.")
TOO_LONG = _("A password has at most 128 characters.")
TOO_PLAIN = _("This password is too easy to guess.")


def hashed(password: str) -> str:
    """What is kept of a password; takes about a tenth of a second."""
    return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Whether a password is the one of a hash; never without one, in the same time."""
    try:
        return _HASHER.verify(password_hash or _nobodys(), password[: MOST + 1]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def random_password() -> str:
    """A first password: 99 random bits, in groups that can be read out."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def weakness(password: str, known: Iterable[str] = ()) -> str | None:
    """What is wrong with a new password, None for nothing; known: names that are guessed first, as the account's."""
    if len(password) < FEWEST:
        return TOO_SHORT
    if len(password) > MOST:
        return TOO_LONG
    rest = password.casefold()
    for word in sorted({word.casefold() for word in (*known, "password", "smartwings")}, key=len, reverse=True):
        if len(word) > 2:
            rest = rest.replace(word, "")
    plain = any(rest and (rest in run or rest in run[::-1]) for run in _RUNS)
    return TOO_PLAIN if plain or len(set(rest)) < _FEWEST_DIFFERENT else None


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_hex())
