"""`smartwings sign-in SITE`: a link that makes whoever opens it the page's administrator, once."""

import socket

from commands.terminal import SiteFile, faults_reported, refuse, say


def sign_in(site: SiteFile) -> None:
    """Print a link that signs in an administrator at the page: for one use, within ten minutes."""
    with faults_reported():
        from collector.page.one_time_link import new_link
        from collector.store.store import store_path
        from config.load import load_site

        settings = load_site(site)
        if settings.page is None:
            refuse(f"{site}: has no page")
        page = settings.page
        if not _answers("127.0.0.1" if page.listens_everywhere else page.host, page.port):
            refuse(f"the page is not running; start it with: smartwings run {site}")
        try:
            secret = new_link(store_path(settings.store.url, site.parent))
        except OSError as error:
            refuse(f"{error.filename}: {error.strerror}; only the owner of the store can sign in this way")
    say(f"{page.address}/sign-in?once={secret}")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
