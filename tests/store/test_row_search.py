"""Rows of a tree of which pages are damaged, or in one another's place."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.store.chunk_rows import chunk_key
from collector.store.lost_times import (
    LostTime,
    ReadRows,
    hidden_chunks,
    hidden_journal,
    lost_of_chunks,
    lost_of_journal,
)
from collector.store.row_search import rows_around_damage
from plant.instant import US_PER_S

QUERY = "select id, said from row where id between ? and ? order by id"
STEP, ROWS, PAGE = 1 << 20, 3000, 4096
BOUNDS = 0, STEP * ROWS * 2


def _table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table row (id integer primary key, said text)")
        connection.executemany("insert into row values (?, ?)", [(at * STEP, "x" * 200) for at in range(1, ROWS + 1)])


def _leaves(path: Path) -> list[int]:
    """Numbers of the pages that hold rows: their first byte says that they are leaves of a table."""
    content = path.read_bytes()
    return [page for page in range(1, len(content) // PAGE) if content[page * PAGE] == 13]


def _rows_of(content: bytes, pages: list[int]) -> int:
    """How many rows pages have, as their headers say."""
    return sum(int.from_bytes(content[page * PAGE + 3 : page * PAGE + 5], "big") for page in pages)


@contextmanager
def _damaged(path: Path, pages: dict[int, bytes]) -> Iterator[sqlite3.Connection]:
    with path.open("r+b") as file:
        for page, content in pages.items():
            file.seek(page * PAGE)
            file.write(content)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        yield connection


def _found(path: Path, pages: dict[int, bytes]) -> tuple[set[int], list[tuple[int, int]]]:
    unread: list[tuple[int, int]] = []
    with _damaged(path, pages) as connection:
        return {row[0] // STEP for row in rows_around_damage(connection, QUERY, BOUNDS, unread)}, unread


def test_all_rows_beside_damaged_pages_are_found_and_where_others_were_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    _table(path)
    assert _found(path, {}) == (set(range(1, ROWS + 1)), [])
    leaves, whole = _leaves(path), path.read_bytes()
    hit = [leaves[5], leaves[6], leaves[40], leaves[-2]]
    noise = random.Random(1)
    found, unread = _found(path, {page: noise.randbytes(PAGE) for page in hit})
    lost = set(range(1, ROWS + 1)) - found
    assert len(lost) == _rows_of(whole, hit)
    assert all(any(low <= at * STEP <= high for low, high in _joined(unread)) for at in lost)


def _joined(unread: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(low - STEP, high + STEP) for low, high in unread]


def test_pages_in_one_anothers_place_hide_no_rows_of_others(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    _table(path)
    content, leaves = path.read_bytes(), _leaves(path)
    one, other, between = leaves[10], leaves[70], [leaves[30], leaves[50]]
    swapped = {one: content[other * PAGE :][:PAGE], other: content[one * PAGE :][:PAGE]}
    assert _found(path, swapped)[0] == set(range(1, ROWS + 1))
    found, _ = _found(path, swapped | {page: bytes(PAGE) for page in between})
    assert len(found) >= ROWS - _rows_of(content, [one, other, *between])


def test_times_between_chunks_that_were_read_are_lost_of_each_tag_between_them() -> None:
    rows = ReadRows()
    for tag, start in ((1, 0), (1, 10), (3, 0), (3, 20)):
        rows.add((tag << 40) + start, start, start + 10)
    assert list(lost_of_chunks(rows, -5, 99)) == []
    rows.unread = [((3 << 40) + 5, (3 << 40) + 7), ((3 << 40) + 8, (3 << 40) + 9)]
    assert list(lost_of_chunks(rows, -5, 99)) == [LostTime(3, 3, 10, 20)]
    rows.unread = [((1 << 40) + 15, (2 << 40))]
    assert list(lost_of_chunks(rows, -5, 99)) == [LostTime(1, 1, 20, 30), LostTime(2, 2, 0, 30)]
    assert list(lost_of_chunks(ReadRows(unread=[(0, 9)]), -5, 99)) == [
        LostTime(0, 0, -5, 99),
        LostTime(1, 2**32 - 2, -5, 99),
        LostTime(2**32 - 1, 2**32 - 1, -5, 99),
    ]


def test_times_of_lost_rows_of_the_journal_reach_over_those_beside_them() -> None:
    rows = ReadRows([5, 7], [100, 300], [200, 400])
    assert list(lost_of_journal(rows, 50, 900)) == []
    rows.unread = [(6, 6)]
    assert list(lost_of_journal(rows, 50, 900)) == [LostTime(0, 2**32 - 1, 100, 400)]
    rows.unread = [(8, 9)]
    assert list(lost_of_journal(rows, 50, 900)) == [LostTime(0, 2**32 - 1, 300, 900)]
    rows.unread = [(0, 4)]
    assert list(lost_of_journal(rows, 50, 900)) == [LostTime(0, 2**32 - 1, 50, 200)]


def test_rows_that_are_named_elsewhere_and_were_neither_read_nor_known_as_unread_are_lost() -> None:
    hour_s, day_s = 3600, 86_400
    rows = ReadRows([chunk_key(1, day_s), chunk_key(1, day_s + 3 * hour_s)], [0, 0], [0, 0])
    rows.unread = [(chunk_key(2, 0), chunk_key(2, 10 * day_s)), (chunk_key(2, day_s), chunk_key(2, day_s))]
    named = [chunk_key(1, day_s), chunk_key(1, day_s + 2 * hour_s), chunk_key(2, 5 * day_s), chunk_key(3, 0)]
    assert list(hidden_chunks(rows, named)) == [
        LostTime(1, 1, (day_s + 2 * hour_s) * US_PER_S, (day_s + 3 * hour_s) * US_PER_S),
        LostTime(3, 3, 0, day_s * US_PER_S),
    ]
    assert list(hidden_chunks(rows, [])) == []
    journal = ReadRows([5], [100], [200], [(7, 8)])
    known = {5: LostTime(1, 9, 0, 9), 7: LostTime(1, 9, 0, 9)}
    assert list(hidden_journal(journal, known)) == []
    lost = {6: LostTime(1, 9, 300, 401), 9: LostTime(1, 9, 250, 351), 11: LostTime(10, 19, 250, 351)}
    assert list(hidden_journal(journal, known | lost)) == [LostTime(1, 9, 250, 401), LostTime(10, 19, 250, 351)]
