"""What the daemon does to the store from time to time, as its schedule holds it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from stored import DAY_US, MONDAY_US, entry_of, make_store, some_readings, with_tags

from collector.background import background
from collector.clock_trust import ClockTrust
from collector.disk_watch import DiskWatch
from collector.store.readings import append, merge
from collector.store.renewal import mark_salvaged, renew
from collector.store.store import reading, transaction, writing
from collector.store.writer import Writer
from config.load import load_site

SITE = """\
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
store: {url: "sqlite:///plant.db"}
"""


def _woken(folder: Path, name: str, reporting: Any = None) -> None:
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")

    async def wake() -> None:
        writer = Writer(folder / "plant.db")
        writer.open()
        try:
            site, disk = load_site(folder / "site.yaml"), DiskWatch(writer.path)
            schedule = background(site, folder, writer, reporting, ClockTrust(), disk)
            (work,) = [work for job, work, _ in schedule._jobs if job == name]
            await work()
            assert schedule.faults == {}
        finally:
            writer.close()

    asyncio.run(wake())


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
    mark_salvaged(aside)
    _woken(tmp_path, "reports", reports)
    assert reports.made == 1
