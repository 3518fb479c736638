"""The pages of KPIs in a browser: the values of the command line, two clicks to readings, every width and language."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

from collector.evaluation import Evaluation
from collector.page.energy import energy_figures
from collector.page.explanation import explained_value
from collector.page.rendering import environment
from collector.page.shown import quantity
from collector.page.source import Source, within
from collector.page.why import Narrator, Sentence
from kpi.catalogue import CATALOGUE
from plant.kpi_id import KpiId
from plant.period import PeriodKind, day_period
from plant.tag import PLANT
from tests.acceptance.simulated_plant import wait_until
from tests.page.kpi_plant import KpiPlant
from tests.page.served import served

PATHS = ["/quality", "/delivery", "/energy", "/equipment", "/explanation?kpi=defect_rate", "/delivery/orders"]
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> KpiPlant:
    return KpiPlant(tmp_path_factory.mktemp("kpi") / "plant")


@pytest.fixture(scope="module")
def address(plant: KpiPlant) -> Iterator[str]:
    with served(plant.site_file) as found:
        yield found


@pytest.fixture(scope="module")
def asking(address: str) -> Iterator[httpx.Client]:
    """A program that asks for pages; one for all, since each takes longer to make than many an answer."""
    with httpx.Client(base_url=address, timeout=20) as client:
        yield client


def settled(page: Page) -> Page:
    """A page whose figures are worked out."""
    expect(page.locator("[data-pending]")).to_have_count(0, timeout=60_000)
    return page


def tiles(page: Page) -> dict[str, str]:
    """What each tile of a page shows, by its KPI."""
    found = page.locator(".tile").evaluate_all(
        "tiles => tiles.map(one => [one.querySelector('h3 a').href, one.querySelector('.value').innerText])"
    )
    return {parse_qs(urlsplit(href).query)["kpi"][0]: re.sub(r"\s+", " ", value).strip() for href, value in found}


@pytest.mark.parametrize(
    ("path", "period"),
    [("/quality", "day"), ("/energy", "day"), ("/equipment", "day"), ("/delivery", "week"), ("/quality", "shift")],
)
def test_tiles_say_what_the_command_line_says(
    visit: Callable[..., Page], plant: KpiPlant, address: str, path: str, period: str
) -> None:
    page = settled(visit(f"{address}{path}?period={period}"))
    expected = plant.values("--period", period, "--scope", "plant")
    shown = tiles(page)
    assert len(shown) > 5
    for kpi, text in shown.items():
        value = expected[kpi, "plant"]
        assert text == " ".join(quantity(value["value"], value["unit"])).strip(), kpi


def test_work_units_stand_in_a_table_with_their_values(
    visit: Callable[..., Page], plant: KpiPlant, address: str
) -> None:
    page = settled(visit(address + "/quality"))
    expected = plant.values("--kpi", "defect_rate")
    for unit in ("press1", "press2"):
        cell = page.locator(f'a[href*="kpi=defect_rate&scope={unit}"]')
        digits, name = quantity(expected["defect_rate", unit]["value"], "ratio")
        expect(cell).to_have_text(f"{digits} {name}")


def test_two_clicks_lead_from_a_value_to_its_readings(
    visit: Callable[..., Page], plant: KpiPlant, address: str, asking: httpx.Client
) -> None:
    page = settled(visit(address + "/quality"))
    page.get_by_role("link", name="Defect rate").first.click()
    settled(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Defect rate")
    expect(page.get_by_role("heading", name="Why it is what it is")).to_be_visible()
    expect(page.locator(".told")).to_contain_text("Defect rate is")
    expect(page.locator(".told")).to_contain_text("A counter restarted from 0")
    row = page.locator("tr", has=page.get_by_role("rowheader", name="press2.good"))
    raw = row.get_by_role("link", name="CSV").get_attribute("href")
    assert raw is not None
    readings = asking.get(raw)
    assert readings.status_code == 200
    rows = readings.text.splitlines()
    assert rows[0].startswith("time,tag,value")
    assert len(rows) == 1 + 144
    trend = parse_qs(urlsplit(row.get_by_role("link", name="Trend").get_attribute("href") or "").query)
    assert trend["tag"] == ["press2.good"]
    assert trend["from"] == [f"{plant.day}T08:00:00+09:00"]


def test_an_explanation_shows_the_step_that_a_restart_made(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(f"{address}/explanation?kpi=good_quantity&scope=press2"))
    steps = page.locator("table", has=page.get_by_role("columnheader", name="Readings before and after"))
    expect(steps.locator("tbody tr")).to_have_count(1)
    expect(steps).to_contain_text("restart from 0")


def test_defects_are_ranked_by_the_reasons_that_people_gave(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address + "/quality?scope=press1"))
    expect(page.get_by_role("heading", name="Bad pieces by reason")).to_be_visible()
    page.locator("#pareto-head ~ figure details summary").first.click()
    rows = page.locator("#pareto-head ~ figure tbody tr")
    expect(rows.first).to_contain_text("burr")
    expect(rows.first).to_contain_text("6")
    expect(rows.nth(1)).to_contain_text("dent")


def test_the_periods_before_and_after_are_one_click_away_and_keep_the_scope(
    visit: Callable[..., Page], plant: KpiPlant, address: str
) -> None:
    page = settled(visit(address + "/equipment?scope=press2"))
    page.locator('a[rel="prev"]').click()
    expect(page.locator(".period-name strong")).to_have_text(str(plant.day - timedelta(days=1)))
    assert parse_qs(urlsplit(page.url).query)["scope"] == ["press2"]
    page.locator('a[rel="next"]').click()
    expect(page.locator(".period-name strong")).to_have_text(str(plant.day))
    page.locator('select[name="period"]').select_option("week")
    expect(page.locator(".period-name strong")).to_have_text(re.compile(r"\d{4}-W\d\d"))


def test_late_lines_stand_first_and_can_be_chosen(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address + "/delivery"))
    lines = page.locator("#lines-head ~ .scroll tbody tr")
    expect(lines).to_have_count(12)
    expect(lines.first).to_contain_text("SO-5/1")
    expect(lines.first).to_contain_text("late, still open")
    expect(lines.nth(1)).to_contain_text("2 days after it was due")
    page.get_by_role("link", name=re.compile("^late 3$")).click()
    expect(lines).to_have_count(3)
    page.get_by_label("Order, customer or product").fill("so-4")
    page.locator("#lines-head ~ form button").click()
    expect(lines).to_have_count(1)
    expect(page.locator("#soon-head ~ .scroll")).to_contain_text("SO-99/1")


def test_lines_that_are_only_open_are_not_called_late(plant: KpiPlant) -> None:
    source = Source(plant.site_file)
    clock = source.site.clock()
    due = day_period(PeriodKind.DAY, plant.today + timedelta(days=3), clock)
    explained = partial(explained_value, kpi=KpiId.ON_TIME_DELIVERY, period=due, scope=PLANT, site_sha256="")
    found = within(
        source.store, lambda one: explained(Evaluation(one, source.site, clock, due.start_us + 1)), limit_s=60
    )
    assert found is not None
    told = Narrator(*found, str, clock.zone, korean=False).sentences()
    assert Sentence("none", "1 lines are still open, none late.") in told


def test_the_load_profile_marks_its_highest_quarter_hour(
    visit: Callable[..., Page], plant: KpiPlant, address: str
) -> None:
    page = settled(visit(address + "/energy"))
    peak = plant.values("--kpi", "peak_demand", "--scope", "plant")["peak_demand", "plant"]
    page.locator("#load-head ~ figure summary").click()
    marked = page.locator("#load-head ~ figure tr.warn")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text(peak["at"][:16].replace("T", " "))
    if datetime.now(plant.end.tzinfo) - plant.end > timedelta(minutes=6):  # until five minutes ago is near enough
        expect(page.locator("#forecast")).to_contain_text("No forecast")
    cost = plant.values("--kpi", "energy_cost", "--scope", "plant")["energy_cost", "plant"]["value"]
    total = page.locator("#cost-head ~ figure tbody tr").last.locator("td").last.inner_text()
    assert float(total.replace(",", "")) == pytest.approx(cost, rel=1e-4)


def test_the_month_knows_the_peak_that_the_forecast_is_held_against(plant: KpiPlant) -> None:
    source = Source(plant.site_file)
    clock, now_us = source.site.clock(), time.time_ns() // 1000
    yesterday = day_period(PeriodKind.DAY, plant.day, clock)
    found = within(
        source.store,
        lambda one: energy_figures(Evaluation(one, source.site, clock, now_us), yesterday, PLANT),
        limit_s=60,
    )
    told = plant.values(
        "--kpi", "peak_demand", "--scope", "plant", "--period", "month", "--at", f"{plant.day}T12:00:00+09:00"
    )
    peak = environment().from_string('{{ found.of_month("peak_demand") }}').render(found=found)
    assert float(peak) == told["peak_demand", "plant"]["value"]


def test_losses_add_up_and_stops_are_listed_longest_first(visit: Callable[..., Page], address: str) -> None:
    page = settled(visit(address + "/equipment"))
    expect(page.locator("#stops-head ~ .scroll tbody tr").first).to_contain_text("Out of service")
    expect(page.locator("#tree-head ~ figure tbody tr")).to_have_count(7)
    bands = page.locator("svg.states")
    expect(bands).to_have_count(2)
    expect(bands.last).to_have_attribute("aria-label", re.compile("Running .* Out of service 30 min"))


@pytest.mark.parametrize("path", PATHS)
def test_pages_read_without_script(visit: Callable[..., Page], address: str, path: str) -> None:
    settled(visit(address + path))
    page = visit(address + path, java_script_enabled=False)
    assert page.locator("[data-pending]").count() == 0
    if "orders" not in path:
        assert page.locator("main table").count() > 0


def test_an_answer_takes_at_most_200_ms_once_figures_are_kept(asking: httpx.Client) -> None:
    for path in PATHS:
        wait_until(lambda path=path: "data-pending" not in asking.get(path).text, "figures are kept")
        # One of many will do: a page lets everything else on a busy machine go first.
        assert any(asking.get(path).elapsed.total_seconds() < 0.2 for _ in range(50)), path


def test_what_is_asked_for_wrongly_is_taken_as_not_asked(asking: httpx.Client) -> None:
    for query in (
        "period=nonsense",
        "at=nonsense",
        "scope=%3Cscript%3E",
        "at=9999-12-31",
        "period=range&at=x",
        "at=0001-01-01",
    ):
        assert asking.get(f"/quality?{query}").status_code == 200, query
    assert asking.get("/explanation?kpi=nonsense").status_code == 404


@pytest.mark.parametrize("scope", ["plant", "press2", "product:P-100"])
def test_every_kpi_has_an_explanation_in_both_languages(asking: httpx.Client, scope: str) -> None:
    for kpi in CATALOGUE:
        for language, title in (("en", kpi.title), ("ko", kpi.title_ko)):
            asked = {"kpi": kpi.id.value, "scope": scope, "period": "week"}
            headers = {"Accept-Language": language}
            for _ in range(200):
                answer = asking.get("/explanation", params=asked, headers=headers)
                assert answer.status_code == 200, kpi.id
                text = answer.text
                if "data-pending" not in text:
                    break
                time.sleep(0.05)
            assert "data-pending" not in text, kpi.id
            assert f"<h1>{title}</h1>" in text
            assert '<ul class="told">' in text
