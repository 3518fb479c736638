"""Live values as people see them: what may be believed, what may not and why, and values that flow in."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import WIDTHS
from tests.page.live_plant import LivePlant
from tests.page.served import served


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> LivePlant:
    return LivePlant(tmp_path_factory.mktemp("live") / "plant")


@pytest.fixture(scope="module")
def address(plant: LivePlant) -> Iterator[str]:
    with served(plant.site_file) as found:
        yield found


def _row(page: Page, tag: str) -> Locator:
    return page.locator(f'tr[data-tag="{tag}"]')


def test_every_condition_is_told_by_a_word_a_shape_and_its_reason(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"{address}/live")
    expect(_row(page, "press1.oil").locator(".status")).to_have_text("frozen", timeout=20_000)
    expected = {
        "press1.power": ("good", "●", ""),
        "press1.torque": ("bad", "■", "probe has failed"),
        "press1.oil": ("frozen", "❄", "has not changed since"),
        "press1.none": ("no reading", "○", "no reading yet"),
        "main.power": ("cut off", "■", "no contact since"),
    }
    for tag, (word, shape, why) in expected.items():
        status = _row(page, tag).locator(".status")
        expect(status).to_have_text(word)
        assert status.evaluate("one => getComputedStyle(one, '::before').content").strip('"') == shape
        expect(_row(page, tag).locator(".why")).to_contain_text(why)
    expect(_row(page, "main.power").locator(".why")).to_contain_text("(no answer)")
    counted = re.compile(r"7 tags\s+good 3\s+bad 1\s+frozen 1\s+cut off 1\s+no reading 1")
    expect(page.locator("#counts")).to_have_text(counted, use_inner_text=True)
    expect(page.locator("section.live", has_text="press1").locator(".doubtful")).to_have_text("3 not good")


def test_bad_and_frozen_values_look_different_from_good_ones(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"{address}/live")
    expect(_row(page, "press1.oil").locator(".status")).to_have_text("frozen", timeout=20_000)
    looks = (
        "one => { const of = getComputedStyle(one); return [of.textDecorationLine, of.borderBottomStyle, of.color] }"
    )
    found = {
        tag: _row(page, tag).locator(".of").evaluate(looks) for tag in ("press1.power", "press1.oil", "main.power")
    }
    assert len({tuple(look[:2]) for look in found.values()}) == 3, found


def test_values_flow_in_and_the_age_counts_on(visit: Callable[..., Page], plant: LivePlant, address: str) -> None:
    page = visit(f"{address}/live")
    expect(page.locator("#stream")).to_have_text("live")
    for value in (43.25, 44.5):
        plant.read(value)
        expect(_row(page, "press1.power").locator(".of")).to_have_text(str(value), timeout=3000)
    age = _row(page, "press1.power").locator(".age")
    expect(age).to_have_text(re.compile("^[23] s$"), timeout=5000)
    plant.read(float("nan"), status=0x80000000)
    expect(_row(page, "press1.power").locator(".status")).to_have_text("bad", timeout=3000)
    plant.read(45.0)
    expect(_row(page, "press1.power").locator(".status")).to_have_text("good", timeout=3000)


def test_two_visitors_see_the_same_each_in_their_language(
    visit: Callable[..., Page], plant: LivePlant, address: str
) -> None:
    english, korean = visit(f"{address}/live"), visit(f"{address}/live", language="ko")
    plant.read(2.0, "press1.state")
    expect(_row(english, "press1.state").locator(".of")).to_have_text("Setup", timeout=3000)
    expect(_row(korean, "press1.state").locator(".of")).to_have_text("준비 교체", timeout=3000)
    expect(_row(korean, "press1.torque").locator(".why")).to_have_text("장치가 검출기 고장을 알렸습니다")


def test_a_page_whose_line_is_cut_says_that_it_stands_still(visit: Callable[..., Page], tmp_path: Path) -> None:
    plant = LivePlant(tmp_path / "plant")
    with served(plant.site_file) as address:
        page = visit(f"{address}/live")
        expect(page.locator("#stream")).to_have_text("live")
    expect(page.locator("#stream")).to_have_text("standing still", timeout=30_000)


def test_the_filter_narrows_as_one_types_and_without_script_too(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"{address}/live")
    page.get_by_role("searchbox").fill("meter")
    expect(_row(page, "main.power")).to_be_visible()
    expect(_row(page, "press1.power")).to_be_hidden()
    plain = visit(f"{address}/live?filter=meter", java_script_enabled=False)
    assert plain.locator("tr[data-tag]").count() == 1
    plain = visit(f"{address}/live?show=doubtful&group=device", java_script_enabled=False)
    assert _row(plain, "press1.state").count() == 0
    assert _row(plain, "press1.torque").count() == 1
    assert plain.locator("section h2").all_inner_texts()[0].startswith("meter")


def test_a_tag_leads_to_its_trend(visit: Callable[..., Page], address: str) -> None:
    page = visit(f"{address}/live")
    page.get_by_role("link", name="press1.oil").click()
    expect(page).to_have_url(f"{address}/trends?tag=press1.oil")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_it_fits_every_screen_and_axe_finds_nothing(
    visit: Callable[..., Page], axe: Callable[[Page], list[str]], address: str, language: str
) -> None:
    for dark in (False, True):
        page = visit(f"{address}/live", language=language, dark=dark)
        for width, height in WIDTHS.values():
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe(page) == []


def test_a_stream_begins_with_everything_and_is_not_compressed(address: str) -> None:
    with httpx.stream("GET", f"{address}/live/events", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        first = next(line for line in answer.iter_lines() if line.startswith("data:"))
        assert first.count('"tag"') == 7
