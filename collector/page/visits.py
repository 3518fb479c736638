"""Who sends a request? A session's account, or whoever can reach the page at all."""

import secrets
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from collector.page.access import MACHINE_PATHS, Role
from collector.page.gate import Gate
from collector.page.password_check import MustWaitError
from collector.page.sessions import Session

SESSION, FORM = "session", "form"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor during one request: may do what, as whom, with which token, and the cookie that must be given yet."""

    role: Role
    account: str | None
    must_change: bool
    csrf: str
    session: str | None = None
    new_cookie: str | None = None


def visited(app: ASGIApp, gate: Gate) -> ASGIApp:
    """The application with `role`, `account`, `must_change` and `csrf` in the state of every request."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        request = HTTPConnection(scope)
        visit = await machine_visit(request, gate) or visit_of(request, gate)
        known = {name: getattr(visit, name) for name in ("role", "account", "must_change", "csrf")}
        scope["state"] = {**scope.get("state", {}), **known, "gate": gate, "session": visit.session}
        ended = False

        async def sent(message: Message) -> None:
            nonlocal ended
            if ended:
                return
            if message["type"] == "http.response.start" and visit.new_cookie:
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):  # only pages have forms
                    headers.append("set-cookie", visit.new_cookie)
            elif message.get("more_body") and visit.session and gate.session(visit.session, used=False) is None:
                ended = True  # a stream must not outlive the session that opened it
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        await app(scope, receive, sent)

    return inner


def visit_of(request: HTTPConnection, gate: Gate) -> Visit:
    """The visitor that the cookies of a request name."""
    secret = request.cookies.get(gate.cookie(SESSION), "")
    session = gate.session(secret, used=False) if secret else None
    if session is not None:
        if session.role is Role.VIEWER or _is_of_a_person(request):
            gate.session(secret)
        return _signed_in(session, secret, gate)
    form, new_cookie = request.cookies.get(gate.cookie(FORM), ""), None
    if not form:
        form = secrets.token_urlsafe(16)
        new_cookie = gate.cookie_set(FORM, form)
    return Visit(gate.uninvited, None, False, gate.form_token(form), new_cookie=new_cookie)


async def machine_visit(request: HTTPConnection, gate: Gate) -> Visit | None:
    """The visitor that HTTP Basic names, for what machines read, over TLS alone; None without it.

    It has no form's token, and so can change nothing.
    """
    kind, _, credentials = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic" or not gate.over_tls or request.client is None:
        return None
    if not request.scope["path"].startswith(MACHINE_PATHS):
        return None
    try:
        account = await gate.passwords.machine(credentials, request.client.host)
    except MustWaitError:
        account = None
    return Visit(min(account.role, Role.VIEWER), account.name, False, "") if account else None


def _is_of_a_person(request: HTTPConnection) -> bool:
    """Whether a person asked; a script that renews a page of an administrator must not keep the session for ever."""
    return request.scope["method"] == "POST" or request.headers.get("sec-fetch-mode", "navigate") == "navigate"


def _signed_in(session: Session, secret: str, gate: Gate) -> Visit:
    role = Role.NOBODY if session.must_change else session.role
    return Visit(role, session.account, session.must_change, gate.form_token(secret), session=secret)
