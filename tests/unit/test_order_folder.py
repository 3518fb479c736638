import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import order_folder
from collector.store import changes, orders
from collector.store.store import transaction, writing
from config.load import load_site

SITE = """
plant: {id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}
orders: {watch: orders/}
"""
NOW_US = 1_795_305_600_000_000
ORDERS = "order_id,quantity,due_date\n4711,10,2026-11-20\n"
DELIVERIES = "order_id,line_id,quantity,delivered_date\n4711,1,10,2026-11-19\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "site.yaml").write_text(SITE)
    (tmp_path / "orders").mkdir()
    return tmp_path / "orders"


def drop(folder: Path, name: str, content: str | bytes, age_s: float = 10) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def take_all(folder: Path) -> tuple[int, int, int]:
    """Take everything that waits; how many order lines, deliveries and changes the store has."""
    site = load_site(folder.parent / "site.yaml")
    with writing(folder.parent / "plant.db") as connection:
        for path in order_folder.waiting(folder):
            order_folder.take(connection, site, path, NOW_US)
        with transaction(connection):
            counts = len(orders.order_lines(connection)), len(orders.all_deliveries(connection))
            return *counts, len(changes.noted(connection)[0])


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_whole_tables_wait_the_oldest_first(folder: Path) -> None:
    drop(folder, "b.csv", ORDERS, 20)
    drop(folder, "a.CSV", ORDERS, 10)
    drop(folder, "being-written.csv", ORDERS, 0)
    drop(folder, "notes.txt", "x")
    (folder / "done").mkdir()
    drop(folder, "done/old.csv", ORDERS)
    assert [path.name for path in order_folder.waiting(folder)] == ["b.csv", "a.CSV"]
    assert order_folder.waiting(folder / "nowhere") == []


def test_orders_and_deliveries_are_told_apart_taken_and_moved(folder: Path) -> None:
    drop(folder, "first.csv", ORDERS, 30)
    drop(folder, "second.csv", DELIVERIES, 20)
    assert take_all(folder) == (1, 1, 2)
    assert names(folder) == ["done/first.csv", "done/second.csv"]


def test_the_same_file_again_changes_nothing_and_keeps_both(folder: Path) -> None:
    drop(folder, "first.csv", ORDERS)
    assert take_all(folder) == (1, 0, 1)
    drop(folder, "first.csv", ORDERS)
    assert take_all(folder) == (1, 0, 1)
    assert len(names(folder)) == 2
    assert all(name.startswith("done/first") for name in names(folder))


def test_one_bad_row_sets_a_file_aside_whole_with_its_faults(folder: Path) -> None:
    drop(folder, "bad.csv", ORDERS + "4712,many,2026-11-20\n4713,1,soon\n", 30)
    drop(folder, "good.csv", ORDERS.replace("4711", "4714"))
    assert take_all(folder) == (1, 0, 1)
    assert names(folder) == ["done/good.csv", "rejected/bad.csv", "rejected/bad.csv.faults.txt"]
    faults = (folder / "rejected/bad.csv.faults.txt").read_text().splitlines()
    assert [fault.split("bad.csv:")[1].split(":")[0] for fault in faults] == ["3", "4"]


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx"])
@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"\xff\xfe\x00", b"PK\x03\x04 not a workbook", b'"', b"a" * 200_000]
)
def test_no_content_keeps_the_next_file_waiting(folder: Path, name: str, content: bytes) -> None:
    drop(folder, name, content, 30)
    drop(folder, "good.csv", ORDERS)
    assert take_all(folder)[0] == 1
    assert {"done/good.csv", f"rejected/{name}"} <= set(names(folder))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([b"", b"order_id,quantity,due_date\n", b"PK\x03\x04"]), st.booleans())
def test_any_bytes_end_in_done_or_rejected(folder: Path, content: bytes, head: bytes, workbook: bool) -> None:
    drop(folder, "any.xlsx" if workbook else "any.csv", head + content)
    take_all(folder)
    assert order_folder.waiting(folder) == []
