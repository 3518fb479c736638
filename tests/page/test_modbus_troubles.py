"""Does the plant engineer see in two minutes which register and which unit behind a gateway fails, and what to do?"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.acceptance.modbus_bus import ModbusBus
from tests.acceptance.simulated_plant import free_port, process, smartwings, wait_until

SITE = """\
plant: {{id: kr-test-0004, time_zone: Asia/Seoul}}
page: {{listen: "127.0.0.1:{page}"}}
devices:
  - id: press-1
    protocol: modbus
    host: 127.0.0.1
    port: {bus}
    tags:
      - {{name: press1.good, work_unit: press1, role: good_count, table: holding, address: 30, type: uint32}}
      - {{name: press1.scrap, work_unit: press1, role: scrap_count, table: holding, address: 37, type: uint16}}
      - {{name: press1.power, work_unit: press1, role: power, table: holding, address: 40, type: float32}}
      - {{name: press1.state, work_unit: press1, role: state, table: holding, address: 44, type: uint16}}
  - id: press-7
    protocol: modbus
    host: 127.0.0.1
    port: {bus}
    unit: 7
    tags:
      - {{name: press7.good, work_unit: press7, role: good_count, table: holding, address: 30, type: uint32}}
"""
SOON_MS = 30_000


@pytest.fixture(scope="module")
def bus() -> Iterator[ModbusBus]:
    """Unit 7 is dead; of the others two addresses are refused."""
    served, loop = ModbusBus(dead=frozenset({7}), refused=frozenset({37, 41})), asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with served.serving():
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    yield served
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="module")
def plant(bus: ModbusBus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The folder of a collector that reads the bus, and the address of its page."""
    folder, port = tmp_path_factory.mktemp("bus"), free_port()
    (folder / "site.yaml").write_text(SITE.format(page=port, bus=bus.port), encoding="utf-8")
    with process("run", "site.yaml", folder=folder, log="run.log"):
        log = folder / "run.log"
        wait_until(lambda: "quarantine" in log.read_text() and "not read" in log.read_text(), "both are known")
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/health"), "the page answers")
        yield folder, f"http://127.0.0.1:{port}"


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code in (200, 503)
    except httpx.TransportError:
        return False


def test_status_and_metrics_name_addresses_and_the_silent_unit(plant: tuple[Path, str]) -> None:
    folder, address = plant
    said = smartwings("status", "site.yaml", folder=folder).stdout
    assert "holding 37 (press1.scrap): exception 2, illegal data address, since " in said
    assert "holding 40-41 (press1.power): exception 2" in said
    assert "press-7: unit 7 behind 127.0.0.1:" in said
    assert "Check its power, its wiring and its unit number." in said
    metrics = httpx.get(address + "/metrics").text
    assert 'smartwings_device_addresses_quarantined{device="press-1"} 3.0' in metrics
    assert 'smartwings_device_tags_refused{device="press-1"} 2.0' in metrics
    assert 'smartwings_device_silent{device="press-7"} 1.0' in metrics
    assert 'smartwings_device_silent{device="press-1"} 0.0' in metrics


@pytest.mark.parametrize("width", ["phone", "laptop"])
def test_the_page_tells_a_refused_address_from_a_silent_neighbour(
    plant: tuple[Path, str], visit: Callable[..., Page], axe: Callable[[Page], list[str]], width: str
) -> None:
    _, address = plant
    page = visit(address + "/devices", width=width)
    cards = page.locator("article.card")
    expect(cards.nth(0)).to_contain_text("2 tags not read", timeout=SOON_MS)
    expect(cards.nth(0)).to_contain_text("exception 2, illegal data address")
    expect(cards.nth(1)).to_contain_text("is silent, the others there answer", timeout=SOON_MS)
    assert axe(page) == []
    page.goto(address + "/devices/press-1")
    rows = page.get_by_role("region", name="Addresses that are not read").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("holding 37")
    expect(rows.first).to_contain_text("press1.scrap")
    expect(page.locator("#device")).to_contain_text("planned: 1")
    assert axe(page) == []
    korean = visit(address + "/devices/press-7", language="ko", width=width)
    expect(korean.locator("#device")).to_contain_text("국번 7에서 응답이 없습니다. 같은 회선의 다른 장치는 응답합니다.")
    expect(korean.get_by_role("link", name="press-1", exact=True)).to_be_visible()
    assert axe(korean) == []
    korean.goto(address + "/devices/press-1")
    expect(korean.get_by_role("region", name="읽지 못하는 주소")).to_contain_text("예외 코드 2(없는 주소)")
    assert axe(korean) == []
    for one in (page, korean):
        assert one.evaluate("document.documentElement.scrollWidth") <= one.viewport_size["width"]
