"""A store that was killed, and what is left of it once a writer went on with its damaged files."""

import asyncio
import random
import shutil
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from damages import Damage
from renewed import go_on
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings, with_tags

from collector.store import gaps
from collector.store.chunk_rows import begin_s, tag_of
from collector.store.devices import add_received, extend_known, known
from collector.store.merging import merge_days
from collector.store.readings import append, series
from collector.store.sealing import seal
from collector.store.store import driver_connection, reading, transaction, writing
from collector.store.verification import verified
from plant.gap import Gap
from plant.instant import US_PER_S

TAGS, DAYS, A_DAY = 5, 6, 2400
BEGIN_US = MONDAY_US - 20 * DAY_US
END_US = BEGIN_US + DAYS * DAY_US
FOR_EVER_US = 2**62
LAST_COMMITS = 60
"""Commits that are in the write-ahead log alone."""


class Row(NamedTuple):
    """A chunk or a row of the journal: its tags, its time, and the pages that hold it, with those of its stamps."""

    first_tag: int
    last_tag: int
    start_us: int
    end_us: int
    pages: set[int]


@dataclass(slots=True)
class Whole:
    """A store that was killed, its log beside it. true: value by time of each tag. rows: those in the file itself."""

    path: Path
    true: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    rows: list[Row] = field(default_factory=list)


def whole_store(path: Path) -> Whole:
    """Write a store of some tags and days, and leave its files as a kill would."""
    whole, chance = Whole(path), random.Random(1)
    own = path.with_name("written.db")
    with writing(own) as connection:
        ids = with_tags(connection, TAGS)

        def commit(times: range) -> None:
            with transaction(connection):
                for tag_id in ids:
                    found = some_readings(times, [chance.random() for _ in times])
                    whole.true[tag_id] |= dict(zip(times, found.values.tolist(), strict=True))
                    append(connection, entry_of({tag_id: found}))
                    add_received(connection, [("press", times[0], len(found))])
                extend_known(connection, {"press": times[-1]})

        step_us = DAY_US // A_DAY
        for day in range(DAYS):
            for hour in range(0, 24, 6):
                begin_us = BEGIN_US + day * DAY_US + hour * HOUR_US
                commit(range(begin_us, begin_us + 6 * HOUR_US, step_us))
            if day < DAYS - 1:
                with transaction(connection):
                    seal(connection, BEGIN_US + (day + 1) * DAY_US)
                    merge_days(connection, BEGIN_US + day * DAY_US)
        driver_connection(connection).execute("pragma wal_checkpoint(truncate)").fetchall()
        for at in range(LAST_COMMITS):
            commit(range(END_US + at * 10_000_000, END_US + (at + 1) * 10_000_000, 1_000_000))
        for suffix in ("", "-wal", "-shm"):
            shutil.copy(own.with_name(own.name + suffix), path.with_name(path.name + suffix))
    path.with_name(path.name + ".lock").touch()
    whole.rows = _rows(path)
    return whole


def copied(whole: Whole, folder: Path) -> Path:
    """A copy of the store to damage."""
    folder.mkdir(parents=True)
    path = folder / "plant.db"
    for suffix in ("", "-wal", "-shm", ".lock"):
        shutil.copy(whole.path.with_name(whole.path.name + suffix), path.with_name(path.name + suffix))
    return path


def _rows(path: Path) -> list[Row]:
    """The rows of the file itself, without its log."""
    copy = path.with_name("pages.db")
    shutil.copy(path, copy)
    with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as connection:
        pages = {table: _pages(connection, table) for table in ("chunk", "journal", "stamp")}
        chunks = connection.execute("select key, span_s, stamp from chunk").fetchall()
        journal = connection.execute(
            "select id, coalesce(first_tag, 1), coalesce(last_tag, ?), min_us, max_us from journal", (TAGS,)
        ).fetchall()
    copy.unlink()
    found = [Row(first, last, start, end + 1, pages["journal"][at]) for at, first, last, start, end in journal]
    for key, span_s, stamp in chunks:
        start_us = begin_s(key) * US_PER_S
        of_row = pages["chunk"][key] | (pages["stamp"][stamp] if stamp is not None else set())
        found.append(Row(tag_of(key), tag_of(key), start_us, start_us + span_s * US_PER_S, of_row))
    return found


def _pages(connection: sqlite3.Connection, table: str) -> dict[int, set[int]]:
    """The pages of each row of a table by its key: SQLite's own account of the tree, leaf by leaf."""
    try:
        tree = connection.execute(
            "select path, pageno, pagetype, ncell from dbstat where name = ? order by path", (table,)
        ).fetchall()
    except sqlite3.OperationalError as error:
        pytest.skip(f"this SQLite does not tell which pages a row has: {error}")
    keys = iter(connection.execute(f"select rowid from {table} order by rowid").fetchall())
    found, leaves = defaultdict(set), {}
    for where, page, kind, cells in tree:
        if kind == "leaf":
            leaves[where] = [next(keys)[0] for _ in range(cells)]
            for key in leaves[where]:
                found[key].add(page - 1)
    for where, page, kind, _ in tree:
        if kind == "overflow":
            leaf, _, cell = where.partition("+")[0].rpartition("/")
            found[leaves[leaf + "/"][int(cell, 16)]].add(page - 1)
    return found


@dataclass(slots=True)
class Outcome:
    """What became of a damaged store, in readings. undamaged, kept: in rows of which no page was hit, and how many of
    them were read back. lost: of all. undeclared: lost without a gap. wrong: read, but never stored so. faults: what
    verify finds."""

    undamaged: int = 0
    kept: int = 0
    lost: int = 0
    undeclared: list[tuple[int, int]] = field(default_factory=list)
    wrong: list[tuple[int, int]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def outcome_of(whole: Whole, folder: Path, damage: Damage, chance: random.Random) -> Outcome:
    """Damage a copy, let a writer go on with it, and compare what is there with what was stored."""
    path, found = copied(whole, folder), Outcome()
    hit = damage(path, chance)
    asyncio.run(go_on(path))
    left: dict[int, set[int]] = {}
    with reading(path) as connection:
        heard_us = known(connection).get("press", FOR_EVER_US)
        declared = gaps.overlapping(connection, 0, FOR_EVER_US)
        for tag_id, true in whole.true.items():
            stored = series(connection, tag_id, BEGIN_US, END_US + DAY_US)
            values = dict(zip(stored.times_us.tolist(), stored.values.tolist(), strict=True))
            found.wrong += [(tag_id, at) for at, value in values.items() if true.get(at) != value]
            left[tag_id] = set(values)
            own = [gap for gap in declared if gap.tag in (None, f"tag{tag_id - 1}")]
            gone = true.keys() - values.keys()
            found.lost += len(gone)
            found.undeclared += [(tag_id, at) for at in gone if at <= heard_us and not _within(own, at)]
        found.faults = [str(one) for one in verified(connection).faults]
    for row in [] if hit is None else [one for one in whole.rows if not one.pages & hit]:
        for tag_id in range(row.first_tag, row.last_tag + 1):
            times = {at for at in whole.true[tag_id] if row.start_us <= at < row.end_us}
            found.undamaged += len(times)
            found.kept += len(times & left[tag_id])
    return found


def _within(own: list[Gap], at_us: int) -> bool:
    return any(gap.start_us <= at_us < (gap.end_us or FOR_EVER_US) for gap in own)
