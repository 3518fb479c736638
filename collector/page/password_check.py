"""Does a name with a password open the page? One check at a time, and none while somebody must wait."""

import asyncio
import hmac
import logging
import secrets
from base64 import b64decode
from collections.abc import Callable
from hashlib import sha256

from collector.page.accounts import Account, Accounts
from collector.page.passwords import is_right
from collector.page.throttle import Throttle, address_key
from config.fault import InputError

log = logging.getLogger("collector.page.sign_in")

REMEMBERED_S = 600.0
MOST_REMEMBERED = 64
MOST_WAITING = 20


class MustWaitError(Exception):
    """Too many have failed; wait_s: seconds until an attempt is looked at again."""

    def __init__(self, wait_s: float) -> None:
        self.wait_s = wait_s
        super().__init__(f"wait {wait_s:.0f} s")


class PasswordCheck:
    """Checks passwords against accounts; an unknown name takes the same time and gets the same answer."""

    def __init__(self, accounts: Accounts, clock: Callable[[], float]) -> None:
        self.accounts = accounts
        self._clock = clock
        self._throttle = Throttle(clock)
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, tuple[str, float]] = {}

    def known(self, name: str) -> Account | None:
        """The account of a name; None too when the file cannot be read, which is logged."""
        try:
            return self.accounts.find(name)
        except InputError as error:
            log.error("%s", error)
            return None

    async def account(self, name: str, password: str, peer: str) -> Account | None:
        """The account that a name and password open, None for a wrong one. Raises MustWaitError."""
        if self._waiting >= MOST_WAITING:
            raise MustWaitError(1.0)
        self._waiting += 1
        try:
            async with self._one_at_a_time:  # so that attempts at the same time do not slip past the count
                return await self._checked(name, password, peer)
        finally:
            self._waiting -= 1

    async def machine(self, credentials: str, peer: str) -> Account | None:
        """The account that an HTTP Basic header opens; a right one is remembered, since scripts send it every time.

        Raises MustWaitError. A password that must be changed first opens nothing.
        """
        try:
            name, colon, password = b64decode(credentials, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return None
        if not colon:
            return None
        digest = hmac.digest(self._key, credentials.encode(), sha256)
        account, (stamp, until_s) = self.known(name), self._remembered.get(digest, ("", 0.0))
        if account is not None and account.stamp == stamp and self._clock() < until_s:
            return account
        self._remembered.pop(digest, None)
        account = await self.account(name, password, peer)
        if account is None or account.must_change:
            return None
        if len(self._remembered) >= MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[digest] = (account.stamp, self._clock() + REMEMBERED_S)
        return account

    async def _checked(self, name: str, password: str, peer: str) -> Account | None:
        keys = (f"account {sha256(name.encode(errors='replace')).hexdigest()}", address_key(peer))
        if wait_s := self._throttle.wait_s(*keys):
            log.warning("sign-in of %.80r from %s: must wait %.0f s", name, peer, wait_s)
            raise MustWaitError(wait_s)
        account = self.known(name)
        if await asyncio.to_thread(is_right, account.password_hash if account else None, password):
            self._throttle.succeeded(keys[0])
            log.info("sign-in of %.80r from %s", name, peer)
            return account
        self._throttle.failed(*keys)
        log.warning("sign-in of %.80r from %s: refused", name, peer)
        return None
