"""Does every tag of any site file get a plausible value, and does its device give that value as the file says?"""

import time
from pathlib import Path

import numpy as np
import pytest

from config.load import load_site
from config.site import Site
from plant.instant import US_PER_S, parse_instant
from plant.tag import Kind, Role, kind_of
from simulators.history import history
from simulators.scene import Scene, Source

HEAD = "plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}\n"
SHIFTS = "shifts: [{name: day, start: 08:00, end: 20:00, days: [mon, tue, wed, thu, fri], breaks: [12:00-13:00]}]\n"
NOON = parse_instant("2026-11-18T11:00:00+09:00")
DAY_US = 86_400 * US_PER_S


def site_of(folder: Path, tags: list[str], head: str = HEAD) -> Site:
    rows = "".join(f"      - {{{tag}}}\n" for tag in tags)
    devices = f"devices:\n  - id: d1\n    protocol: modbus\n    host: 127.0.0.1\n    tags:\n{rows}"
    (folder / "site.yaml").write_text(head + devices, encoding="utf-8")
    return load_site(folder / "site.yaml")


def sources(site: Site, seed: int = 1) -> dict[str, Source]:
    scene = Scene(site, seed)
    return {tag.name: scene.source(tag) for device in site.devices for tag in device.tags}


def read(source: Source, times_us: np.ndarray) -> np.ndarray:
    return source.read(source.given(times_us))


def counter(name: str, role: str, rest: str, work_unit: str = "press1") -> str:
    return f"name: {name}, work_unit: {work_unit}, role: {role}, table: holding, {rest}"


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_a_value_at_every_instant(tmp_path: Path, role: Role) -> None:
    coding = "type: string, length: 30" if kind_of(role) is Kind.TEXT else "type: float64"
    tags = [counter("a", role, f"address: 0, {coding}"), counter("b", role, f"address: 40, {coding}", "plant")]
    times_us = np.arange(NOON, NOON + DAY_US, 60 * US_PER_S)
    for source in sources(site_of(tmp_path, tags)).values():
        shown = read(source, times_us)
        assert len(shown) == len(times_us)
        if kind_of(role) is not Kind.TEXT:
            assert np.all(np.isfinite(shown))
        if kind_of(role) is Kind.COUNTER:
            assert np.all(np.diff(shown) >= 0)


def test_counters_of_one_machine_belong_together(tmp_path: Path) -> None:
    roles = ("produced_count", "good_count", "scrap_count", "rework_count")
    tags = [counter(role, role, f"address: {2 * n}, type: uint32") for n, role in enumerate(roles)]
    times_us = np.arange(NOON, NOON + DAY_US, 60 * US_PER_S)
    produced, *parts = (read(source, times_us) for source in sources(site_of(tmp_path, tags)).values())
    assert np.array_equal(produced, sum(parts))


def test_the_plant_counts_what_its_output_counts(tmp_path: Path) -> None:
    tags = [
        counter("one", "good_count", "address: 0, type: uint32"),
        counter("two", "good_count", "address: 2, type: uint32", "cell"),
        counter("all", "good_count", "address: 4, type: uint32", "plant"),
    ]
    marked = HEAD + "work_units: {cell: {output: true, planned_run_time_s: 3}}\n"
    at = np.array([NOON])
    found = sources(site_of(tmp_path, tags))
    assert read(found["all"], at) == read(found["one"], at) + read(found["two"], at)
    found = sources(site_of(tmp_path, tags, marked))
    assert read(found["all"], at) == read(found["two"], at)


def test_machines_keep_to_the_shifts(tmp_path: Path) -> None:
    site = site_of(tmp_path, [counter("good", "good_count", "address: 0, type: uint32")], HEAD + SHIFTS)
    good = sources(site)["good"]

    def made(start: str, end: str) -> float:
        return float(np.diff(read(good, np.array([parse_instant(start), parse_instant(end)])))[0])

    assert made("2026-11-18T08:00:00+09:00", "2026-11-18T12:00:00+09:00") > 5000
    assert made("2026-11-18T12:00:00+09:00", "2026-11-18T13:00:00+09:00") == 0
    assert made("2026-11-20T20:00:00+09:00", "2026-11-23T08:00:00+09:00") == 0


