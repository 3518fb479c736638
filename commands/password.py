"""`smartwings password SITE NAME`: who may sign in to the page, and with which first password?"""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from commands.terminal import SiteFile, faults_reported, refuse, say


class RoleName(StrEnum):
    """What somebody may do at the page."""

    viewer = "viewer"
    admin = "admin"


def password(
    site: SiteFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who signs in.", show_default=False)],
    role: Annotated[
        RoleName | None,
        typer.Option(help="A viewer sees everything, an admin also changes things.", show_default=False),
    ] = None,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the password from standard input.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove the account.")] = False,
) -> None:
    """Set a password of the page: a random one that must be changed at the first sign-in, or that of --stdin."""
    with faults_reported():
        from collector.page.access import Role
        from collector.page.accounts import NAME, Account, Accounts
        from collector.page.passwords import hashed, random_password, weakness
        from config.load import load_site

        settings = load_site(site)
        if settings.page is None:
            refuse(f"{site}: has no page")
        if not NAME.fullmatch(name):
            refuse(f"{name!r}: a name has at most 64 letters, digits, '_', '.', '@' or '-' and begins with no sign")
        accounts = Accounts(site.parent / settings.page.accounts_file)
        before = accounts.find(name)
        if remove:
            if not accounts.remove(name):
                refuse(f"{name}: has no account in {accounts.file}")
            say(f"{name} can sign in no more")
            return
        secret = sys.stdin.readline().rstrip("\r\n") if stdin else random_password()
        if stdin and (fault := weakness(secret, (name, settings.plant.id, settings.plant.name))):
            refuse(fault)
        kept = Role[role.value.upper()] if role else before.role if before else Role.VIEWER
        accounts.keep(Account(name, kept, hashed(secret), must_change=not stdin))
    say(f"{name} signs in as {kept.name.lower()}" + ("" if stdin else " and must then choose another password"))
    if not stdin:
        say(f"password: {secret}")
