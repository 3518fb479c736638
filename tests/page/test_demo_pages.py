"""Every page of the running demo as people see it: both languages, three widths, without script, and nothing from
elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from collector.page.rendering import MENU
from tests.acceptance.running_demo import Demo, demo
from tests.page.conftest import WIDTHS

PAGES = [*(path for path, _ in MENU), "/wall", "/sign-in"]
BELOW = [
    "/trends?tag=main.power&tag=press1.state&tag=press1.good",
    "/explanation?kpi=defect_rate&scope=plant&period=day",
    "/devices/press-line",
    "/devices/main-meter",
]
MOST_BYTES = 500_000

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo")) as started:
        started.until_it_runs()
        yield started


@pytest.fixture(scope="module")
def address(running: Demo) -> str:
    """Of the page, as `make demo` prints it."""
    line = next(line for line in running.said if line.split()[:1] == ["page"])
    return line.split()[1]


def settled(page: Page) -> Page:
    """A page whose figures are all worked out."""
    page.wait_for_load_state("load")
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=60_000)
    return page


@pytest.mark.parametrize("path", [*PAGES, *BELOW])
def test_no_page_is_wider_than_its_screen_and_axe_finds_nothing(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]], address: str, path: str
) -> None:
    for language, dark, looked_at in (("en", False, "phone"), ("ko", True, "wall")):
        page = settled(visit(address + path, "laptop", language, dark))
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").count() == 1
        for name, (width, height) in WIDTHS.items():
            page.set_viewport_size({"width": width, "height": height})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path} {language}"
            if name == looked_at:
                assert axe(page) == [], f"{path} {language} {name}"


@pytest.mark.parametrize("path", PAGES)
def test_every_page_reads_without_script(visit: Callable[..., Page], address: str, path: str) -> None:
    page = visit(address + path, java_script_enabled=False)
    assert page.locator("main h1").count() == 1
    assert len(page.locator("main").inner_text()) > 20


@pytest.mark.parametrize("path", PAGES)
def test_first_load_stays_small(visit: Callable[..., Page], address: str, path: str) -> None:
    page = visit(address + path)
    page.wait_for_load_state("networkidle") if path != "/live" else page.wait_for_timeout(1000)
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    assert 1000 < page.evaluate(f"{entries}.reduce((sum, one) => sum + one.transferSize, 0)") <= MOST_BYTES


def test_the_overview_says_what_runs_and_what_it_came_to(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address))
    expect(page.get_by_text("All is well")).to_be_visible()
    for title in ("Defect rate", "On-time delivery", "Energy per good unit", "Overall equipment effectiveness"):
        expect(page.get_by_role("heading", name=title)).to_be_visible()
    rows = page.locator("#units tbody tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("press1")


def test_language_and_light_are_remembered(visit: Callable[..., Page], address: str) -> None:
    page = visit(address + "/wall")
    page.goto(address)
    page.get_by_role("button", name="한국어").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("종합 현황")
    page.get_by_role("button", name="어둡게").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.goto(address + "/wall")
    assert page.locator("html").get_attribute("lang") == "ko"
    assert page.locator("html").get_attribute("data-theme") == "dark"


FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


@pytest.mark.parametrize("path", ["/", "/quality", "/devices", "/system"])
def test_everything_can_be_reached_and_used_by_keyboard(visit: Callable[..., Page], address: str, path: str) -> None:
    page = settled(visit(address + path))
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    wanted = page.evaluate(
        f"[...document.querySelectorAll(`{FOCUSABLE}`)].filter((one) => one.checkVisibility()).length"
    )
    reached = 1
    while reached < wanted + 5:
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body || document.activeElement.seen === true"):
            break
        page.evaluate("document.activeElement.seen = true")
        reached += 1
    assert reached >= wanted
    page.locator(".menu a").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/live")


def test_pages_print_without_what_paper_cannot_use(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address + "/quality"))
    page.emulate_media(media="print")
    expect(page.locator("nav.menu")).to_be_hidden()
    expect(page.locator(".choices")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_no_process_of_the_collector_listens_or_connects_beyond_loopback(running: Demo, address: str) -> None:
    """The page's process, its parent's and the rest of the demo: every TCP socket is one of loopback."""
    demo_group = _processes_below(running.process.pid)
    assert len(demo_group) > 4
    ends = {pair for pid in demo_group for pair in _ends(pid)}
    assert ends
    assert {near for near, _ in ends if not _is_loopback(near)} == set()
    assert {far for _, far in ends if set(far) != {"0"} and not _is_loopback(far)} == set(), "0: nobody yet"


def _processes_below(pid: int) -> list[int]:
    below = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            below += _processes_below(int(child))
    return below


def _ends(pid: int) -> Iterator[tuple[str, str]]:
    """Both ends of the TCP sockets that a process holds, as the kernel writes addresses."""
    held = {link.readlink().as_posix() for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            if f"socket:[{cells[9]}]" in held:
                yield cells[1].split(":")[0], cells[2].split(":")[0]


def _is_loopback(address: str) -> bool:
    return address.endswith("7F") or address == "0" * 24 + "01000000"
