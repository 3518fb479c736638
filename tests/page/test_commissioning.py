"""A new simulated meter, from nothing to a KPI and back, as an engineer connects it at the page of a running plant."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from certificates import Wanted, made
from opcua_server import Press, running
from playwright.sync_api import Page, expect

from collector.page.words import said
from tests.acceptance.simulated_plant import SimulatedPlant, free_port, process, smartwings, wait_until
from tests.page.conftest import WIDTHS

pytestmark = pytest.mark.timeout(240)
UNLISTED = """\
  - id: m9
    protocol: modbus
    host: 127.0.0.1
    port: {meter}
    unit: 3
    tags:
      - {{name: m9.energy, work_unit: m9, role: energy_import, table: input, address: 72, type: float32}}
      - {{name: m9.power, work_unit: m9, role: power, table: input, address: 52, type: float32}}
  - id: p9
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:{server}
    security: Basic256Sha256
    tags:
      - {{name: press9.good, work_unit: press9, role: good_count, node: ns=2;s=P9.Good}}
      - {{name: press9.temperature, work_unit: press9, role: temperature, unit: Cel, node: ns=2;s=P9.Temperature}}
"""


@dataclass
class NewPlant:
    """A running plant with its page, and beside it a meter and a server that its site file does not have yet."""

    folder: Path
    address: str
    meter: int
    server: int
    site: str

    def run(self, *arguments: str) -> dict:
        done = smartwings(*arguments, "--json", folder=self.folder)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def link(self) -> str:
        printed = smartwings("sign-in", "site.yaml", folder=self.folder).stdout
        found = re.search(r"http://\S+", printed)
        assert found is not None, printed
        return found[0]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewPlant]:
    folder = tmp_path_factory.mktemp("plant")
    page, meter, server = free_port(), free_port(), free_port()
    more = UNLISTED.format(meter=meter, server=server)
    with SimulatedPlant(folder, more=more) as made, ExitStack() as stack:
        stack.enter_context(process("simulate", "site.yaml", folder=folder, log="simulate.log"))
        log = folder / "simulate.log"
        wait_until(lambda: len(log.read_text().splitlines()) == 5, "devices serve", 60)
        (folder / "trusted" / "p9.der").unlink()  # the simulator put it there; here a person is to compare it
        site = made.text.removesuffix(more) + f"page: {{listen: 127.0.0.1:{page}}}  # for the engineer\n"
        (folder / "site.yaml").write_text(site, encoding="utf-8")
        made.collect()
        address = f"http://127.0.0.1:{page}"
        wait_until(lambda: _answers(address), "the page answers", 60)
        yield NewPlant(folder, address, meter, server, site)


def _answers(address: str) -> bool:
    import httpx

    try:
        return httpx.get(f"{address}/health").status_code < 600
    except httpx.HTTPError:
        return False


@pytest.fixture
def admin(plant: NewPlant, visit: Callable[..., Page]) -> Page:
    """The page of somebody who signed in by a one-time link."""
    page = visit(plant.link())
    page.get_by_role("button", name="Sign in as administrator").click()
    page.goto(f"{plant.address}/commissioning")
    return page


def fits(page: Page, axe: Callable[[Page], list[str]]) -> None:
    """No width makes it wider than the screen, and axe finds nothing."""
    before = page.viewport_size
    for width, height in WIDTHS.values():
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert before is not None
    page.set_viewport_size(before)
    assert axe(page) == []


def begin(page: Page, protocol: str, device: str, **fields: str) -> None:
    card = page.locator("form.card", has=page.get_by_role("heading", name=protocol))
    card.get_by_label("Name of the device").fill(device)
    for label, value in fields.items():
        card.get_by_label(label, exact=True).fill(value)
    card.get_by_role("button").click()


def test_a_meter_from_nothing_to_a_kpi_and_back(plant: NewPlant, admin: Page, axe: Callable[[Page], list[str]]) -> None:
    page = admin
    begin(page, "Modbus TCP", "m9", Address="127.0.0.1", Port=str(plant.meter), **{"Unit number": "3"})
    expect(page.get_by_text("It answers.")).to_be_visible()
    card = page.locator("form.card", has=page.get_by_role("heading", name="Registers by address"))
    card.get_by_label("First address (from 0)").fill("72")
    card.get_by_label("How many").fill("2")
    card.get_by_role("button", name="Read").click()
    first = page.locator("#choose tbody tr").first
    expect(first).to_contain_text("float32 ABCD")
    expect(page.locator("#choose tbody tr")).to_have_count(1)
    fits(page, axe)
    first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take what is ticked").click()
    tags = page.locator("#tags tbody tr")
    expect(tags).to_have_count(1)
    expect(tags.first.locator("td.number")).to_have_text(re.compile(r"\d"))
    tags.first.get_by_label("Name 1").fill("m9.energy")
    tags.first.get_by_label(re.compile("^Role")).select_option("energy_import")
    tags.first.get_by_label(re.compile("^Unit of the device")).fill("kW")
    page.get_by_role("button", name="Check, and show the new lines").click()
    expect(page.get_by_role("alert")).to_contain_text("must be one of kWh")
    page.get_by_label(re.compile("^Unit of the device")).fill("kWh")
    page.get_by_label(re.compile("^Largest increase")).fill("600")
    page.get_by_label("Read every").fill("0.2")
    page.get_by_role("button", name="Check, and show the new lines").click()
    expect(page.get_by_text("The settings are sound.")).to_be_visible()
    expect(page.locator("#difference li", has_text="Energy · m9").first).to_be_visible()
    expect(page.locator(".diff ins", has_text="- id: m9")).to_have_count(1)
    assert (plant.folder / "site.yaml").read_text(encoding="utf-8") == plant.site
    fits(page, axe)
    page.get_by_label("Why (kept with the version)").fill("meter of the new press")
    page.get_by_role("button", name="Apply these lines").click()
    expect(page.get_by_text("Applied.")).to_be_visible()
    after = (plant.folder / "site.yaml").read_text(encoding="utf-8")
    assert "# for the engineer\n" in after
    assert after.replace("".join(_added(plant.site, after)), "") == plant.site

    wait_until(lambda: _energy(plant) is not None, "the KPI has a value", 60)
    expect(page.get_by_role("link", name="Look at m9")).to_be_visible()
    page.get_by_role("link", name="Look at m9").click()
    expect(page.get_by_text("connected", exact=True).first).to_be_visible(timeout=20_000)

    page.goto(f"{plant.address}/commissioning")
    page.locator("summary", has_text="meter of the new press").click()
    fits(page, axe)
    page.get_by_role("button", name="Undo version 1").click()
    expect(page.get_by_text("Undone. The collector")).to_be_visible()
    assert (plant.folder / "site.yaml").read_text(encoding="utf-8") == plant.site
    wait_until(lambda: "m9" not in plant.run("status", "site.yaml")["devices"], "the device is gone")
    expect(page.locator("summary").first).to_contain_text("version 1 undone")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def _added(before: str, after: str) -> list[str]:
    import difflib

    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line[2:] for line in lines if line.startswith("+ ")]


def _energy(plant: NewPlant) -> float | None:
    found = plant.run("kpi", "site.yaml", "--period", "range", "--from", "2026-01-01", "--to", "2036-01-01",
                      "--kpi", "energy", "--scope", "m9")  # fmt: skip
    (value,) = found["values"]
    return value["numerator"] or None


def test_a_secured_server_is_trusted_by_its_fingerprint_and_its_tags_proposed(
    plant: NewPlant, admin: Page, axe: Callable[[Page], list[str]]
) -> None:
    page = admin
    begin(page, "OPC UA", "p9", Address=f"opc.tcp://127.0.0.1:{plant.server}")
    expect(page.get_by_role("heading", name="Is it the right server?")).to_be_visible()
    assert re.search(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", page.locator("main").inner_text())
    assert not (plant.folder / "trusted" / "p9.der").exists()
    fits(page, axe)
    page.get_by_role("button", name="They are the same").click()
    rows = page.locator("#choose tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("good_count")
    for row in rows.all():
        row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take what is ticked").click()
    expect(page.locator("#tags tbody tr").nth(1).locator("td.number")).to_contain_text("Cel")
    page.get_by_role("button", name="Check, and show the new lines").click()
    expect(page.locator(".diff")).to_contain_text("security: Basic256Sha256")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Left aside; nothing was changed.")).to_be_visible()
    assert "p9" not in (plant.folder / "site.yaml").read_text(encoding="utf-8")


def test_a_certificate_with_flaws_is_refused_and_trusted_once_they_are_accepted_by_name(
    plant: NewPlant, admin: Page, axe: Callable[[Page], list[str]], tmp_path: Path
) -> None:
    page, press = admin, Press(free_port(), tmp_path)
    made(Wanted(hosts=("10.0.0.9",))).put(tmp_path)
    with running(press):
        begin(page, "OPC UA", "p8", Address=press.url)
        page.get_by_role("button", name="They are the same").click()
        expect(page.get_by_role("alert")).to_contain_text("host (it names 10.0.0.9, not ")
        assert not (plant.folder / "trusted" / "p8.der").exists()
        accept = page.get_by_label("Accept what is wrong with it (host)")
        fits(page, axe)
        accept.check()
        page.get_by_role("button", name="They are the same").click()
        page.get_by_role("checkbox", name="all").check()
        page.get_by_role("button", name="Show").click()
        row = page.locator("#choose tbody tr", has_text="Count").first
        row.get_by_role("checkbox").check()
        page.get_by_role("button", name="Take what is ticked").click()
        page.get_by_role("button", name="Check, and show the new lines").click()
        expect(page.locator(".diff")).to_contain_text("certificate_exceptions: [host]")
        page.get_by_role("button", name="Cancel").click()


def test_what_stands_in_the_way_is_said_with_its_remedy(plant: NewPlant, admin: Page) -> None:
    page = admin
    begin(page, "Modbus TCP", "m8", Address="127.0.0.1", Port=str(free_port()))
    expect(page.get_by_role("alert")).to_contain_text("The machine answers, but nothing listens at this port.")
    expect(page.get_by_role("alert")).to_contain_text("What to do")
    page.goto(f"{plant.address}/commissioning")
    begin(page, "Modbus TCP", "meter", Address="127.0.0.1")
    expect(page.get_by_role("alert")).to_contain_text("There is a device of this name already.")


def test_a_model_that_is_known_and_more_tags_of_a_device_without_script(
    plant: NewPlant, visit: Callable[..., Page]
) -> None:
    page = visit(plant.link(), java_script_enabled=False)
    page.get_by_role("button", name="Sign in as administrator").click()
    page.goto(f"{plant.address}/commissioning")
    page.get_by_role("combobox", name="Device").select_option("meter")
    page.get_by_role("button", name="See what it has").click()
    expect(page.get_by_text("It answers.")).to_be_visible()
    page.get_by_role("button", name="Read all of it").click()
    row = page.locator("#choose tbody tr", has_text="energy_import")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Take what is ticked").click()
    page.get_by_label("Work unit: meter").fill("m7")
    page.get_by_role("button", name="Check, and show the new lines").click()
    expect(page.locator(".diff ins", has_text="- {name").first).to_contain_text("work_unit: m7, role: energy_import")


def test_a_viewer_sees_versions_and_may_not_connect(plant: NewPlant, visit: Callable[..., Page]) -> None:
    page = visit(f"{plant.address}/commissioning", language="ko")
    expect(page.get_by_role("heading", level=1)).to_have_text(said("Connect a device", "ko"))
    expect(page.get_by_text("장치 연결은 관리자만 할 수 있습니다.")).to_be_visible()
    assert page.locator("input[name=host]").count() == 0
    assert page.get_by_role("button", name="되돌리기").count() == 0
    token = page.locator("input[name=csrf]").first.get_attribute("value")
    for path in ("/commissioning", "/commissioning/x/apply", "/commissioning/undo"):
        form = {"csrf": token or "", "device": "m8", "protocol": "modbus", "host": "127.0.0.1", "port": "1"}
        own = {"Origin": plant.address, "Sec-Fetch-Site": "same-origin"}
        assert page.request.post(plant.address + path, form=form, headers=own).status == 403
    assert page.request.get(f"{plant.address}/commissioning/x").status == 403
    assert urlsplit(page.url).path == "/commissioning"
