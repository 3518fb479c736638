"""Who is signed in, and until when? In the memory of the page alone, so that none outlives it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe

from collector.page.access import Role
from collector.page.words import text as _

IDLE_S = 15 * 60
TOTAL_S = 12 * 3600
MOST_SESSIONS = 200

BY_LINK = _("one-time link")
"""Stands where an account would, for whoever came by the link of `smartwings sign-in`."""


@dataclass(slots=True)
class Session:
    """A visitor who signed in.

    stamp: of the account's password and role when it began, so that a session ends with either. must_change: the
    password was given by somebody else; nothing but changing it is open. Times are of the clock [s].
    """

    account: str
    role: Role
    stamp: str
    must_change: bool
    started_s: float
    used_s: float


class Sessions:
    """Sessions by their secret id; kept by its hash, and at most so many: the one longest unused gives way."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_hash: dict[str, Session] = {}

    def begin(self, account: str, role: Role, stamp: str = "", must_change: bool = False) -> str:
        """Begin a session; returns its id, 256 random bits that no request has carried before."""
        now_s = self._clock()
        self._forget_ended(now_s)
        if len(self._by_hash) >= MOST_SESSIONS:
            del self._by_hash[min(self._by_hash, key=lambda key: self._by_hash[key].used_s)]
        secret = token_urlsafe(32)
        self._by_hash[_hashed(secret)] = Session(account, role, stamp, must_change, now_s, now_s)
        return secret

    def find(self, secret: str, used: bool = True) -> Session | None:
        """The session of an id, None when there is none any more. Finding it counts as use, unless told otherwise."""
        session = self._by_hash.get(key := _hashed(secret))
        now_s = self._clock()
        if session is None:
            return None
        if _has_ended(session, now_s):
            del self._by_hash[key]
            return None
        if used:
            session.used_s = now_s
        return session

    def end(self, secret: str) -> None:
        """End a session; one that has ended already is left so."""
        self._by_hash.pop(_hashed(secret), None)

    def __len__(self) -> int:
        return len(self._by_hash)

    def _forget_ended(self, now_s: float) -> None:
        self._by_hash = {key: session for key, session in self._by_hash.items() if not _has_ended(session, now_s)}


def _has_ended(session: Session, now_s: float) -> bool:
    return now_s - session.used_s >= IDLE_S or now_s - session.started_s >= TOTAL_S


def _hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
