"""Damaged rows of the store: set aside, told of, and counted; everything else goes on."""

import random
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings, with_tags

from collector.housekeeping import forget_next
from collector.store import damage, forgetting, readings
from collector.store.account import account
from collector.store.chunk_rows import HOUR_S
from collector.store.damage import damaged_since, look_for_damage
from collector.store.devices import add_received
from collector.store.gaps import overlapping
from collector.store.gathering import gather
from collector.store.merging import merge_days
from collector.store.readings import append, delete_before, merge, replace_all, series
from collector.store.sealing import seal
from collector.store.store import reading, transaction, writing
from collector.store.summaries import fill_summaries
from plant.reading import Readings

EVER = -(2**62), 2**62
LATE_US = MONDAY_US + 5 * DAY_US


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant.db"


@pytest.fixture
def store(path: Path) -> Iterator[Connection]:
    with writing(path) as connection:
        yield connection


def _hourly(start_us: int, hours: int = 24) -> Readings:
    return some_readings(range(start_us, start_us + hours * HOUR_US, HOUR_US // 100), range(hours * 100))


def _receive(store: Connection, tag_id: int, found: Readings) -> None:
    append(store, entry_of({tag_id: found}))
    add_received(store, [("press", int(found.received_us[0]), len(found))])


def _spoil(store: Connection, table: str, which: str) -> None:
    (payload,) = store.exec_driver_sql(f"select payload from {table} where {which}").scalars().all()
    flipped = payload[:-1] + bytes([payload[-1] ^ 1])
    store.exec_driver_sql(f"update {table} set payload = ? where {which}", (flipped,))


def _first_of(tag_id: int) -> str:
    return f"key = (select min(key) from chunk where key >= {tag_id << 40})"


def test_a_damaged_hour_keeps_no_other_from_being_merged_and_forgotten(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        for tag_id in (first, second):
            _receive(store, tag_id, _hourly(MONDAY_US))
        seal(store, LATE_US)
        _spoil(store, "chunk", _first_of(first))
        assert merge_days(store, LATE_US) == 2
        assert store.exec_driver_sql("select distinct span_s from chunk").scalars().all() == [86400]
        assert [len(series(store, one, *EVER)) for one in (first, second)] == [2300, 2400]
        (gap,) = overlapping(store, *EVER)
        assert (gap.tag, gap.start_us, gap.end_us) == ("tag0", MONDAY_US, MONDAY_US + HOUR_US)
        assert store.exec_driver_sql("select row_of, readings from damaged").all() == [("chunk", 100)]
        assert store.exec_driver_sql("select count(*) from event where kind = 'damaged'").scalar() == 1
        assert damaged_since(store, 0)[:2] == (1, 100)
        found = account(store)
        assert (found.received, found.chunks, found.damaged, found.missing) == (4800, 4700, 100, 0)
        delete_before(store, LATE_US)
        assert (account(store).forgotten, account(store).missing) == (4700, 0)


def test_late_readings_of_a_damaged_hour_are_sealed_with_all_others(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        _receive(store, first, _hourly(MONDAY_US, 1))
        seal(store, LATE_US)
        _spoil(store, "chunk", _first_of(first))
        _receive(store, first, some_readings([MONDAY_US + 7], [7]))
        _receive(store, second, some_readings([MONDAY_US + 7], [7]))
        assert seal(store, LATE_US).new == 2
        assert [series(store, one, *EVER).values.tolist() for one in (first, second)] == [[7], [7]]
        assert (account(store).damaged, account(store).missing) == (100, 0)


def test_damaged_stamps_are_set_aside_with_every_chunk_that_has_them(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        for tag_id in (first, second):
            _receive(store, tag_id, _hourly(MONDAY_US))
        _receive(store, second, _hourly(MONDAY_US + DAY_US, 1))
        seal(store, LATE_US)
        merge_days(store, LATE_US)
        _spoil(store, "stamp", "id = (select stamp from chunk order by key limit 1)")
        assert merge(store, first, some_readings([MONDAY_US + 7], [7])).new == 1
        assert store.exec_driver_sql("select row_of, readings from damaged order by id").all() == [
            ("stamp", 0),
            ("chunk", 2400),
            ("chunk", 2400),
        ]
        assert [len(series(store, one, *EVER)) for one in (first, second)] == [1, 100]
        assert {gap.tag for gap in overlapping(store, *EVER)} == {"tag0", "tag1"}
        assert account(store).missing == 0


def test_chunks_that_share_damaged_stamps_are_set_aside_some_at_a_time(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "MOST_ASIDE", 2)
    monkeypatch.setattr(damage, "MOST_LOOKED_AT", 1)
    ids = with_tags(store, 5)
    with transaction(store):
        for tag_id in ids:
            _receive(store, tag_id, _hourly(MONDAY_US, 1))
        seal(store, LATE_US)
        _spoil(store, "stamp", "true")
        merge(store, ids[3], some_readings([MONDAY_US + 7], [7]))
        assert damaged_since(store, 0)[0] == 2
        after: int | None = 0
        while after is not None:
            before = damaged_since(store, 0)[0]
            after = look_for_damage(store, after)
            assert damaged_since(store, 0)[0] <= before + 3
        assert store.exec_driver_sql("select row_of from damaged order by id").scalars().all() == [
            *["chunk"] * 4,
            "stamp",
            "chunk",
        ]
        assert store.exec_driver_sql("select count(*) from stamp").scalar() == 0
        assert [len(series(store, one, *EVER)) for one in ids] == [0, 0, 0, 1, 0]
        assert {gap.tag for gap in overlapping(store, *EVER)} == {f"tag{at}" for at in range(5)}
        assert (account(store).damaged, account(store).missing) == (500, 0)


def test_stamps_that_are_damaged_are_put_right_by_readings_that_have_them_again(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        merge(store, first, _hourly(MONDAY_US))
        _spoil(store, "stamp", "true")
        merge(store, second, _hourly(MONDAY_US))
        assert [len(series(store, one, *EVER)) for one in (first, second)] == [2400, 2400]


@pytest.mark.parametrize("table", ["chunk", "journal"])
def test_a_reader_goes_on_without_what_is_damaged_and_has_a_gap_for_it(path: Path, table: str) -> None:
    with writing(path) as store:
        (first, second), day = with_tags(store), MONDAY_US + DAY_US
        with transaction(store):
            for start_us in (MONDAY_US, day):
                append(store, entry_of({first: _hourly(start_us, 1)}))
                if table == "chunk":
                    seal(store, LATE_US)
            append(store, entry_of({second: _hourly(day, 1)}))
            _spoil(store, table, _first_of(first) if table == "chunk" else "id = 1")
    with reading(path) as connection:
        assert [len(series(connection, one, *EVER)) for one in (first, second)] == [100, 100]
        assert [(gap.tag, gap.start_us) for gap in overlapping(connection, *EVER) if gap.tag == "tag0"] == [
            ("tag0", MONDAY_US)
        ]
        assert overlapping(connection, day, day + HOUR_US) == []


def test_what_nobody_reads_is_looked_for(store: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "MOST_LOOKED_AT", 10)
    ids = with_tags(store, 3)
    with transaction(store):
        for tag_id in ids:
            append(store, entry_of({tag_id: _hourly(MONDAY_US + tag_id)}))
        seal(store, LATE_US)
        _spoil(store, "chunk", _first_of(ids[1]))
        _spoil(store, "stamp", "id = (select max(id) from stamp)")
        after: int | None = 0
        while after is not None:
            after = look_for_damage(store, after)
        assert store.exec_driver_sql("select row_of from damaged order by id").scalars().all() == [
            "chunk",
            "stamp",
            "chunk",
        ]


def test_a_damaged_summary_is_made_again(store: Connection) -> None:
    (tag_id,) = with_tags(store, 1)
    with transaction(store):
        chance = random.Random(1)
        values = [chance.random() for _ in range(3600)]
        append(store, entry_of({tag_id: some_readings(range(MONDAY_US, MONDAY_US + HOUR_US, 1_000_000), values)}))
        seal(store, LATE_US)
        whole = store.exec_driver_sql("select payload from summary").scalars().all()
        assert whole[0]
        _spoil(store, "summary", _first_of(tag_id))
        look_for_damage(store, 0)
        assert store.exec_driver_sql("select payload from summary").scalars().all() == whole


def test_a_chunk_that_is_damaged_has_no_summary_but_the_others_have(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        for tag_id in (first, second):
            merge(store, tag_id, _hourly(MONDAY_US))
        store.exec_driver_sql("delete from summary")
        _spoil(store, "chunk", _first_of(first))
        fill_summaries(store)
        assert store.exec_driver_sql("select key >> 40 from summary").scalars().all() == [second]
        assert damaged_since(store, 0)[0] == 1


def test_retention_takes_at_most_so_many_chunks_at_once(store: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "MOST_FORGOTTEN", 10)
    ids = with_tags(store, 3)
    with transaction(store):
        for tag_id in ids:
            append(store, entry_of({tag_id: _hourly(MONDAY_US)}))
        seal(store, LATE_US)
        left, at, steps = [72], 0, []
        while (at := delete_before(store, MONDAY_US + DAY_US, at)) is not None:  # type: ignore[assignment]
            left.append(store.exec_driver_sql("select count(*) from chunk").scalar_one())
            steps.append(at)
        assert left[-1] == 0
        assert max(before - after for before, after in pairwise(left)) == 10
        assert steps == sorted(steps)
        assert account(store).forgotten == 7200


def test_what_stood_beside_forgotten_readings_goes_bit_by_bit_and_the_account_stays(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "MOST_TALLIES", 2)
    monkeypatch.setattr(forgetting, "MOST_PAYLOADS", 1)
    (tag_id,) = with_tags(store, 1)
    days = [MONDAY_US + at * DAY_US for at in range(4)]
    with transaction(store):
        for at_us in days:
            _receive(store, tag_id, some_readings([at_us, at_us + 1], [1, 2]))
        seal(store, LATE_US)
        merge_days(store, LATE_US)
        for at_us in days:
            replace_all(store, {tag_id: some_readings([at_us], [7])})
        store.exec_driver_sql(
            "insert into damaged select 1, 5, 'chunk', 1, 0, 'x', null union all select 2, ?, 'x', 1, 0, 'x', null",
            (LATE_US,),
        )
        left = []
        for _ in range(3):
            forget_next(store, days[3], 0, 0)
            left.append(
                [
                    store.exec_driver_sql(f"select count(*) from {one}").scalar()
                    for one in ("tally", "replaced", "damaged")
                ]
            )
            assert account(store).missing == 0
        assert left == [[2, 3, 1], [1, 2, 1], [1, 1, 1]]
        assert forget_next(store, LATE_US, None, 0) is None
        assert account(store).received == 2


def test_every_reading_is_accounted_for(store: Connection) -> None:
    (tag_id,) = with_tags(store, 1)
    with transaction(store):
        _receive(store, tag_id, _hourly(MONDAY_US))
        _receive(store, tag_id, _hourly(MONDAY_US, 2))  # again
        seal(store, LATE_US)
        _receive(store, tag_id, _hourly(MONDAY_US, 1))  # and again
        gather(store)
        assert account(store).missing == 0
        seal(store, LATE_US)
        merge_days(store, LATE_US)
        merge(store, tag_id, _hourly(MONDAY_US + 1, 1))
        merge(store, tag_id, _hourly(MONDAY_US + 1, 2))
        other = some_readings([MONDAY_US, MONDAY_US + 1], [99, 0])
        replace_all(store, {tag_id: other})
        replace_all(store, {tag_id: other})
        found = account(store)
    assert (found.received, found.imported, found.journal) == (2700, 304, 0)
    assert (found.chunks, found.repeated, found.replaced, found.missing) == (2600, 403, 1, 0)


def test_an_hour_is_sealed_where_its_neighbour_is_damaged(store: Connection) -> None:
    (tag_id,) = with_tags(store, 1)
    with transaction(store):
        merge(store, tag_id, _hourly(MONDAY_US, 2), HOUR_S)
        _spoil(store, "chunk", _first_of(tag_id))
        merge(store, tag_id, _hourly(MONDAY_US + 1, 2), HOUR_S)
        assert len(series(store, tag_id, *EVER)) == 300


@pytest.mark.parametrize("spoilt", ["readings = -5", "readings = 1 << 62", "payload = 'no blob, but a text'"])
def test_a_row_that_is_spoilt_in_what_sqlite_says_of_it_holds_nothing_up(store: Connection, spoilt: str) -> None:
    first, second = with_tags(store)
    with transaction(store):
        for tag_id in (first, second):
            _receive(store, tag_id, _hourly(MONDAY_US, 1))
        seal(store, LATE_US)
        store.exec_driver_sql(f"update chunk set {spoilt} where {_first_of(first)}")
        assert len(series(store, first, *EVER)) == 0
        look_for_damage(store, 0)
        assert merge_days(store, LATE_US) > 0
        assert len(series(store, second, *EVER)) == 100
        assert damaged_since(store, 0)[0] == 1


def test_a_journal_row_that_is_no_blob_is_set_aside(store: Connection) -> None:
    (tag_id,) = with_tags(store, 1)
    with transaction(store):
        for at_us in (MONDAY_US, MONDAY_US + 1):
            append(store, entry_of({tag_id: some_readings([at_us], [1])}))
        store.exec_driver_sql("update journal set payload = 'no blob, but a text' where id = 1")
        gather(store)
        assert series(store, tag_id, *EVER).times_us.tolist() == [MONDAY_US + 1]
        assert damaged_since(store, 0)[0] == 1


def test_a_gap_in_place_of_what_is_damaged_never_reaches_beyond_now(store: Connection) -> None:
    (tag_id,) = with_tags(store, 1)
    now_us = time.time_ns() // 1000
    with transaction(store):
        _receive(store, tag_id, some_readings([now_us], [1]))
        seal(store, now_us + 1)
        _spoil(store, "chunk", _first_of(tag_id))
        look_for_damage(store, 0)
        (gap,) = overlapping(store, *EVER)
        assert gap.end_us is not None
        assert now_us <= gap.end_us <= time.time_ns() // 1000
