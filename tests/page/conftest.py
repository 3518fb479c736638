"""A plant with its page, and a real browser to look at it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.left_out import left_out
from tests.page.api_plant import ApiPlant
from tests.page.axe import axe_findings, axe_script
from tests.page.served import served

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first of them that there is. The first opens a page in a third of the others' time: it has no windows."""
WIDTHS = {"phone": (360, 740), "laptop": (1366, 768), "wall": (1920, 1080)}


expect.set_options(timeout=30_000)  # a busy machine takes its time


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of the system."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        left_out("pages in a browser: chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages as one visitor: `visit(address, width="phone", language="ko", dark=True)`.

    Whatever the browser asks of another host, logs as an error or throws fails the test.
    """
    opened: list[BrowserContext] = []
    wrong: list[str] = []

    def opens(address: str, width: str = "laptop", language: str = "en", dark: bool = False, **more: object) -> Page:
        size = WIDTHS[width]
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale={"en": "en-GB", "ko": "ko-KR"}[language],
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            ignore_https_errors=True,
            **more,  # type: ignore[arg-type]
        )
        opened.append(context)
        page = context.new_page()
        host = address.split("/")[2]
        page.on(
            "request",
            lambda asked: (
                None
                if asked.url.startswith(("data:", "blob:")) or asked.url.split("/")[2] == host
                else wrong.append(f"asked {asked.url}")
            ),
        )
        page.on("pageerror", lambda error: wrong.append(f"threw {error}"))
        page.on(
            "console",
            lambda said: (
                wrong.append(said.text) if said.type == "error" and "Failed to load resource" not in said.text else None
            ),
        )
        page.goto(address)
        return page

    yield opens
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """What axe-core finds wrong with a page, one line a finding."""
    script = axe_script()
    return lambda page: axe_findings(page, script)


@pytest.fixture
def serve_page() -> Iterator[Callable[[Path], str]]:
    """Starts the page of a site file in a process of its own, without a daemon, and says its address."""
    with ExitStack() as running:
        yield lambda site_file: running.enter_context(served(site_file))


@pytest.fixture(scope="module")
def api_plant(tmp_path_factory: pytest.TempPathFactory) -> ApiPlant:
    """A plant with something to ask for at every address of the API."""
    return ApiPlant(tmp_path_factory.mktemp("api") / "plant")


@pytest.fixture(scope="module")
def api(api_plant: ApiPlant) -> Iterator[httpx.Client]:
    """A program that asks this plant's API."""
    with served(api_plant.site_file) as address, httpx.Client(base_url=f"{address}/api/v1", timeout=20) as client:
        yield client
