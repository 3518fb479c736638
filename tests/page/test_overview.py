"""The overview: tiles of closed days, what every work unit does, and what is wrong, in the words of the plant."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from collector.evaluation import Evaluation
from collector.page.running import running, today
from collector.page.source import Source, within
from collector.page.spark import spark
from collector.page.tile import Tile, headline
from plant.kpi_id import KpiId
from tests.page.kpi_plant import KpiPlant
from tests.page.served import served


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> KpiPlant:
    return KpiPlant(tmp_path_factory.mktemp("overview") / "plant")


@pytest.fixture(scope="module")
def tiles(plant: KpiPlant) -> dict[KpiId, Tile]:
    source = Source(plant.site_file)
    now_us = time.time_ns() // 1000
    found = within(
        source.store, lambda one: headline(Evaluation(one, source.site, source.site.clock(), now_us)), limit_s=60
    )
    return {tile.kpi: tile for tile in found}


def test_kpis_with_a_baseline_come_first_and_those_without_a_source_not_at_all(tiles: dict[KpiId, Tile]) -> None:
    assert list(tiles)[:2] == [KpiId.DEFECT_RATE, KpiId.ON_TIME_DELIVERY]
    assert KpiId.OEE in tiles
    assert all(any(value is not None for _, value in tile.line) for tile in tiles.values())


def test_a_tile_says_what_the_command_line_says_of_the_last_closed_day(
    plant: KpiPlant, tiles: dict[KpiId, Tile]
) -> None:
    tile, value = tiles[KpiId.DEFECT_RATE], plant.values("--kpi", "defect_rate")["defect_rate", "plant"]
    assert (tile.label, tile.value, tile.baseline) == (value["period"]["label"], value["value"], 0.031)
    assert (tile.improvement, tile.on_target) == (value["improvement"], value["value"] <= value["target"])
    assert tile.line[-1] == (tile.label, tile.value)
    assert len(tile.line) == 30


def test_a_kpi_without_a_value_on_the_last_day_shows_the_newest_day_that_has_one(tiles: dict[KpiId, Tile]) -> None:
    tile = tiles[KpiId.ON_TIME_DELIVERY]
    days_with_lines = [(label, value) for label, value in tile.line if value is not None]
    assert (tile.label, tile.value) == days_with_lines[-1]
    assert len(days_with_lines) < 30


def test_work_units_say_their_state_since_when_and_what_they_made(plant: KpiPlant) -> None:
    source = Source(plant.site_file)
    now_us = time.time_ns() // 1000
    units = {one.work_unit: one for one in within(source.store, lambda one: running(one, source.site), 10)}
    assert units["press1"].state == "Executing"
    assert units["press1"].as_of_us == int(plant.end.timestamp() * 1e6)
    found = within(
        source.store, lambda one: today(Evaluation(one, source.site, source.site.clock(), now_us)), limit_s=60
    )
    done = {one.work_unit: one for one in found}
    assert done["press1"].state == "Executing"
    # It was in setup for the first 20 minutes of the night shift, 12 hours before the last reading.
    if now_us - int(plant.end.timestamp() * 1e6) < 11 * 3600 * 1_000_000:
        assert done["press1"].state_since_us == int(plant.end.timestamp() * 1e6) - (11 * 60 + 40) * 60 * 1_000_000


def test_what_is_wrong_stands_first_with_what_to_do(visit: Callable[..., Page], plant: KpiPlant) -> None:
    with served(plant.site_file) as address:
        page = visit(address)
        notice = page.locator("#wrong .notice").first
        expect(notice).to_contain_text("The collector is not running")
        expect(notice).to_contain_text("What to do")
        expect(page.locator("#tiles .tile").first).to_be_visible(timeout=60_000)
        page.locator("#tiles .tile a").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Defect rate")
        wall = visit(address + "/wall", "wall", "ko")
        expect(wall.locator(".head .status")).to_contain_text("수집기")


def test_an_empty_plant_says_what_is_missing(visit: Callable[..., Page], plant: KpiPlant, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(plant.site_file.read_text(encoding="utf-8").split("shifts:")[0], encoding="utf-8")
    with served(site) as address:
        page = visit(address)
        expect(page.get_by_text("No KPI has a value yet")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("No work unit yet")).to_be_visible()


def test_a_line_keeps_its_holes_and_its_levels_in_the_box() -> None:
    drawn = spark([None, 1.0, 2.0, None, None], [3.0, None])
    assert drawn.pieces == ("30.0,32.0 60.0,16.0",)
    assert drawn.levels == (0.0, None)
    assert spark([2.0, 2.0]).pieces == ("0.0,16.0 120.0,16.0",)
    assert spark([None, None], [1.0]).pieces == ()
