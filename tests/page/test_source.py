"""What the page reads: query-only, cut off in time, by settings that follow the site file."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from collector.page.figures import Figures
from collector.page.source import Source, TookTooLongError
from collector.store.store import StoreError
from config.site import Site
from tests.acceptance.plant_files import Plant, at, table

ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


@pytest.fixture
def source(tmp_path: Path) -> Source:
    plant = Plant.made(tmp_path / "plant")
    plant.imports("readings", plant.file(table(("time", "tag", "value"), (at(0), "good", 1), (at(60), "good", 5))))
    return Source(Path(plant.site))


def changed(source: Source, text: str) -> None:
    """Write the site file anew, as an editor does, and let the page look at it."""
    source.site_file.write_text(text, encoding="utf-8")
    os.utime(source.site_file, (time.time() + 5, time.time() + 5))
    source._looked_s = 0.0


def test_queries_that_take_too_long_are_cut_off(source: Source) -> None:
    started_s = time.monotonic()
    with pytest.raises(TookTooLongError, match=r"longer than 0\.2 s"):
        asyncio.run(source.read(lambda connection, _: connection.exec_driver_sql(ENDLESS).scalar(), 0.2))
    assert time.monotonic() - started_s < 5


def test_nothing_can_be_written(source: Source) -> None:
    def write(connection: Connection, _: Site) -> None:
        connection.exec_driver_sql("delete from latest")

    with pytest.raises((StoreError, DatabaseError), match=r"readonly|query_only|read-only"):
        asyncio.run(source.read(write))


def test_settings_follow_the_site_file_and_stay_when_it_has_faults(source: Source) -> None:
    text = source.site_file.read_text(encoding="utf-8")
    changed(source, text.replace("id: kr-ansan-0421", "id: kr-other-0001"))
    assert source.site.plant.id == "kr-other-0001"
    assert (source.edition, source.site_fault) == (2, None)
    changed(source, text.replace("press-1", "press 1"))
    assert source.site.plant.id == "kr-other-0001"
    assert source.site_fault is not None
    assert "devices[0].id" in source.site_fault
    changed(source, text)
    assert (source.site.plant.id, source.site_fault) == ("kr-ansan-0421", None)


def test_without_a_daemon_nobody_answers(source: Source) -> None:
    assert asyncio.run(source.ask({"command": "status"})) is None


def test_a_figure_is_worked_out_once_and_kept(source: Source) -> None:
    worked = []

    async def asks() -> None:
        figures = Figures(source)
        for _ in range(3):
            figure = await figures.of("tags", lambda evaluation: worked.append(1) or len(evaluation.tags), patience_s=5)
            assert figure is not None
            assert figure.value == 6
            assert not figure.refreshing

    asyncio.run(asks())
    assert worked == [1]


def test_nobody_waits_long_for_a_figure(source: Source) -> None:
    async def asks() -> None:
        figures = Figures(source)
        go_on = threading.Event()
        assert await figures.of("slow", lambda _: go_on.wait(30) and "done", patience_s=0.05) is None
        go_on.set()  # had it been waited for, it would have been done
        figure = await figures.of("slow", lambda _: "again", patience_s=30)
        assert figure is not None
        assert figure.value == "done"

    asyncio.run(asks())


def test_an_old_figure_is_shown_until_the_next_is_there(source: Source) -> None:
    values = iter(["old", "new"])

    async def asks() -> None:
        figures = Figures(source)
        seen = []
        for _ in range(4):
            figure = await figures.of("value", lambda _: next(values, "newest"), fresh_s=0.15, patience_s=5)
            assert figure is not None
            seen.append((figure.value, figure.refreshing))
            await asyncio.sleep(0.1)
        assert seen[0] == ("old", False)
        assert ("old", True) in seen
        assert seen[-1][0] == "new"

    asyncio.run(asks())


def test_other_settings_have_other_figures(source: Source) -> None:
    async def asks() -> None:
        figures = Figures(source)
        for wanted in ("kr-ansan-0421", "kr-other-0001"):
            figure = await figures.of("plant", lambda evaluation: evaluation.site.plant.id, patience_s=5)
            assert figure is not None
            assert figure.value == wanted
            text = source.site_file.read_text(encoding="utf-8")
            changed(source, text.replace("id: kr-ansan-0421", "id: kr-other-0001"))

    asyncio.run(asks())


def test_what_the_work_raises_reaches_who_asked_and_is_tried_again(source: Source) -> None:
    def fails(_: object) -> int:
        raise ValueError("no such thing")

    async def asks() -> None:
        figures = Figures(source)
        with pytest.raises(ValueError, match="no such thing"):
            await figures.of("value", fails, patience_s=5)
        figure = await figures.of("value", lambda _: 7, patience_s=5)
        assert figure is not None
        assert figure.value == 7

    asyncio.run(asks())
