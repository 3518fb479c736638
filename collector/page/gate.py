"""Who may enter, as far as the page knows? Settings, sessions and the key of its forms, while the process lives."""

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request

from collector.page.access import Role
from collector.page.accounts import Account, Accounts
from collector.page.password_check import PasswordCheck
from collector.page.sessions import Session, Sessions
from config.page import PageSettings


class Gate:
    """Keeps what sign-in, visits and forms share; folder: that of the site file."""

    def __init__(
        self, settings: PageSettings, folder: Path, store: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings, self.folder, self.store = settings, folder, store
        self.sessions = Sessions(clock)
        self.accounts = Accounts(folder / settings.accounts_file)
        self.passwords = PasswordCheck(self.accounts, clock)
        self._form_key = secrets.token_bytes(32)

    def session(self, secret: str, used: bool = True) -> Session | None:
        """The session of an id, while its account has the same password and role as when it began."""
        session = self.sessions.find(secret, used)
        if session is None or not session.stamp:
            return session
        account = self.passwords.known(session.account)
        if account is not None and account.stamp == session.stamp:
            return session
        self.sessions.end(secret)
        return None

    def begin(self, account: Account) -> str:
        """Begin a session of an account; returns its id."""
        return self.sessions.begin(account.name, account.role, account.stamp, account.must_change)

    @property
    def over_tls(self) -> bool:
        return self.settings.certificate_file is not None

    @property
    def uninvited(self) -> Role:
        """What a visitor who has not signed in may do: see everything, where nobody but this machine's can come."""
        return Role.NOBODY if self.settings.beyond_this_machine else Role.VIEWER

    def cookie(self, name: str) -> str:
        """A cookie's full name: browsers do not tell ports apart, and take `__Host-` over TLS alone."""
        return f"{'__Host-' if self.over_tls else ''}smartwings-{self.settings.port}-{name}"

    def cookie_set(self, name: str, value: str) -> str:
        """The Set-Cookie header of a cookie that ends with the browser; an empty value takes it away."""
        secure = "; Secure" if self.over_tls else ""
        ended = "" if value else "; Max-Age=0"
        return f"{self.cookie(name)}={value}; Path=/; HttpOnly; SameSite=Strict{secure}{ended}"

    def form_token(self, secret: str) -> str:
        """The token of forms of whoever holds a cookie with this secret; nobody else can make it."""
        return hmac.new(self._form_key, secret.encode(), sha256).hexdigest()


def gate_of(request: Request) -> Gate:
    """The gate through which a request came."""
    gate = request.state.gate
    assert isinstance(gate, Gate)
    return gate
