"""The file of a store that somebody removes, replaces or cuts short while it is written to: nothing is lost unsaid."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection
from stored import DAY_US, MONDAY_US, arrive, make_store, some_readings

from collector.store import events, open_file
from collector.store.readings import series
from collector.store.renewal import newest_aside
from collector.store.store import StoreError, reading
from collector.store.tags import stored_tags
from collector.store.verification import verified
from collector.store.writer import Writer
from plant.instant import US_PER_S

EVER = -(2**62), 2**62
FIRST_US, SECOND_US, THIRD_US = (MONDAY_US + at * US_PER_S for at in (1, 2, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "plant.db"
    make_store(found, [MONDAY_US])
    return found


def _arrives(at_us: int) -> Callable[[Connection], None]:
    return lambda connection: arrive(connection, {1: some_readings([at_us], [1])})


def _meanwhile(path: Path, happens: Callable[[], None]) -> None:
    """Let a writer commit before and after something happens to its files."""

    async def write() -> None:
        writer = Writer(path)
        writer.open()
        writer.tags = await writer.read(stored_tags)
        try:
            await writer.write(_arrives(FIRST_US))
            happens()
            await writer.write(_arrives(SECOND_US))
            await writer.write(_arrives(THIRD_US))
        finally:
            writer.close()

    asyncio.run(write())


def _times(path: Path) -> list[int]:
    with reading(path) as connection:
        assert not verified(connection).fault_count
        return [int(at) for at in series(connection, 1, *EVER).times_us]


def _kinds(path: Path) -> list[str]:
    with reading(path) as connection:
        return [kind for _, kind, _ in events.last(connection, 9) if kind.startswith("store")]


@pytest.mark.parametrize("removed", [("", "-wal", "-shm", ".lock"), ("",), ("-wal",), ("-shm",), ("", "-wal")])
def test_a_file_that_is_removed_is_written_again(path: Path, removed: tuple[str, ...]) -> None:
    def remove() -> None:
        for suffix in removed:
            path.with_name(path.name + suffix).unlink()

    _meanwhile(path, remove)
    assert path.stat().st_mode & 0o777 == 0o600
    assert _times(path) == [MONDAY_US, FIRST_US, SECOND_US, THIRD_US]
    assert _kinds(path) == ["store removed"]


def test_a_file_that_another_takes_the_place_of_is_written_again_and_the_other_is_kept(path: Path) -> None:
    other = path.with_name("other.db")
    make_store(other, [MONDAY_US + DAY_US])
    _meanwhile(path, lambda: other.rename(path))
    assert _times(path) == [MONDAY_US, FIRST_US, SECOND_US, THIRD_US]
    (kept,) = (one for one in path.parent.glob("plant.db.replaced-*") if not one.name.endswith(("-wal", "-shm")))
    with reading(path) as connection:
        assert any(kept.name in detail for _, _, detail in events.last(connection, 9))


def test_a_file_that_is_removed_as_the_collector_stops_is_written_again(path: Path) -> None:
    writer = Writer(path)
    writer.open()
    asyncio.run(writer.write(_arrives(FIRST_US)))
    path.unlink()
    writer.close()
    assert _times(path) == [MONDAY_US, FIRST_US]


def test_without_room_for_it_nothing_is_stored_until_there_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write() -> None:
        writer = Writer(path)
        writer.open()
        await writer.write(_arrives(FIRST_US))
        await asyncio.to_thread(path.unlink)
        with monkeypatch.context() as full:
            full.setattr(open_file, "no_room", lambda *_: "no room")
            with pytest.raises(StoreError, match="no room"):
                await writer.write(_arrives(SECOND_US))
        with monkeypatch.context() as unwritable:
            unwritable.setattr(open_file, "synced", _fails)
            with pytest.raises(OSError, match="disk"):
                await writer.write(_arrives(SECOND_US))
        assert not list(path.parent.glob("plant.db.new*"))
        await writer.write(_arrives(THIRD_US))
        writer.close()

    asyncio.run(write())
    assert _times(path) == [MONDAY_US, FIRST_US, THIRD_US]


def _fails(_: Path) -> None:
    raise OSError(5, "the disk does not answer")


@pytest.mark.parametrize("left", [0, 100, 4096])
def test_a_file_that_is_cut_short_is_put_aside_at_the_next_commit(path: Path, left: int) -> None:
    _meanwhile(path, lambda: os.truncate(path, left))
    with reading(path) as connection:
        assert {SECOND_US, THIRD_US} <= set(series(connection, 1, *EVER).times_us.tolist())
    assert newest_aside(path) is not None
    with reading(path) as connection:
        assert any(open_file.WAS_CUT in detail for _, _, detail in events.last(connection, 9))


def test_a_file_that_grows_or_cannot_be_looked_at_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = open_file.OpenFile(path)
    with path.open("ab") as more:
        more.write(bytes(4096))
    assert file.fate() is open_file.Fate.SAME
    monkeypatch.setattr(open_file, "_state", _fails)
    assert file.fate() is open_file.Fate.SAME
