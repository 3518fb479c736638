"""Order files that are dropped on the page: taken whole by the running collector, or refused by row and column."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.simulated_plant import free_port, process, wait_until
from tests.page.served import accepts, served
from tests.page.signed_in import sign_in_by_link

SITE = """
plant: {{id: kr-test-0001, name: Test Precision, time_zone: Asia/Seoul}}
page: {{listen: 127.0.0.1:{port}}}
"""
HEAD = "order_id,line_id,product,quantity,due_date,customer\n"
GOOD = HEAD + "SO-1,1,P-100,100,2026-11-20,Daehan Motors\nSO-2,1,P-200,50,2026-11-20,Seojin Tech\n"
BAD = HEAD + "SO-3,1,P-100,100,2026-11-20,Daehan Motors\nSO-4,1,P-100,many,2026-11-21,Daehan Motors\n"

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(port=free_port()), encoding="utf-8")
    return path


@pytest.fixture
def running(site_file: Path) -> Iterator[str]:
    """The address of the page of a running collector."""
    listen = site_file.read_text(encoding="utf-8").split("listen: ")[1].split("}")[0]
    with process("run", "site.yaml", folder=site_file.parent, log="run.log"):
        wait_until(lambda: accepts(listen), "the page answers")
        yield f"http://{listen}"


def dropped(page: Page, address: str, *files: tuple[str, str | bytes]) -> None:
    page.goto(address + "/delivery")
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=30_000)
    contents = [
        {"name": name, "mimeType": "text/csv", "buffer": one if isinstance(one, bytes) else one.encode()}
        for name, one in files
    ]
    page.locator("#order-files").set_input_files(contents)  # type: ignore[arg-type]
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Order files")


def test_a_bad_row_is_named_by_row_and_column_and_nothing_is_taken(
    visit: Callable[..., Page], running: str, site_file: Path
) -> None:
    page = visit(running)
    sign_in_by_link(page, site_file)
    dropped(page, running, ("good.csv", GOOD), ("bad.csv", BAD))
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported.")
    cells = page.locator("tbody tr").first.locator("th, td")
    assert cells.all_inner_texts()[:4] == ["bad.csv", "3", "4", "quantity"]
    expect(cells.nth(4)).to_contain_text("must be a number")
    page.goto(f"{running}/delivery?at=2026-W47")
    expect(page.locator("#lines-head ~ p")).to_have_text("No order line fits.")
    assert list(site_file.parent.glob(".dropped-*")) == []


def test_a_good_file_is_imported_and_its_lines_are_there_at_once(
    visit: Callable[..., Page], running: str, site_file: Path
) -> None:
    page = visit(running)
    sign_in_by_link(page, site_file)
    page.goto(f"{running}/delivery?at=2026-W47")  # what is known of it is kept, and must be forgotten
    dropped(page, running, ("my orders.csv", GOOD))
    expect(page.get_by_role("status")).to_contain_text("Imported.")
    assert page.locator("tbody tr").first.locator("th, td").all_inner_texts()[:4] == ["my orders.csv", "2", "2", "0"]
    page.goto(f"{running}/delivery?at=2026-W47")
    expect(page.locator("#lines-head ~ .scroll tbody tr")).to_have_count(2)
    expect(page.locator("#lines-head ~ .scroll")).to_contain_text("Seojin Tech")
    dropped(page, running, ("again.csv", GOOD))
    assert page.locator("tbody tr").first.locator("th, td").all_inner_texts()[1:4] == ["2", "0", "2"]
    assert list(site_file.parent.glob(".dropped-*")) == []


def test_other_files_and_no_file_are_refused_in_words(
    visit: Callable[..., Page], running: str, site_file: Path
) -> None:
    page = visit(running, language="ko")
    sign_in_by_link(page, site_file)
    page.goto(running + "/delivery/orders")
    page.locator("#order-files").set_input_files(
        {"name": "orders.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    )
    page.get_by_role("button", name="가져오기").click()
    expect(page.get_by_role("alert")).to_contain_text("orders.pdf")
    page.locator("#order-files").evaluate("field => field.required = false")
    page.get_by_role("button", name="가져오기").click()
    expect(page.get_by_role("alert")).to_contain_text("파일을 하나 이상 선택하세요.")


def test_without_a_collector_the_page_says_so_and_keeps_nothing(visit: Callable[..., Page], site_file: Path) -> None:
    with process("run", "site.yaml", folder=site_file.parent, log="run.log"):
        wait_until(lambda: (site_file.parent / "plant.db.sock").exists(), "the collector runs")
    with served(site_file) as address:
        page = visit(address)
        sign_in_by_link(page, site_file)
        dropped(page, address, ("good.csv", GOOD))
        expect(page.get_by_role("alert")).to_contain_text("The collector is not running")
    assert list(site_file.parent.glob(".dropped-*")) == []


def test_a_viewer_sees_no_form_and_is_refused_when_sending_one(visit: Callable[..., Page], running: str) -> None:
    page = visit(running + "/delivery")
    expect(page.get_by_text("An administrator drops order and delivery files here.")).to_be_visible()
    assert page.locator("#order-files").count() == 0
    answer = page.request.post(running + "/delivery/orders", multipart={"kind": "orders"}, headers={"Origin": running})
    assert answer.status == 403
