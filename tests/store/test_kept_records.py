"""Kept days and months: the same values as from readings, and none of them once anything beneath has changed."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collector.evaluation import Evaluation
from collector.file_import import FileImport
from collector.kept_records import missing_records
from collector.store import changes, elements
from collector.store.store import reading, transaction, writing
from config.load import load_site
from config.site import Site
from plant.instant import US_PER_S, parse_instant
from plant.kpi_id import KpiId
from plant.period import PeriodKind, periods

START = datetime.fromisoformat("2026-09-01T08:00:00+09:00")
NOW_US = parse_instant("2026-11-05T12:00:00+09:00")
DAYS = 63
TAGS = [
    {"name": "p.n", "work_unit": "press", "role": "produced_count", "max_rate": 400, "modulus": 5000},
    {"name": "p.g", "work_unit": "press", "role": "good_count", "restarts": "shift", "use_uncertain": True},
    {"name": "p.kwh", "work_unit": "press", "role": "energy_import"},
    {"name": "p.kw", "work_unit": "press", "role": "power", "max_hold_s": 40000},
    {"name": "p.state", "work_unit": "press", "role": "state"},
    {"name": "p.product", "work_unit": "press", "role": "product_id"},
    {"name": "w.g", "work_unit": "weld", "role": "good_count"},
    {"name": "main.kwh", "work_unit": "plant", "role": "energy_import"},
    {"name": "main.kvarh", "work_unit": "plant", "role": "reactive_import"},
]


def site_content() -> dict[str, Any]:
    device = {"id": "line", "protocol": "opcua", "endpoint": "opc.tcp://127.0.0.1:4840", "security": "none"}
    return {
        "plant": {"id": "kr-test-0001", "time_zone": "Asia/Seoul", "production_day_start": "08:00"},
        "shifts": [{"name": "day", "start": "08:00", "end": "20:00", "breaks": ["12:00-13:00"]}],
        "work_units": {"press": {"planned_run_time_s": 20}, "weld": {"planned_run_time_s": 30}},
        "devices": [device | {"tags": [{"node": f"ns=2;s={tag['name']}"} | tag for tag in TAGS]}],
    }


def messy_rows() -> list[str]:
    """Readings of two months with everything that goes wrong: Bad and Uncertain ones, jumps, drops, long silences."""
    dice = random.Random(20260901)
    rows = ["time,tag,value,status"]
    for tag in (one["name"] for one in TAGS):
        at, value = START + timedelta(minutes=dice.randrange(600)), 0.0
        while at < START + timedelta(days=DAYS):
            status = dice.choices(["Good", "Bad", "Uncertain"], [90, 5, 5])[0]
            value += dice.choice([0, 1, 5, 20, 20, 30])
            if dice.random() < 0.02:
                value = dice.choice([0.0, value / 3, value + 9000])
            shown = {
                "p.state": dice.choice(["Executing", "Setup", "OutOfService", "NotExecuting", "7"]),
                "p.product": dice.choice(["A", "B"]),
                "p.n": f"{value % 5000:.0f}",
            }.get(str(tag), f"{value:.1f}")
            rows.append(f"{at.isoformat()},{tag},{'' if status == 'Bad' else shown},{status}")
            at += timedelta(minutes=dice.choice([7, 15, 45, 120, 300, 1500]))
    return rows


def imported(site: Site, store: Path, rows: list[str], now_us: int = NOW_US) -> None:
    file = store.with_name("rows.csv")
    file.write_text("\n".join(rows), encoding="utf-8")
    with writing(store) as connection:
        FileImport(connection, site, now_us).readings([file])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Site, bytes]:
    folder = tmp_path_factory.mktemp("messy")
    (folder / "site.yaml").write_text(json.dumps(site_content()), encoding="utf-8")
    site = load_site(folder / "site.yaml")
    imported(site, folder / "plant.db", messy_rows())
    return site, (folder / "plant.db").read_bytes()


@pytest.fixture
def plant(filled: tuple[Site, bytes], tmp_path: Path) -> tuple[Site, Path]:
    (tmp_path / "plant.db").write_bytes(filled[1])
    return filled[0], tmp_path / "plant.db"


def values(site: Site, store: Path, kind: PeriodKind) -> list[Any]:
    """Every value of every period of a kind, rounded by what sums in another order may differ."""
    clock = site.clock()
    with reading(store) as connection:
        found = Evaluation(connection, site, clock, NOW_US)
        asked = periods(kind, parse_instant(START.isoformat()), NOW_US, clock)
        return [_rounded(one.as_json(site.zone)) for one in found.values(asked, found.scopes(), list(KpiId))]


def _rounded(value: dict[str, Any]) -> dict[str, Any]:
    return {key: float(f"{part:.9g}") if isinstance(part, float) else part for key, part in value.items()}


def keep_all(site: Site, store: Path, now_us: int = NOW_US) -> int:
    kept = 0
    while (found := missing_records(store, site, now_us)) is not None:
        with writing(store) as connection, transaction(connection):
            kept += found.keep(connection)
    return kept


def kept_keys(store: Path, work_unit: str) -> set[elements.Key]:
    with reading(store) as connection:
        return set(elements.kept(connection, work_unit, 0, 2**62))


@pytest.mark.parametrize("kind", [PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.YEAR])
def test_values_from_kept_records_are_those_from_readings(plant: tuple[Site, Path], kind: PeriodKind) -> None:
    before = values(*plant, kind)
    assert keep_all(*plant) > 3 * (DAYS - 1)
    with_kept = values(*plant, kind)
    assert with_kept == before
    assert sum(value["value"] is not None for value in before) > 5


def test_kept_records_are_used_and_readings_left_alone(
    plant: tuple[Site, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_all(*plant)

    def refuse(*_: object) -> None:
        raise AssertionError("a closed month was read again")

    monkeypatch.setattr("collector.records.unit_record", refuse)
    site, clock = plant[0], plant[0].clock()
    with reading(plant[1]) as connection:
        found = Evaluation(connection, site, clock, NOW_US)
        september, october, november = list(periods(PeriodKind.MONTH, parse_instant(START.isoformat()), NOW_US, clock))
        closed = list(found.values([september, october], found.scopes(), list(KpiId)))
        assert any(value.outcome.value is not None for value in closed)
        with pytest.raises(AssertionError, match="read again"):
            list(found.values([november], found.scopes(), list(KpiId)))


def test_a_late_reading_drops_what_it_touches_and_the_new_values_count(plant: tuple[Site, Path]) -> None:
    site, store = plant
    keep_all(site, store)
    days = len(kept_keys(store, "weld"))
    imported(site, store, ["time,tag,value", "2026-09-20T10:00:00+09:00,w.g,999999"])
    dropped = days - len(kept_keys(store, "weld"))
    assert 2 <= dropped <= 5  # the day itself, its month, and as far as the readings before and after reach
    changed = values(site, store, PeriodKind.MONTH)
    keep_all(site, store)
    assert values(site, store, PeriodKind.MONTH) == changed
    with writing(store) as connection, transaction(connection):
        connection.exec_driver_sql("delete from element")
    assert values(site, store, PeriodKind.MONTH) == changed


def test_what_changes_while_records_are_worked_out_is_not_kept(plant: tuple[Site, Path]) -> None:
    site, store = plant
    found = missing_records(store, site, NOW_US)
    assert found is not None
    touched = found.records[1][0]
    with writing(store) as connection, transaction(connection):
        changes.note(connection, touched[0] + US_PER_S, touched[0] + 2 * US_PER_S)
        assert found.keep(connection) == len(found.records) - 1
    assert touched not in kept_keys(store, found.work_unit)


def test_an_overtime_shift_costs_the_days_that_its_start_may_touch(plant: tuple[Site, Path], tmp_path: Path) -> None:
    site, store = plant
    keep_all(site, store)
    extra = {"date": "2026-09-19", "name": "late", "start": "21:00", "end": "23:00"}
    other = tmp_path / "other.yaml"
    other.write_text(json.dumps(site_content() | {"calendar": {"extra_shifts": [extra]}}), encoding="utf-8")
    changed = load_site(other)
    found = missing_records(store, changed, NOW_US)
    assert found is not None
    days = [datetime.fromtimestamp(key[0] / US_PER_S, site.zone).date().isoformat() for key, *_ in found.records]
    assert (found.work_unit, days) == ("press", ["2026-09-18", "2026-09-19", "2026-09-20"])


def test_a_day_is_not_kept_in_the_hour_after_its_end(plant: tuple[Site, Path]) -> None:
    end_us = parse_instant("2026-09-10T08:00:00+09:00")
    keep_all(*plant, now_us=end_us + 59 * 60 * US_PER_S)
    assert max(key[1] for key in kept_keys(plant[1], "press")) == end_us - 86400 * US_PER_S
    keep_all(*plant, now_us=end_us + 3600 * US_PER_S)
    assert max(key[1] for key in kept_keys(plant[1], "press")) == end_us


def test_earlier_views_and_other_calendars_do_not_take_kept_records(plant: tuple[Site, Path]) -> None:
    site, store = plant
    keep_all(site, store)
    with reading(store) as connection:
        for clock, as_of_us in ((site.clock(), NOW_US), (site.clock("civil"), None)):
            found = Evaluation(connection, site, clock, NOW_US, as_of_us)
            assert found.records.kept("press", 0, 2**62) == set()


def test_nothing_is_kept_where_a_change_meanwhile_was_forgotten_already(plant: tuple[Site, Path]) -> None:
    site, store = plant
    found = missing_records(store, site, NOW_US)
    assert found is not None
    with writing(store) as connection, transaction(connection):
        changes.note(connection, found.records[1][0][0], found.records[1][0][0] + US_PER_S)
        changes.forget(connection, changes.newest(connection))  # as reporting does, every few seconds
        assert found.keep(connection) == 0
    assert kept_keys(store, found.work_unit) == set()
    assert keep_all(site, store) > 0
