"""How does somebody sign in, sign out, and change a password?"""

import asyncio
import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from collector.page.access import Role, done, shown
from collector.page.accounts import Account
from collector.page.gate import Gate, gate_of
from collector.page.one_time_link import take
from collector.page.password_check import MustWaitError
from collector.page.passwords import hashed, weakness
from collector.page.preferences import own_path
from collector.page.rendering import render
from collector.page.sessions import BY_LINK
from collector.page.visits import SESSION
from collector.page.words import text as _

log = logging.getLogger("collector.page.sign_in")

WRONG = _("Name or password is wrong.")
USED = _("This link was used already, or is older than ten minutes. Ask for a new one.")
WAIT = _("Too many attempts. Wait a while.")
NOT_THE_SAME = _("The two new passwords are not the same.")
NOT_NEW = _("The new password is the old one.")


async def sign_in_form(request: Request) -> Response:
    """The form; with the secret of a one-time link a button, so that whatever only looks at a link does not use it."""
    once, following = request.query_params.get("once"), own_path(request.query_params.get("next", "/"))
    return render(request, "sign_in.html", {"once": once, "next": following, "fault": None, "name": ""})


async def sign_in(request: Request) -> Response:
    """Begin a session for a right password or an unused link."""
    form, gate = await request.form(), gate_of(request)
    name, following = str(form.get("name", "")), own_path(str(form.get("next", "/")))
    if "once" in form:
        return _by_link(request, gate, str(form["once"]))
    fault, status = WRONG, 403
    try:
        account = await gate.passwords.account(name, str(form.get("password", "")), _peer(request))
    except MustWaitError as error:
        account, fault, status = None, WAIT, 429
        wait = {"Retry-After": f"{error.wait_s + 1:.0f}"}
    else:
        wait = {}
    if account is not None:
        return _begun(request, gate, gate.begin(account), "/password" if account.must_change else following)
    answer = render(request, "sign_in.html", {"once": None, "next": following, "fault": fault, "name": name}, status)
    answer.headers.update(wait)
    return answer


async def sign_out(request: Request) -> Response:
    """End the session here, whatever the browser does with its cookie."""
    gate = gate_of(request)
    if request.state.session:
        gate.sessions.end(request.state.session)
        log.info("sign-out of %.80r from %s", request.state.account, _peer(request))
    answer = RedirectResponse("/", 303)
    answer.headers.append("Set-Cookie", gate.cookie_set(SESSION, ""))
    return answer


async def password_form(request: Request) -> Response:
    """The form for a new password."""
    account = _own_account(request)
    return render(request, "password.html", {"fault": None, "must_change": account.must_change})


async def password(request: Request) -> Response:
    """Change one's own password; every other session of the account ends."""
    form, gate, account = await request.form(), gate_of(request), _own_account(request)
    old, new, again = (str(form.get(key, "")) for key in ("old", "new", "again"))
    known = (account.name, request.app.state.source.site.plant.id, request.app.state.source.site.plant.name)
    fault = weakness(new, known) or (NOT_THE_SAME if new != again else NOT_NEW if new == old else None)
    status = 400
    if fault is None:
        try:
            fault = None if await gate.passwords.account(account.name, old, _peer(request)) == account else WRONG
        except MustWaitError:
            fault, status = WAIT, 429
    if fault is None:
        changed = Account(account.name, account.role, await asyncio.to_thread(hashed, new))
        if gate.accounts.replace(account, changed):
            log.info("password of %.80r changed from %s", account.name, _peer(request))
            return _begun(request, gate, gate.begin(changed), "/")
        fault = WRONG
    return render(request, "password.html", {"fault": fault, "must_change": account.must_change}, status)


def _by_link(request: Request, gate: Gate, secret: str) -> Response:
    if take(gate.store, secret):
        log.info("sign-in by one-time link from %s", _peer(request))
        return _begun(request, gate, gate.sessions.begin(BY_LINK, Role.ADMIN), "/")
    log.warning("sign-in by one-time link from %s: refused", _peer(request))
    return render(request, "sign_in.html", {"once": None, "next": "/", "fault": USED, "name": ""}, 403)


def _begun(request: Request, gate: Gate, secret: str, following: str) -> Response:
    if request.state.session:
        gate.sessions.end(request.state.session)
    answer = RedirectResponse(following, 303)
    answer.headers.append("Set-Cookie", gate.cookie_set(SESSION, secret))
    return answer


def _own_account(request: Request) -> Account:
    account = gate_of(request).passwords.known(request.state.account) if request.state.session else None
    if account is None:
        raise HTTPException(403, _("Sign in with a name and password first."))
    return account


def _peer(request: Request) -> str:
    return request.client.host if request.client else "nowhere"


routes = [
    shown("/sign-in", sign_in_form, Role.NOBODY),
    done("/sign-in", sign_in, Role.NOBODY),
    done("/sign-out", sign_out, Role.NOBODY),
    shown("/password", password_form, Role.NOBODY),
    done("/password", password, Role.NOBODY),
]
