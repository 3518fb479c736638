"""A disk that is full: nothing is acknowledged that is not stored, nothing is dropped, and it goes on by itself."""

import asyncio
import errno
import os
from pathlib import Path

import pytest
from full_disk import fill, filled_again_and_again, released_at_full, small_disk, started_while_the_disk_fills
from renewed import spoil_pages
from stored import make_store

from collector import opening
from collector.disk import Level
from collector.disk_watch import DiskWatch
from collector.opening import as_soon_as_there_is_room, opened
from collector.store import events
from collector.store.exchange import unsalvaged
from collector.store.store import reading, transaction, writing
from collector.store.wal import truncate_wal
from collector.store.writer import Writer


class _Unaware(DiskWatch):
    """Looks at another disk, which has room."""

    def look(self) -> Level:
        return Level.OK


def test_a_disk_that_is_filled_twice_loses_nothing_that_was_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path) as disk:
        kept, stored = filled_again_and_again(tmp_path, disk, 2, monkeypatch)
        assert kept == stored


def test_a_start_whose_first_notes_find_no_room_waits_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path) as disk:
        assert started_while_the_disk_fills(tmp_path, disk, monkeypatch) == ["start"]


def test_the_ballast_goes_to_a_start_for_which_there_is_no_room_although_the_disk_is_not_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    with small_disk(tmp_path) as disk:
        watch, stop = DiskWatch(disk / "plant.db"), asyncio.Event()
        watch.look()

        async def begin() -> bool:
            if watch.ballast.exists():
                raise OSError(errno.ENOSPC, "no room")
            return True

        (disk / "other").write_bytes(bytes(int(21.5 * (1 << 20))))
        assert asyncio.run(as_soon_as_there_is_room(begin, watch, stop))
        assert watch.level is Level.SHORT


@pytest.mark.parametrize("free_bytes", [0, 100_000])
def test_a_damaged_store_for_whose_successor_there_is_no_room_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_bytes: int
) -> None:
    monkeypatch.setattr(opening, "AGAIN_S", 0.05)
    with small_disk(tmp_path) as disk:
        path = disk / "plant.db"
        make_store(path)
        spoil_pages(path, [0])
        fill(disk)
        os.truncate(disk / "other", (disk / "other").stat().st_size - free_bytes)
        writer = Writer(path)

        async def start() -> bool:
            stop = asyncio.Event()
            starting = asyncio.create_task(opened(writer, _Unaware(path), stop))
            await asyncio.sleep(0.3)
            assert not starting.done()
            (disk / "other").unlink()
            return await starting

        assert asyncio.run(start())
        writer.close()
        assert len(unsalvaged(path)) == 1


def test_the_ballast_is_given_up_on_a_full_disk_and_made_again_on_one_with_room(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk:
        watch = released_at_full(disk)
        assert watch.level is Level.FULL
        (disk / "more").write_bytes(bytes(100_000))  # what the ballast held is of use
        assert watch.look() is Level.FULL
        (disk / "other").unlink()
        assert watch.look() is Level.OK
        assert watch.ballast.stat().st_blocks * 512 >= 24 * (1 << 20) // 50


def test_a_long_log_is_cut_back_unless_a_reader_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    log = path.with_name("plant.db-wal")
    with writing(path) as connection:
        with transaction(connection):
            connection.exec_driver_sql("insert into event (time_us, kind, detail) values (1, 'x', zeroblob(200000))")
        truncate_wal(connection, path, 10_000_000)
        assert log.stat().st_size > 200_000
        connection.exec_driver_sql("pragma busy_timeout = 3600000")
        connection.rollback()
        with reading(path) as reader:
            events.last(reader, 1)
            truncate_wal(connection, path, 100_000)  # at once, although a reader needs it
            assert log.stat().st_size > 200_000
        assert connection.exec_driver_sql("pragma busy_timeout").scalar() == 3600000
        connection.rollback()
        truncate_wal(connection, path, 100_000)
        assert log.stat().st_size == 0
        assert connection.exec_driver_sql("select count(*) from event").scalar() == 1
