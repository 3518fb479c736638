"""Which refused reports can be sent again from the page, and what it says of it?"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from starlette.applications import Starlette
from starlette.requests import Request

from collector.control import serve, socket_path
from collector.page.report_list import send_again
from collector.page.source import Source
from collector.store import reports
from collector.store.reports import StoredReport
from collector.store.store import transaction, writing
from tests.acceptance.simulated_plant import free_port
from tests.page.signed_in import sign_in_by_link

SITE = """
plant: {{id: kr-test-0001, time_zone: Asia/Seoul}}
page: {{listen: "127.0.0.1:{port}"}}
devices:
  - {{id: meter, protocol: modbus, host: 127.0.0.1, tags: [
      {{name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}}]}}
"""


@pytest.fixture
def site_file(tmp_path: Path) -> Path:
    """A plant whose store was restored once: the first report of either epoch was refused."""
    made = tmp_path / "site.yaml"
    made.write_text(SITE.format(port=free_port()), encoding="utf-8")
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        for epoch, day in ((1, "2026-11-20"), (2, "2026-11-21")):
            id_ = f"kr-test-0001/day/{day}/1"
            refused = StoredReport(epoch, 1, id_, "day", day, 1, "provisional", "rejected", str(epoch), 1, 2)
            reports.save(connection, refused, b"{}")
    return made


def test_a_report_of_before_a_restore_cannot_be_sent_again(
    serve_page: Callable[[Path], str], visit: Callable[..., Page], site_file: Path
) -> None:
    address = serve_page(site_file)
    page = visit(address)
    sign_in_by_link(page, site_file)
    page.goto(address + "/reports")
    rows = page.get_by_role("region", name="Refused by").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="2026-11-20").get_by_role("button")).to_have_count(0)
    rows.filter(has_text="2026-11-21").get_by_role("button").click()
    expect(page.get_by_role("status").first).to_contain_text("the collector is not running")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"ok": True, "reports": 1}, "yes"),
        ({"ok": True, "reports": 0}, "none"),
        ({"ok": False}, "none"),
        (None, "away"),
    ],
)
def test_a_report_is_said_to_wait_again_only_if_it_does(
    site_file: Path, answer: dict[str, Any] | None, said: str
) -> None:
    source = Source(site_file)
    app = Starlette()
    app.state.source = source
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    scope = {"type": "http", "method": "POST", "path": "/reports/again", "headers": form, "app": app}

    async def body() -> dict[str, Any]:
        return {"type": "http.request", "body": b"sequence=1"}

    async def answered(asked: dict[str, Any]) -> dict[str, Any]:
        assert asked == {"command": "resend", "first": 1, "last": 1}
        assert answer is not None
        return answer

    async def told() -> str:
        daemon = asyncio.create_task(serve(source.store, answered)) if answer is not None else None
        while daemon and not socket_path(source.store).exists():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        try:
            return (await send_again(Request(scope, body))).headers["location"]
        finally:
            if daemon:
                daemon.cancel()

    # In a thread of its own: Playwright keeps a loop in this one.
    with ThreadPoolExecutor() as thread:
        location = thread.submit(asyncio.run, told()).result(timeout=20)
    assert location == f"/reports?again={said}"
