"""Does verify find what is wrong with a store, and nothing in one that is whole?"""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stored import DAY_US, HOUR_US, MONDAY_US, arrive, entry_of, some_readings

from collector.store import reports
from collector.store.backup import verified_file
from collector.store.chunk import decode, encode
from collector.store.chunk_rows import chunk_key
from collector.store.gathering import gather_all
from collector.store.journal import pack
from collector.store.merging import merge_days
from collector.store.readings import merge
from collector.store.sealing import seal
from collector.store.store import StoreError, transaction, writing
from collector.store.summary import summary
from collector.store.tags import register, text_ids
from plant.tag import Kind, Role, Tag
from tests.store.sent_reports import save_chain

TAGS = [
    ("press", Tag("good", "press1", Role.GOOD_COUNT, "1")),
    ("press", Tag("state", "press1", Role.STATE, "1")),
    ("press", Tag("job", "press1", Role.ORDER_ID, "1")),
]
Spoil = Callable[[sqlite3.Connection], object]


def make_full_store(path: Path) -> None:
    """A store with rows of every kind: hours, days, gathered and fresh rows, texts, replaced readings, reports."""
    times = range(MONDAY_US, MONDAY_US + DAY_US + 3 * HOUR_US, 60_000_000)
    with writing(path) as connection, transaction(connection):
        good, state, job = (stored.id for stored in register(connection, TAGS).values())
        text = text_ids(connection, ["A-1"])["A-1"]
        parts = {
            good: some_readings(times, [at // 3 for at in range(len(times))]),
            state: some_readings(times, [at % 2 for at in range(len(times))]),
            job: some_readings(times, [text] * len(times)),
        }
        arrive(connection, parts)
        seal(connection, MONDAY_US + DAY_US + 2 * HOUR_US)
        merge_days(connection, MONDAY_US + DAY_US)
        merge(connection, good, some_readings([MONDAY_US], [7.0]), replace=True)
        arrive(connection, {good: some_readings([MONDAY_US + 2 * DAY_US], [9000.0])})
        gather_all(connection)
        arrive(connection, {good: some_readings([MONDAY_US + 2 * DAY_US + 1], [9001.0])})
        save_chain(connection, 4, epoch=1)
        reports.begin_epoch(connection, 7, 1, "test")
        save_chain(connection, 2, epoch=7)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "plant.db"
    make_full_store(path)
    return path


def spoilt(whole: Path, folder: Path, spoil: Spoil) -> Path:
    """A copy of a store with something wrong."""
    path = folder / "spoilt.db"
    path.write_bytes(whole.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        spoil(connection)
    return path


def test_a_whole_store_has_no_fault_and_everything_is_looked_at(whole: Path) -> None:
    found = verified_file(whole)
    assert (found.faults, found.fault_count) == ([], 0)
    counted = found.counted
    assert counted["chunks"] == 3 + 3 * 2 + 1  # an import with replace seals all of its tag
    minutes = 27 * 60
    assert counted["readings in chunks"] + counted["readings in the journal"] == 3 * minutes + 2
    assert (counted["stamps"], counted["readings replaced"], counted["reports"]) == (1, 1, 6)


def sql(statement: str, *values: object) -> Spoil:
    return lambda connection: connection.execute(statement, values)


def flip(table: str, column: str = "payload", at: int = 20) -> Spoil:
    """One bit of the first blob of a table."""

    def spoil(connection: sqlite3.Connection) -> None:
        rowid, blob = connection.execute(
            f"select rowid, {column} from {table} where length({column}) > ?", (at,)
        ).fetchone()
        changed = bytes(byte ^ (4 if place == at else 0) for place, byte in enumerate(blob))
        connection.execute(f"update {table} set {column} = ? where rowid = ?", (changed, rowid))

    return spoil


def chunk_of(times: list[int], values: list[float]) -> bytes:
    return encode(some_readings(times, values))


def restated(tag_id: int, kind: Kind) -> Spoil:
    """A summary with its checksum, of as many readings with other values."""

    def spoil(connection: sqlite3.Connection) -> None:
        query = "select key, payload from chunk where stamp is null and key >> 40 = ? limit 1"
        key, blob = connection.execute(query, (tag_id,)).fetchone()
        readings = decode(blob)
        other = summary(replace(readings, values=readings.values + 1), kind)
        connection.execute("update summary set payload = ? where key = ?", (other, key))

    return spoil


LATE = MONDAY_US + 5 * DAY_US
NEW_CHUNK = "insert into chunk (key, span_s, readings, payload) values (?, ?, ?, ?)"
LATE_S = LATE // 1_000_000
UNKNOWN_TAG = pack(entry_of({99: some_readings([LATE], [1.0])}))
FAULTS: list[tuple[Spoil, str]] = [
    (flip("journal"), r"journal \d+: cannot be read: checksum"),
    (flip("chunk"), r"chunk \d+: cannot be read: checksum"),
    (flip("stamp"), r"chunk \d+: cannot be read: checksum"),
    (flip("stamp", "digest", 3), "is not what its digest says"),
    (flip("summary"), r"summary \d+: cannot be read: checksum"),
    (flip("replaced"), r"replaced 1: cannot be read: checksum"),
    (flip("report", "event"), r"report 1/1: is not what its hash says"),
    (sql("update journal set readings = readings + 1 where id = (select max(id) from journal)"), "other readings"),
    (sql("update journal set min_us = min_us + 1 where first_tag is null"), "other readings"),
    (sql("update journal set first_tag = 5, last_tag = 9 where first_tag is not null"), "tags outside its bounds"),
    (sql("insert into journal (min_us, max_us, readings, payload) values (?, ?, 1, ?)", LATE, LATE, UNKNOWN_TAG),
     "has tags that there are not: 99"),
    (sql("update chunk set readings = readings + 1 where span_s = 3600"), "length does not match"),
    (sql("update chunk set span_s = 7200 where key = (select max(key) from chunk)"), "neither an hour nor a day"),
    (sql("update chunk set key = key + 7200 where key = (select max(key) from chunk)"), "outside its time"),
    (sql("update chunk set key = key + (4 << 40) where key = (select max(key) from chunk)"), "that there is not: 7"),
    (sql(NEW_CHUNK, chunk_key(1, MONDAY_US // 1_000_000 + 3600), 3600, 1, chunk_of([MONDAY_US + HOUR_US], [1.0])),
     "lies within the one before"),
    (sql(NEW_CHUNK, chunk_key(1, LATE_S), 3600, 2, chunk_of([LATE + 5, LATE], [1.0, 2.0])), "not in order of time"),
    (sql(NEW_CHUNK, chunk_key(1, LATE_S), 3600, 2, chunk_of([LATE, LATE], [1.0, 1.0])), "the same reading twice"),
    (sql(NEW_CHUNK, chunk_key(1, LATE_S), 3600, 1, chunk_of([LATE], [1.0])), "newer than `latest` says"),
    (sql("delete from latest where tag_id = 2"), "newer than `latest` says"),
    (sql("update summary set key = key + 1 where key = (select max(key) from summary)"), "has no chunk"),
    (sql("update summary set payload = (select payload from summary where key = (select max(key) from summary"
         " where length(payload) > 0 and key < (select min(key) from chunk where key >> 40 = 2)))"
         " where key = (select min(key) from summary)"), "sums up other readings"),
    (restated(1, Kind.COUNTER), "sums up other readings"),
    (restated(2, Kind.STATE), "sums up other readings"),
    (sql("update latest set value = value + 1 where tag_id = 2"), "latest 2: is of a reading that is not stored"),
    (sql("update latest set status = 0x40000000 where tag_id = 1"), "latest 1: is of a reading that is not stored"),
    (sql("delete from epoch where number = 7"), "report 7/1: is of an epoch that never began"),
    (sql("update chunk set stamp = null"), "has no chunk"),
    (sql("delete from stamp"), "refers to a row of stamp that is not there"),
    (sql("delete from text"), "has texts that there are not: 1"),
    (sql("delete from tag where id = 1"), "refers to a row of tag that is not there"),
    (sql("update replaced set min_us = min_us - 1"), "other readings"),
    (sql("update replaced set tag_id = 9"), "tag that there is not"),
    (sql("delete from report where sequence = 2 and epoch = 1"), r"report 1/3: is not the one after 1"),
    (sql("update report set sequence = sequence + 1 where epoch = 7 and sequence = 2"), "is not the one after 1"),
    (sql("update report set state = 'lost' where sequence = 2"), "a state that there is not"),
    (sql("update report set event = (select event from report where epoch = 7 and sequence = 2) where epoch = 1"
         " and sequence = 3"), "does not name the hash"),
    (sql("delete from journal where first_tag is null"), "account: 1 readings came in and are nowhere"),
    (sql("delete from total where what = 'replaced'"), "account: 1 readings came in and are nowhere"),
    (sql("update tally set received = received - 1 where quarter_us = (select min(quarter_us) from tally)"),
     "account: 1 readings are there that never came in"),
    (sql("drop table correction"), "correction: the table is not there"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "said"), FAULTS, ids=[said for _, said in FAULTS])
def test_a_fault_is_found_by_place(whole: Path, tmp_path: Path, spoil: Spoil, said: str) -> None:
    found = verified_file(spoilt(whole, tmp_path, spoil))
    lines = [f"{where}: {what}" for where, what in found.faults]
    assert any(re.search(said, line) for line in lines), lines
    assert found.fault_count == len(lines)


@pytest.mark.parametrize("value", ["'x'", "9e99"])
def test_whatever_is_in_a_row_verify_comes_to_its_end(whole: Path, tmp_path: Path, value: str) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        columns = [
            (table, column)
            for table in ("journal", "chunk", "stamp", "summary", "latest", "replaced", "report", "total", "tally")
            for _, column, *_ in connection.execute(f"pragma table_info({table})")
        ]
    for table, column in columns:
        one = f"update or ignore {table} set {column} = {value} where rowid = (select min(rowid) from {table})"
        with suppress(sqlite3.IntegrityError):  # of a key, which SQLite itself looks after
            verified_file(spoilt(whole, tmp_path, sql(one)))


def test_damaged_pages_are_faults_and_the_rest_is_looked_at(whole: Path, tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    data, size = spoilt(whole, tmp_path, lambda connection: connection.execute("vacuum")).read_bytes(), 4096
    for page in range(1, len(data) // size, 3):
        path = tmp_path / "damaged.db"
        path.write_bytes(data[: page * size] + chance.bytes(size) + data[(page + 1) * size :])
        assert verified_file(path).fault_count, page
    path.write_bytes(chance.bytes(100) + data[100:])
    assert verified_file(path).faults[0].what.startswith("cannot be opened")
    path.write_bytes(data[: len(data) // 2 // size * size])
    assert verified_file(path).fault_count


def test_what_is_no_store_of_this_version_is_refused(whole: Path, tmp_path: Path) -> None:
    newer = spoilt(whole, tmp_path, sql("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreError, match="newer"):
        verified_file(newer)


def test_reports_of_the_newest_epoch_begin_anew(whole: Path, tmp_path: Path) -> None:
    path = spoilt(whole, tmp_path, sql("select 1"))
    with writing(path) as connection, transaction(connection):
        assert reports.last(connection)[:2] == (7, 2)
        reports.begin_epoch(connection, 9, 1, "test")
        assert reports.last(connection) == (9, 0, "")
        assert reports.resend(connection, 1, 2) == 2
