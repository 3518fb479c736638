"""How a test in a browser becomes an administrator."""

from pathlib import Path

from playwright.sync_api import Page

from collector.page.one_time_link import new_link
from collector.store.store import store_path
from config.load import load_site


def sign_in_by_link(page: Page, site_file: Path) -> None:
    """Open a one-time link of the site's page and push its button, as whoever calls `smartwings sign-in` does."""
    site = load_site(site_file)
    assert site.page is not None
    secret = new_link(store_path(site.store.url, site_file.parent))
    page.goto(f"{site.page.address}/sign-in?once={secret}")
    page.locator("form.sign-in button").click()
    page.locator('form[action="/sign-out"]').wait_for()
