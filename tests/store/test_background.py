"""What the daemon does to the store from time to time, as its schedule holds it."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from full_disk import small_disk
from renewed import spoil_pages
from sqlalchemy import Connection
from stored import DAY_US, MONDAY_US, entry_of, make_store, some_readings, with_tags

from collector.background import background
from collector.clock_trust import ClockTrust
from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.store import events
from collector.store.exchange import unsalvaged
from collector.store.readings import append, merge, series
from collector.store.renewal import mark_salvaged, renew
from collector.store.store import reading, transaction, writing
from collector.store.writer import Writer
from config.load import load_site

SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///plant.db"}
"""


def _woken(
    folder: Path,
    name: str,
    reporting: Any = None,
    first: Callable[[Connection], object] = id,
    level: Level = Level.OK,
) -> int:
    """Do a work of the schedule once, after a first change; how large the write-ahead log is then."""
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")

    async def wake() -> int:
        writer = Writer(folder / "plant.db")
        writer.open()
        try:
            site, disk = load_site(folder / "site.yaml"), DiskWatch(writer.path, level)
            schedule = background(site, folder, writer, reporting, ClockTrust(), disk)
            (work,) = [work for job, work, _ in schedule._jobs if job == name]
            await writer.write(first)
            await work()
            assert schedule.faults == {}
            return disk.wal_bytes
        finally:
            writer.close()

    return asyncio.run(wake())


def _write(megabytes: int) -> Callable[[Connection], object]:
    return lambda connection: connection.exec_driver_sql(
        "insert into event (time_us, kind, detail) values (1, 'x', zeroblob(?))", (megabytes << 20,)
    )


@pytest.mark.parametrize(("name", "table", "rows"), [("summaries", "summary", 3), ("gather journal", "journal", 1)])
def test_the_daemon_fills_in_summaries_and_gathers_the_journal(
    tmp_path: Path, name: str, table: str, rows: int
) -> None:
    path = tmp_path / "plant.db"
    with writing(path) as connection:
        tag_id, _ = with_tags(connection)
        with transaction(connection):
            for day in range(3):
                start = MONDAY_US + day * DAY_US
                merge(connection, tag_id, some_readings(range(start, start + 4000), range(4000)))
                append(connection, entry_of({tag_id: some_readings([start], [0.0])}))
            connection.exec_driver_sql("delete from summary")
    _woken(tmp_path, name)
    with reading(path) as connection:
        assert connection.exec_driver_sql(f"select count(*) from {table}").scalar() == rows


class _Reports:
    """Notes that reports were made."""

    def __init__(self) -> None:
        self.made = 0

    async def make_due(self, *_: object) -> None:
        self.made += 1


def test_no_report_is_made_until_a_damaged_file_is_taken_over(tmp_path: Path) -> None:
    make_store(tmp_path / "plant.db")
    aside = renew(tmp_path / "plant.db", [], "test")
    reports = _Reports()
    _woken(tmp_path, "reports", reports)
    assert reports.made == 0
    _woken(tmp_path, "reports", reports, level=Level.SHORT)  # nobody knows how long it waits for room
    assert reports.made == 1
    mark_salvaged(aside)
    _woken(tmp_path, "reports", reports)
    assert reports.made == 2


def test_a_long_log_is_cut_back_after_housekeeping(tmp_path: Path) -> None:
    assert _woken(tmp_path, "gather journal", first=_write(40)) == 0
    assert _woken(tmp_path, "gather journal", first=_write(2)) > 0


def test_on_a_disk_that_is_short_of_room_the_log_is_cut_back_at_once(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        assert _woken(disk, "make room", first=_write(1)) > 0
        (disk / "other").write_bytes(bytes(int(21.5 * (1 << 20))))
        assert _woken(disk, "make room", first=lambda store: events.save(store, 1, "x")) == 0


def test_on_a_disk_that_is_short_of_room_no_summaries_are_written(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection:
        tag_id, _ = with_tags(connection)
        with transaction(connection):
            merge(connection, tag_id, some_readings(range(MONDAY_US, MONDAY_US + 4000), range(4000)))
            connection.exec_driver_sql("delete from summary")
    for level, summaries in ((Level.SHORT, 0), (Level.LOW, 1)):
        _woken(tmp_path, "summaries", level=level)
        with reading(tmp_path / "plant.db") as connection:
            assert connection.exec_driver_sql("select count(*) from summary").scalar() == summaries


def test_damage_that_nobody_meets_is_found_and_what_is_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    make_store(path)
    with closing(sqlite3.connect(path)) as plain:
        (page,) = plain.execute("select rootpage from sqlite_master where name = 'site_version'").fetchone()
    spoil_pages(path, [page - 1])
    _woken(tmp_path, "check file")
    assert len(unsalvaged(path)) == 1
    with reading(path) as connection:
        assert len(series(connection, 1, 0, 2**62)) == 0
    _woken(tmp_path, "salvage", level=Level.SHORT)
    assert len(unsalvaged(path)) == 1
    _woken(tmp_path, "salvage")
    assert unsalvaged(path) == []
    with reading(path) as connection:
        assert len(series(connection, 1, 0, 2**62)) == 1
