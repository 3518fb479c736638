"""A store that was killed, damaged in every way: what was not hit is there, what is lost is told, nothing is wrong."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from damaged_store import A_DAY, Whole, copied, outcome_of, whole_store
from damages import KINDS
from renewed import PAGE

from collector.store.store import StoreError, reading, writing
from collector.store.tags import stored_tags


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return whole_store(tmp_path_factory.mktemp("whole") / "plant.db")


@pytest.mark.parametrize(
    ("kind", "seed"),
    [
        ("a byte", 7),
        ("a page of noise", 1),
        ("two pages swapped", 2179419893),
        ("two pages swapped", 1097767344),
        ("a file cut short", 3),
        ("another content", 1),
        ("another content", 2),  # none
        ("the write-ahead log", 2),
        ("the shared memory", 1),
    ],
)
def test_what_is_damaged_is_told_and_all_else_is_kept(tmp_path: Path, whole: Whole, kind: str, seed: int) -> None:
    found = outcome_of(whole, tmp_path / "damaged", KINDS[kind], random.Random(seed))
    assert (found.undeclared, found.wrong, found.faults) == ([], [], [])
    without_tags = seed == 1097767344  # their page was hit: nobody knows any more whose readings the others are
    assert without_tags or found.kept >= 0.95 * found.undamaged  # one row of a store so small is up to 3 %


@pytest.mark.parametrize("table", ["chunk", "journal"])
def test_rows_that_no_page_leads_to_any_more_are_told(tmp_path: Path, whole: Whole, table: str) -> None:
    def first_page_of_an_empty_table(path: Path, chance: random.Random) -> set[int]:
        path.with_name(path.name + "-wal").unlink()  # which has some of the pages once more
        with closing(sqlite3.connect(path)) as connection:
            page, empty = (
                connection.execute("select rootpage from sqlite_master where name = ?", (name,)).fetchone()[0] - 1
                for name in (table, "order_line")
            )
        content = path.read_bytes()
        path.write_bytes(content[: page * PAGE] + content[empty * PAGE :][:PAGE] + content[(page + 1) * PAGE :])
        return {page}

    found = outcome_of(whole, tmp_path / "damaged", first_page_of_an_empty_table, random.Random(1))
    assert (found.undeclared, found.wrong, found.faults) == ([], [], [])
    assert found.lost > A_DAY


def test_the_log_beside_an_emptied_file_is_not_thrown_away(tmp_path: Path, whole: Whole) -> None:
    path = copied(whole, tmp_path / "emptied")
    path.write_bytes(b"")
    log = path.with_name(path.name + "-wal")
    before = log.read_bytes()
    with reading(path) as connection:
        assert stored_tags(connection) == {}
    assert log.read_bytes() == before
    with pytest.raises(StoreError, match="is empty, although it was a store"), writing(path):
        pass
    assert log.read_bytes() == before


def test_every_kind_of_damage_does_some(tmp_path: Path, whole: Whole) -> None:
    before = {one.name: one.read_bytes() for one in whole.path.parent.iterdir() if one.name.startswith("plant.db")}
    for at, (kind, damage) in enumerate(KINDS.items()):
        folder = tmp_path / str(at)
        folder.mkdir()
        for name, content in before.items():
            (folder / name).write_bytes(content)
        damage(folder / "plant.db", random.Random(5))
        after = {one.name: one.read_bytes() for one in folder.iterdir()}
        assert after != before, kind
