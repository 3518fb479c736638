"""Imports into a store that a collector writes meanwhile: through its answers, one after another, none half."""

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from sqlalchemy import Connection

from collector.answers import Answers
from collector.background import background
from collector.clock_trust import ClockTrust
from collector.disk_watch import DiskWatch
from collector.log_lines import LogLines
from collector.store import pending_import
from collector.store.account import account
from collector.store.backup import back_up
from collector.store.pending_import import PendingImport
from collector.store.store import StoreError
from collector.store.writer import Writer
from config.load import load_site
from tests.acceptance.plant_files import Plant, at, table

HEAD = "time,tag,value\n"
ROWS = table(*([f"2026-11-{day:02d}T00:{second // 60:02d}:{second % 60:02d}Z", "level", second]
               for day in range(10, 13) for second in range(100)))  # fmt: skip

Asks = Callable[[Answers, Writer], Awaitable[Any]]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plant:
    monkeypatch.setattr(pending_import, "AT_ONCE", 100)
    return Plant.made(tmp_path)


def _unasked() -> NoReturn:
    raise AssertionError("nobody asks for the status")


def _while_collecting(plant: Plant, asks: Asks) -> Any:
    async def collect() -> Any:
        site = load_site(Path(plant.site))
        writer = Writer(plant.folder / "plant.db")
        writer.open()
        try:
            return await asks(
                Answers(site, writer, _unasked, {}, LogLines(), Path(plant.site), asyncio.Event()), writer
            )
        finally:
            writer.close()

    return asyncio.run(collect())


def _import(file: str) -> dict[str, Any]:
    return {"command": "import", "kind": "readings", "files": [file], "replace": False, "skip_bad": False}


async def _go_on(plant: Plant, writer: Writer) -> None:
    site, disk = load_site(Path(plant.site)), DiskWatch(writer.path)
    schedule = background(site, plant.folder, writer, None, ClockTrust(), disk)
    (work,) = [work for name, work, _ in schedule._jobs if name == "imports"]
    await work()
    assert schedule.failing == {}


def test_of_two_imports_at_once_that_contradict_each_other_one_is_refused(plant: Plant) -> None:
    files = [plant.file(HEAD + f"{at(0)},level,{value}\n" + ROWS, f"{value}.csv") for value in (1000, 2000)]

    async def both(answers: Answers, _: Writer) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(answers.answer(_import(file)) for file in files)))

    said = _while_collecting(plant, both)
    assert sorted(one["ok"] for one in said) == [False, True]
    assert ["another value at this time" in one["message"] for one in said if not one["ok"]] == [True]
    assert len(plant.values("level")) == 301


def _half_merged(plant: Plant, monkeypatch: pytest.MonkeyPatch, then: Asks) -> Any:
    """What is found when an import stops after its first transaction, as on a full disk."""
    merge, done = PendingImport.merge_next, []

    def full(pending: PendingImport, connection: Connection) -> bool:
        if len(done) == 1:
            raise sqlite3.OperationalError("database or disk is full")
        done.append(pending)
        return merge(pending, connection)

    async def ask(answers: Answers, writer: Writer) -> Any:
        monkeypatch.setattr(PendingImport, "merge_next", full)
        with pytest.raises(RuntimeError, match=r"disk is full; the import counts, .* will be gone on with by itself"):
            await answers.answer(_import(plant.file(HEAD + ROWS)))
        monkeypatch.setattr(PendingImport, "merge_next", merge)
        assert len(plant.values("level")) == 100
        return await then(answers, writer)

    return _while_collecting(plant, ask)


def test_an_import_that_fails_when_it_counts_is_gone_on_with_by_the_collector(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def go_on(_: Answers, writer: Writer) -> int:
        await _go_on(plant, writer)
        return await writer.read(lambda connection: account(connection).missing)

    assert _half_merged(plant, monkeypatch, go_on) == 0
    assert len(plant.values("level")) == 300
    assert list(plant.folder.glob("plant.db.import-*")) == []


def test_the_next_import_first_goes_on_with_one_that_was_cut_off(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    other = plant.file(HEAD + ROWS.splitlines()[-1].rsplit(",", 1)[0] + ",7\n", "other.csv")

    async def ask(answers: Answers, _: Writer) -> dict[str, Any]:
        return await answers.answer(_import(other))

    said = _half_merged(plant, monkeypatch, ask)
    assert "2:3: value: the store has another value at this time" in said["message"]
    assert len(plant.values("level")) == 300


def test_a_collector_starts_at_once_and_goes_on_with_an_import_that_was_cut_off_later(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: Answers, __: Writer) -> None:
        pass

    async def start(_: Answers, writer: Writer) -> None:
        assert len(plant.values("level")) == 100
        await _go_on(plant, writer)

    _half_merged(plant, monkeypatch, nothing)
    _while_collecting(plant, start)
    assert len(plant.values("level")) == 300


def test_a_store_with_half_an_import_is_not_backed_up(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = plant.folder / "copy.db"
    monkeypatch.setattr("collector.store.backup.LONGEST_WAIT_S", 0.0)

    async def back_up_now(_: Answers, writer: Writer) -> None:
        with pytest.raises(StoreError, match=r"copy.db: was not written, since an import is just being merged"):
            back_up(writer.path, copy, 0)
        assert list(plant.folder.glob("copy.db*")) == []
        await _go_on(plant, writer)
        assert back_up(writer.path, copy, 0).counted["readings in chunks"] == 300

    _half_merged(plant, monkeypatch, back_up_now)


def test_a_backup_waits_for_an_import_that_is_being_merged(plant: Plant) -> None:
    assert plant.imports("readings", plant.file(HEAD + ROWS)).code == 0
    pending = plant.folder / "plant.db.import-x.whole"
    pending.touch()
    threading.Timer(0.5, pending.unlink).start()
    assert back_up(plant.folder / "plant.db", plant.folder / "copy.db", 0).counted["readings in chunks"] == 300
    assert not pending.exists()