def test_numbers_are_the_inverse_of_scale_offset_and_unit(tmp_path: Path) -> None:
    tags = [
        counter("plain", "temperature", "address: 0, type: float64"),
        counter("scaled", "temperature", "address: 4, type: int16, unit: degF, scale: 0.1, offset: -40"),
        counter("powered", "temperature", "address: 5, type: int16, scale_from: 6"),
        counter("wh", "energy_import", "address: 7, type: uint64, unit: Wh"),
        counter("kwh", "energy_import", "address: 20, type: float64"),
        counter("float", "energy_import", "address: 30, type: float32"),
    ]
    times_us = np.arange(NOON, NOON + DAY_US, 600 * US_PER_S)
    found = sources(site_of(tmp_path, tags))
    # Each gauge has its own phase, so the way there and back is compared, not one tag with another.
    scaled = found["scaled"]
    numbers = scaled.given(times_us)
    assert np.array_equal(numbers, np.rint(numbers))
    degrees_f = numbers * 0.1 - 40
    assert read(scaled, times_us) == pytest.approx((degrees_f - 32) / 1.8)
    assert read(scaled, times_us).min() > 30
    assert read(found["powered"], times_us) == pytest.approx(found["powered"].given(times_us) / 10)
    assert found["wh"].given(times_us).tolist() == np.rint(found["kwh"].given(times_us) * 1000).tolist()
    assert read(found["float"], times_us) == pytest.approx(read(found["kwh"], times_us), rel=1e-7)
    assert np.array_equal(read(found["float"], times_us).astype(np.float32), read(found["float"], times_us))


def test_a_counter_begins_again_at_its_modulus_or_the_end_of_its_type(tmp_path: Path) -> None:
    tags = [
        counter("full", "good_count", "address: 0, type: uint32"),
        counter("word", "good_count", "address: 2, type: uint16"),
        counter("signed", "good_count", "address: 3, type: int16"),
        counter("bcd", "good_count", "address: 4, type: bcd16"),
        counter("meter", "good_count", "address: 5, type: uint32, modulus: 1000"),
    ]
    times_us = np.arange(NOON, NOON + DAY_US, 60 * US_PER_S)
    shown = {name: source.given(times_us) for name, source in sources(site_of(tmp_path, tags)).items()}
    for name, modulus in (("word", 65536), ("signed", 32768), ("bcd", 10_000), ("meter", 1000)):
        assert np.array_equal(shown[name], shown["full"] % modulus)


def test_states_have_the_numbers_that_the_tag_names(tmp_path: Path) -> None:
    tags = [
        counter("standard", "state", "address: 0, type: uint16"),
        counter("own", "state", "address: 1, type: uint16, states: {7: Executing, 9: NotExecuting}", "press2"),
    ]
    times_us = np.arange(NOON, NOON + 7 * DAY_US, 60 * US_PER_S)
    found = sources(site_of(tmp_path, tags))
    assert set(read(found["standard"], times_us).tolist()) == {0, 1, 2, 3}
    assert set(read(found["own"], times_us).tolist()) == {7, 9}


def test_history_is_what_the_devices_would_have_given(tmp_path: Path) -> None:
    tags = [
        counter("good", "good_count", "address: 0, type: uint32"),
        counter("energy", "energy_import", "address: 2, type: float32", "plant"),
        counter("product", "product_id", "address: 10, type: string, length: 8"),
    ]
    site = site_of(tmp_path, tags, HEAD + SHIFTS)
    found = sources(site, seed=5)
    for part in history(site, 5, NOON, NOON + 3600 * US_PER_S, step_s=10):
        assert part.times_us.tolist() == list(range(NOON, NOON + 3600 * US_PER_S, 10 * US_PER_S))
        alone = [read(found[part.tag.name], np.array([at]))[0] for at in part.times_us[::30]]
        assert part.values[::30].tolist() == alone


@pytest.mark.no_cover  # tracing takes time
def test_four_weeks_of_ten_tags_take_seconds(tmp_path: Path) -> None:
    roles = ("good_count", "scrap_count", "rework_count", "state", "power", "energy_import", "temperature", "speed")
    tags = [counter(role, role, f"address: {4 * n}, type: float64") for n, role in enumerate(roles)]
    tags += [
        counter(f"plant-{role}", role, f"address: {100 + 4 * n}, type: float64", "plant")
        for n, role in enumerate(("energy_import", "reactive_import"))
    ]
    site = site_of(tmp_path, tags, HEAD + SHIFTS)
    begin_s = time.process_time()  # of the processor: others may keep it busy
    rows = sum(len(part.values) for part in history(site, 1, NOON, NOON + 28 * DAY_US, step_s=10))
    assert rows == 2_419_200
    assert time.process_time() - begin_s < 5
