"""Devices, reports and system as the plant engineer sees them: all in order, a broken device, a full outbox."""

import io
import json
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from mosquitto import Broker, mosquitto
from playwright.sync_api import Page, expect

from collector.evaluation import Evaluation
from collector.report_preview import next_finals, next_reports
from collector.store import reports
from collector.store.reports import StoredReport
from collector.store.store import reading, transaction, writing
from config.load import load_site
from plant.instant import US_PER_S
from plant.period import PeriodKind, periods
from tests.acceptance.reporting_plant import ReportingPlant, kill, wait_until
from tests.acceptance.simulated_plant import ALWAYS, free_port, smartwings

pytestmark = pytest.mark.timeout(240)
PATHS = ["/", "/devices", "/devices/line", "/devices/meter", "/reports", "/system"]
SOON_MS = 30_000


class RunningPlant(ReportingPlant):
    """One that also has a page: simulators and collector run, five days of reports are made."""

    simulators: "subprocess.Popen[bytes]"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.page}"

    def serve_devices(self) -> None:
        """Start the simulators, and wait until all of them serve (anew)."""
        before = self._lines("simulate.log")
        self.simulators = self.simulate()
        wait_until(lambda: self._lines("simulate.log") >= before + 3, "devices serve")

    def one_time_link(self) -> str:
        said = smartwings("sign-in", "site.yaml", folder=self.folder).stdout
        return next(word for word in said.split() if word.startswith("http"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    started = Broker(mosquitto(), tmp_path_factory.mktemp("broker"))
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[RunningPlant]:
    with RunningPlant(tmp_path_factory.mktemp("plant"), broker, kinds="shift, day", devices=True) as plant:
        plant.import_history()
        plant.serve_devices()
        plant.receive()
        plant.collect()
        plant.wait_until_settled(least=10)
        wait_until(lambda: plant.health()[0] == 200, "all is well", 120)
        yield plant


@pytest.fixture
def admin(running: RunningPlant, visit: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page as an administrator."""

    def opens(path: str, **more: object) -> Page:
        page = visit(running.one_time_link(), **more)
        page.locator("main form button").first.click()
        page.goto(running.address + path)
        return page

    return opens


def test_a_device_in_order_shows_how_it_answers(running: RunningPlant, visit: Callable[..., Page]) -> None:
    page = visit(running.address + "/devices/press2")
    expect(page.locator("#device").get_by_text("connected", exact=True).first).to_be_visible()
    rows = page.get_by_role("region", name="Requests of a poll").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("holding 0–10")
    expect(rows.first).to_contain_text("press2.good, press2.state")
    expect(page.get_by_role("button", name="Try now")).to_have_count(0), "a viewer changes nothing"
    page.goto(running.address + "/devices/line")
    expect(page.get_by_text("Bridges an interruption of")).to_be_visible()
    page.goto(running.address + "/devices/nobody")
    assert page.locator("#device").count() == 0


def test_the_metrics_tell_latency_and_blocks(running: RunningPlant) -> None:
    said = httpx.get(running.address + "/metrics").text
    assert 'smartwings_device_latency_seconds{device="meter",quantile="0.95"}' in said
    assert 'smartwings_device_addresses_quarantined{device="meter"} 0.0' in said
    assert 'smartwings_device_silent{device="press2"} 0.0' in said
    assert 'smartwings_device_requests_per_poll{device="press2"} 1.0' in said
    assert 'smartwings_device_tags_refused{device="line"} 0.0' in said
    assert 'smartwings_device_silent{device="line"}' not in said
    assert "smartwings_memory_bytes" in said
    assert "smartwings_disk_written_bytes_total" in said
    health = httpx.get(running.address + "/health").json()
    assert set(health["devices"][0]) == {
        "id", "connected", "connected_since_us", "last_good_us", "last_error", "last_error_us", "reconnects",
        "readings", "polls", "polls_failed", "polls_late", "notes", "next_try_us", "line", "unit", "line_devices",
        "is_silent", "is_probed", "requests_now", "requests_planned", "bad_blocks",
            "security_exceptions",
    }  # fmt: skip


def test_a_broken_device_is_told_with_its_remedy_and_tried_at_once(
    running: RunningPlant, visit: Callable[..., Page], admin: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    kill(running.simulators)
    try:
        page = visit(running.address)
        wrong = page.locator("#wrong")
        expect(wrong).to_contain_text("meter: 127.0.0.1:", timeout=SOON_MS)
        expect(wrong).to_contain_text("refuses the connection")
        expect(wrong).to_contain_text("Switch on the server in the device, or correct the port")
        assert axe(page) == []
        korean = visit(running.address + "/devices", language="ko", width="phone")
        expect(korean.locator("#devices")).to_contain_text("장치 meter: 127.0.0.1:", timeout=SOON_MS)
        expect(korean.locator("#devices")).to_contain_text("주소가 연결을 거부합니다")
        assert axe(korean) == []
        device = admin("/devices/meter")
        device.get_by_role("button", name="Try now").click()
        expect(device.get_by_text("without success")).to_be_visible()
        errors = device.get_by_role("region", name="Last errors").locator("tbody tr")
        expect(errors.first).to_contain_text("connection refused")
        expect(device.get_by_text("still open").first).to_be_visible()
        assert axe(device) == []
    finally:
        running.serve_devices()
    device.get_by_role("button", name="Try now").click()
    expect(device.get_by_text("It was tried just now, and answered.")).to_be_visible(timeout=SOON_MS)
    expect(device.get_by_text("still open")).to_have_count(0, timeout=SOON_MS)
    page.goto(running.address)
    expect(page.locator("#wrong")).not_to_contain_text("refuses the connection", timeout=SOON_MS)


def test_a_full_outbox_is_told_and_empties_by_itself(
    running: RunningPlant, broker: Broker, visit: Callable[..., Page], axe: Callable[[Page], list[str]]
) -> None:
    broker.stop()
    try:
        done = smartwings("reports", "site.yaml", "--resend", "1-6", folder=running.folder)
        assert done.returncode == 0, done.stderr
        page = visit(running.address + "/reports")
        outbox = page.locator("#outbox")
        expect(outbox).to_contain_text("Waiting for the programme's acknowledgement", timeout=SOON_MS)
        expect(outbox).to_contain_text("Nothing is lost: reports wait and go out by themselves.", timeout=SOON_MS)
        expect(page.get_by_role("region", name="Waiting for").locator("tbody tr")).to_have_count(6)
        expect(outbox).to_contain_text("Buffer left")
        assert axe(page) == []
        korean = visit(running.address + "/reports", language="ko", width="phone")
        expect(korean.locator("#outbox")).to_contain_text("보고를 보낼 수 없습니다", timeout=SOON_MS)
        assert axe(korean) == []
    finally:
        broker.start()
    expect(outbox).to_contain_text("everything is sent", timeout=2 * SOON_MS)


def test_what_would_be_sent_next_stands_on_the_page(running: RunningPlant, visit: Callable[..., Page]) -> None:
    page = visit(running.address + "/reports")
    coming = page.locator("#coming")
    expect(coming).not_to_have_attribute("data-pending", "", timeout=SOON_MS)
    expect(coming.locator("summary")).to_have_count(2)
    expect(coming.locator("details").last).to_contain_text("closes and goes out at")
    coming.locator("summary").last.click()
    expect(coming.locator("details").last).to_contain_text("Good quantity")


def test_the_preview_has_the_values_of_the_report_that_is_made_then(running: RunningPlant) -> None:
    site = load_site(running.folder / "site.yaml")
    assert site.mqtt is not None
    clock = site.clock()
    day_us = clock.day_start(running.days[2])
    with reading(running.store) as connection:
        (day,) = periods(PeriodKind.DAY, day_us, day_us + 1, clock)
        now_us = day.end_us - US_PER_S
        coming = next_reports(Evaluation(connection, site, clock, now_us, known_before_us=ALWAYS), site.mqtt)
        (shown,) = [one for one in coming if one.period == day]
        assert shown.due_us > day.end_us
        made = next(one for one in reports.all_reports(connection) if one.id == shown.id)
        sent = json.loads(reports.event(connection, made.epoch, made.sequence) or b"")["data"]["values"]
        assert {one["kpi"] for one in shown.values} == {one["kpi"] for one in sent}
        by_kpi = {one["kpi"]: one["value"] for one in shown.values}
        assert [by_kpi[one["kpi"]] for one in sent if one["kpi"] == "good_quantity"] == [2400.0]
        before = next_reports(Evaluation(connection, site, clock, clock.day_start(running.days[0]) - 1), site.mqtt)
        assert [one.values for one in before] == [[], []], "what has not begun has no values"
        finals = next_finals(Evaluation(connection, site, clock, now_us + 3 * 86400 * US_PER_S), site.mqtt)
        assert finals == sorted(finals, key=lambda one: one.due_us)
        assert {one.state for one in finals} <= {"final"}


def test_a_support_bundle_is_made_for_administrators_alone(
    running: RunningPlant, admin: Callable[..., Page], tmp_path: Path
) -> None:
    assert httpx.get(running.address + "/system/support.zip").status_code == 403
    page = admin("/system")
    with page.expect_download() as download:
        page.get_by_role("link", name="Make a support bundle").click()
    assert download.value.suggested_filename.startswith("smartwings-kr-ansan-0421-")
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as bundle:
        said = {name: bundle.read(name).decode() for name in bundle.namelist()}
    secrets = [running.broker.password("kr-ansan-0421"), *running.key_file.read_text().splitlines()[1:-1]]
    for name, text in said.items():
        assert not any(secret in text for secret in secrets), name
    health = json.loads(said["smartwings-support/health.json"])
    assert health["detail"]["devices"]["meter"]["blocks"]
    assert "INFO" in said["smartwings-support/log.txt"] or "WARNING" in said["smartwings-support/log.txt"]


ALONE = """
plant: {{id: kr-test-0001, time_zone: Asia/Seoul}}
page: {{listen: "127.0.0.1:{port}"}}
devices:
  - {{id: meter, protocol: modbus, host: 127.0.0.1, tags: [
      {{name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}}]}}
"""


def test_without_the_collector_the_pages_say_so_and_show_what_is_kept(
    serve_page: Callable[[Path], str], visit: Callable[..., Page], axe: Callable[[Page], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "site.yaml").write_text(ALONE.format(port=free_port()))
    report = StoredReport(
        1, 1, "kr-test-0001/day/2026-11-20/1", "day", "2026-11-20", 1, "provisional", "rejected", "", 1, 2,
        reason="signature: is not the plant's",
    )  # fmt: skip
    with writing(tmp_path / "plant.db") as connection, transaction(connection):
        reports.save(connection, report, b"{}")
    address = serve_page(tmp_path / "site.yaml")
    for path in ("/", "/devices", "/devices/meter", "/reports", "/system"):
        page = visit(address + path)
        expect(page.locator("main")).to_contain_text("The collector is not running: nothing is read or stored.")
        expect(page.locator("main")).to_contain_text("systemctl start smartwings")
        assert axe(page) == [], path
    page.goto(address + "/reports")
    expect(page.get_by_role("region", name="Refused by")).to_contain_text("signature: is not the plant's")
    page.goto(address + "/devices")
    expect(page.locator("#devices")).to_contain_text("not known")
