"""May the page be served to other machines? Only with TLS that works and somebody who may sign in."""

import ssl
from pathlib import Path

from collector.page.accounts import Accounts
from config.fault import file_fault, read_bytes
from config.page import PageSettings
from config.secret_file import MOST_BYTES, read_secret


def require_protected(settings: PageSettings, folder: Path) -> None:
    """Raise InputError where TLS cannot be had as the settings say, or where other machines may come and nobody is
    there who could sign in."""
    tls_context(settings, folder)
    accounts = Accounts(folder / settings.accounts_file)
    if settings.beyond_this_machine and not accounts.all():
        raise file_fault(
            accounts.file, "no password is set, and other machines may open the page: run smartwings password SITE NAME"
        )


def tls_context(settings: PageSettings, folder: Path) -> ssl.SSLContext | None:
    """TLS 1.2 or later with the page's certificate; None where the settings have none. Raises InputError."""
    if settings.certificate_file is None or settings.key_file is None:
        return None
    certificate, key = folder / settings.certificate_file, folder / settings.key_file
    read_bytes(certificate, MOST_BYTES)
    read_secret(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError):
        raise file_fault(certificate, f"is not a PEM certificate of the key in {key}, which has no password") from None
    return context
