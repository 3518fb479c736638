"""A file that is damaged is put aside; a new one takes its place, and what can be read of the old one follows."""

import asyncio
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from renewed import A_DAY, DAYS, TAGS, filled, left_after, spoil_pages
from stored import MONDAY_US

from collector.store import events, exchange, gaps
from collector.store.account import account
from collector.store.renewal import newest_aside, renew, to_salvage
from collector.store.sqlite_fault import SqliteFault, fault_of
from collector.store.store import StoreError, reading, transaction, writing
from collector.store.tags import stored_tags
from collector.store.writer import Writer
from plant.gap import Gap

FIRST_OF_ROWS = 60
"""Pages before hold the schema: without that nothing in the file can be found."""
ALL = TAGS * DAYS * A_DAY


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "plant.db"
    filled(path)
    return path


@pytest.fixture
def path(tmp_path: Path, whole: Path) -> Path:
    for name in ("plant.db", "plant.db.lock"):
        shutil.copy(whole.with_name(name), tmp_path / name)
    return tmp_path / "plant.db"


def _root_of(path: Path, table: str) -> int:
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute("select rootpage from sqlite_master where name = ?", (table,)).fetchone()
    return int(page) - 1


def test_a_sound_file_stays(path: Path) -> None:
    assert left_after(path) == ALL
    assert newest_aside(path) is None


def test_a_damaged_journal_is_replaced_and_the_chunks_are_taken_over(path: Path) -> None:
    spoil_pages(path, [_root_of(path, "journal")])
    assert left_after(path) == ALL - TAGS * A_DAY
    aside = newest_aside(path)
    assert aside is not None
    assert aside.name.endswith(".salvaged")
    assert to_salvage(path) is None
    with reading(path) as connection:
        assert {kind for _, kind, _ in events.last(connection, 2)} == {"store salvaged", "store damaged"}
        found = account(connection)
        assert (found.damaged, found.missing) == (TAGS * A_DAY, 0)


@pytest.mark.parametrize("seed", range(4))
def test_pages_damaged_at_random_lose_what_was_in_them_alone(path: Path, seed: int) -> None:
    pages = path.stat().st_size // 4096
    spoil_pages(path, [random.Random(seed).randrange(FIRST_OF_ROWS, pages)])
    assert left_after(path) >= ALL * 0.9


def test_a_file_without_its_header_is_replaced(path: Path) -> None:
    spoil_pages(path, [0])
    left_after(path)
    assert newest_aside(path) is not None


@pytest.mark.parametrize(("at", "count"), [(0, 100), (0, 16), (16, 2), (18, 2), (20, 1), (21, 3), (44, 4)])
def test_a_file_of_which_the_header_alone_is_damaged_is_taken_over_whole(path: Path, at: int, count: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * count)
    assert left_after(path) == ALL
    assert newest_aside(path) is not None


def test_rows_of_another_table_in_the_place_of_tags_are_noticed_and_not_taken_over(path: Path) -> None:
    with writing(path) as connection, transaction(connection):
        for at in range(3):
            events.save(connection, MONDAY_US + at, "test", "of no tag")
    tags, events_at = _root_of(path, "tag"), _root_of(path, "event")
    content = path.read_bytes()
    with path.open("r+b") as file:
        file.seek(tags * 4096)
        file.write(content[events_at * 4096 :][:4096])
    left_after(path)
    assert newest_aside(path) is not None
    with reading(path) as connection:
        assert {stored.tag.name for stored in stored_tags(connection).values()} == {f"tag{at}" for at in range(TAGS)}


def test_what_never_was_a_store_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "plant.db"
    other.write_bytes(b"x" * 5000)
    with pytest.raises(StoreError):
        Writer(other).open()
    assert other.read_bytes() == b"x" * 5000
    assert newest_aside(other) is None


def test_an_exchange_that_was_cut_off_is_finished_at_the_next_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(before: Path, after: Path) -> None:
        before.rename(after)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "move", cut_off)
        with pytest.raises(KeyboardInterrupt):
            renew(path, [], "page 7")
    path.with_name("plant.db-wal").write_bytes(b"old")  # of the old file: it must not be applied to the new one
    assert not path.exists()
    writer = Writer(path)
    writer.open()
    writer.close()
    with reading(path) as connection:
        assert len(stored_tags(connection)) == TAGS
    assert not path.with_name("plant.db.new").exists()
    aside = newest_aside(path)
    assert aside is not None
    assert aside.with_name(aside.name + "-wal").read_bytes() == b"old"


def test_errors_of_sqlite_are_sorted_by_what_they_mean() -> None:
    def error(code: int) -> sqlite3.Error:
        made = sqlite3.OperationalError("said")
        made.sqlite_errorcode = code
        return made

    assert fault_of(error(sqlite3.SQLITE_CORRUPT)) is SqliteFault.DAMAGED
    assert fault_of(error(sqlite3.SQLITE_NOTADB)) is SqliteFault.DAMAGED
    assert fault_of(error(sqlite3.SQLITE_IOERR_SHORT_READ)) is SqliteFault.DAMAGED
    assert fault_of(error(sqlite3.SQLITE_IOERR_FSYNC)) is SqliteFault.OTHER
    assert fault_of(error(sqlite3.SQLITE_FULL)) is SqliteFault.FULL
    assert fault_of(OSError(28, "No space left on device")) is SqliteFault.FULL
    assert fault_of(ValueError()) is SqliteFault.OTHER


def test_a_change_that_meets_a_damaged_page_is_made_in_the_new_file(path: Path) -> None:
    spoil_pages(path, [_root_of(path, "gap")])  # which opening the store does not look at

    async def change() -> None:
        writer = Writer(path)
        writer.open()
        try:
            assert newest_aside(path) is None
            await writer.write(lambda connection: gaps.save(connection, [Gap("press", None, 1, 2, "no answer")]))
            assert await writer.read(lambda connection: len(gaps.newest(connection, 10))) == 1
        finally:
            writer.close()

    asyncio.run(change())
    assert newest_aside(path) is not None


def test_a_text_that_is_none_is_damage_and_the_rest_is_taken_over(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "update journal set payload = cast(x'ff00ff' as text) where id = (select min(id) from journal)"
        )
        (lost,) = connection.execute("select readings from journal order by id limit 1").fetchone()
    connection.close()
    assert left_after(path) == ALL - lost
    assert newest_aside(path) is not None
