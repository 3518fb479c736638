from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, make_store, rows, some_readings, with_tags

from collector.store import gathering, journal_rows, recent, sealing
from collector.store.chunk_rows import DAY_S
from collector.store.gaps import overlapping
from collector.store.gathering import GATHERED_READINGS, gather
from collector.store.journal import unpack
from collector.store.latest import first_and_last, latest
from collector.store.merging import Written, merge_days
from collector.store.readings import append, days_before, merge, replace_all, series, series_by_day
from collector.store.sealing import seal
from collector.store.store import reading, transaction, writing
from collector.store.tags import stored_tags
from plant.reading import Readings, distinct, joined
from plant.status_code import BAD, UNCERTAIN

EVER = (-(2**60), 2**60)


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    with writing(tmp_path_factory.mktemp("store") / "plant.db") as opened:
        yield opened


@pytest.fixture
def store(connection: Connection) -> Connection:
    empty(connection)
    return connection


def empty(connection: Connection) -> None:
    connection.rollback()
    with transaction(connection):
        for table in ("latest", "journal", "chunk", "tag"):
            connection.exec_driver_sql(f"delete from {table}")


times = st.one_of(
    st.integers(0, 3 * DAY_US // HOUR_US).map(lambda hours: MONDAY_US + hours * HOUR_US),
    st.integers(MONDAY_US, MONDAY_US + 3 * DAY_US),
    st.sampled_from((0, 1, MONDAY_US - 1, MONDAY_US, MONDAY_US + 1, -1, -HOUR_US, -11_644_473_600_000_000)),
)
single = st.tuples(times, st.integers(0, 3).map(float), st.sampled_from((0, 0, 0, UNCERTAIN, BAD)))
batches = st.lists(single, max_size=8).map(
    lambda drawn: some_readings([t for t, _, _ in drawn], [v for _, v, _ in drawn], [s for _, _, s in drawn])
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), batches, batches),
        st.tuples(st.just("append"), batches, batches),
        st.tuples(st.just("seal"), times),
        st.tuples(st.just("merge_days"), times),
        st.tuples(st.just("gather")),
        st.tuples(st.just("seal_next"), times, st.integers(0, 3)),
        st.tuples(st.just("import"), batches),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps, times, times)
def test_whatever_is_sealed_and_merged_when_a_series_is_all_that_was_put_in_once_and_in_order_of_arrival(
    connection: Connection, plan: list[tuple[str, ...]], start_us: int, end_us: int
) -> None:
    empty(connection)
    first, second = with_tags(connection)
    put_in: dict[int, list[Readings]] = {first: [], second: []}
    for name, *arguments in plan:
        with transaction(connection):
            if name == "append":
                parts = dict(zip((first, second), arguments, strict=True))
                append(connection, entry_of(parts))
                for tag_id, part in parts.items():
                    put_in[tag_id].append(part)
            elif name == "import":
                # an import comes after all that is in the journal, so what it finds there is sealed first
                seal(connection, EVER[1])
                merge(connection, first, arguments[0])
                put_in[first].append(arguments[0])
            else:
                work = {"seal": seal, "merge_days": merge_days, "gather": gather, "seal_next": sealing.seal_next}
                work[name](connection, *arguments)
    start_us, end_us = sorted((start_us, end_us))
    for tag_id, parts in put_in.items():
        expected = distinct(joined(parts))
        assert rows(series(connection, tag_id, *EVER)) == rows(expected)
        assert rows(series(connection, tag_id, start_us, end_us)) == rows(expected.within(start_us, end_us))
        by_day = list(series_by_day(connection, tag_id, start_us, end_us))
        assert rows(joined(by_day)) == rows(expected.within(start_us, end_us))
        backwards = list(days_before(connection, tag_id, end_us))
        assert rows(joined(backwards[::-1])) == rows(expected.within(EVER[0], end_us))
        assert all(len(day) and day.times_us[-1] - day.times_us[0] < DAY_US for day in backwards)
        known = next(stored for stored in stored_tags(connection).values() if stored.id == tag_id)
        if len(expected):
            assert (known.first_us, known.known_until_us) == (expected.times_us[0], expected.times_us[-1])
            assert latest(connection)[tag_id].time_us == expected.times_us[-1]
        else:
            assert (known.first_us, known.known_until_us) == (None, None)
            assert tag_id not in latest(connection)
    connection.rollback()


def _append(store: Connection, tag_id: int, times_us: list[int], values: list[float]) -> None:
    with transaction(store):
        append(store, entry_of({tag_id: some_readings(times_us, values)}))


def test_sealing_moves_everything_before_the_instant_out_of_the_journal(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US, MONDAY_US + HOUR_US, MONDAY_US + 2 * HOUR_US], [1, 2, 3])
    with transaction(store):
        assert seal(store, MONDAY_US + 2 * HOUR_US) == Written(2, 0)
        assert seal(store, MONDAY_US + 2 * HOUR_US) == Written(0, 0)
        assert store.exec_driver_sql("select sum(readings), min(min_us) from journal").one() == (
            1,
            MONDAY_US + 2 * HOUR_US,
        )
        assert store.exec_driver_sql("select readings from chunk order by key").scalars().all() == [1, 1]


def test_small_rows_of_the_journal_are_put_together_and_large_ones_left_alone(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    large = [MONDAY_US + at for at in range(GATHERED_READINGS)]
    for times in ([MONDAY_US], [MONDAY_US + 1, MONDAY_US - 1], large):
        _append(store, tag_id, times, [0.0] * len(times))
    with transaction(store):
        assert (gather(store), gather(store)) == (3, 0)
    for at in (5, 3):
        _append(store, tag_id, [MONDAY_US + at], [0.0])
        with transaction(store):
            assert gather(store) == 1
    rows = store.exec_driver_sql("select readings, min_us, max_us from journal order by id").all()
    assert rows == [
        (GATHERED_READINGS + 3, MONDAY_US - 1, large[-1]),  # of one tag, so that it is not parted
        (2, MONDAY_US + 3, MONDAY_US + 5),
    ]
    store.rollback()


def _many(store: Connection, tags: int, times_us: list[int]) -> list[int]:
    """Readings of many tags in the journal, a commit each time; the ids of the tags."""
    ids = with_tags(store, tags)
    for at, time_us in enumerate(times_us):
        with transaction(store):
            append(store, entry_of({tag_id: some_readings([time_us], [at]) for tag_id in ids}))
    return ids


def test_gathered_rows_are_of_few_tags_and_say_which(store: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "GATHERED_READINGS", 20)
    ids = _many(store, 50, [MONDAY_US, MONDAY_US + 1])
    with transaction(store):
        assert gather(store) == 2
        rows = store.exec_driver_sql("select first_tag, last_tag, payload from journal").all()
        assert len(rows) > 4
        for row in rows:
            found = unpack(row.payload)
            assert len(found) <= 20
            assert row.first_tag <= found.tag_ids.min() <= found.tag_ids.max() <= row.last_tag
        assert all(series(store, tag_id, *EVER).values.tolist() == [0, 1] for tag_id in ids)


def test_after_each_share_that_is_sealed_every_reading_is_in_the_journal_or_in_a_chunk(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHERED_READINGS", 20)
    monkeypatch.setattr(sealing, "MOST_READINGS", 30)
    times = [MONDAY_US + at * HOUR_US // 3 for at in range(5)]
    ids = _many(store, 50, times)
    with transaction(store):
        gather(store)
    _append(store, ids[7], [MONDAY_US + 5], [9])
    with transaction(store):
        gather(store)
    next_tag, steps = 0, 0
    while next_tag is not None:
        with transaction(store):
            next_tag = sealing.seal_next(store, MONDAY_US + HOUR_US, next_tag).next_tag
            journal, chunks = (
                store.exec_driver_sql(f"select coalesce(sum(readings), 0) from {table}").scalar_one()
                for table in ("journal", "chunk")
            )
            assert journal + chunks == 251
            assert all(len(series(store, tag_id, *EVER)) == 5 + (tag_id == ids[7]) for tag_id in ids)
        steps += 1
    assert steps > 4
    assert store.exec_driver_sql("select min(min_us), sum(readings) from journal").one() == (times[3], 100)
    store.rollback()


def test_no_more_tags_are_sealed_at_once_than_a_transaction_should_last(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_TAGS", 16)
    ids = _many(store, 50, [MONDAY_US])
    with transaction(store):
        gather(store)
        sealed = sealing.seal_next(store, MONDAY_US + HOUR_US, 0)
        assert 0 < sealed.written.new <= 16
        assert all(len(series(store, tag_id, *EVER)) == 1 for tag_id in ids)


def test_replacing_readings_of_a_tag_leaves_the_others_in_the_journal(store: Connection) -> None:
    first, second = _many(store, 2, [MONDAY_US])
    with transaction(store):
        merge(store, first, some_readings([MONDAY_US], [7]), replace=True)
        assert store.exec_driver_sql("select sum(readings) from journal").scalar() == 1
        assert [series(store, one, *EVER).values.tolist() for one in (first, second)] == [[7], [0]]


def test_readings_of_many_tags_are_replaced_in_one_pass_over_the_journal_and_those_of_others_left_alone(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHERED_READINGS", 20)
    monkeypatch.setattr(sealing, "MOST_READINGS", 100)
    ids = _many(store, 50, [MONDAY_US, MONDAY_US + 1])
    with transaction(store):
        gather(store)
    unpacked: list[int] = []
    whole = sealing.entry_of_row
    monkeypatch.setattr(sealing, "entry_of_row", lambda connection, row: unpacked.append(row) or whole(connection, row))
    wanted = ids[10:40:2]
    with transaction(store):
        before = dict(store.exec_driver_sql("select id, payload from journal where last_tag < ?", (ids[10],)).all())
        replace_all(store, {tag_id: some_readings([MONDAY_US], [7]) for tag_id in wanted})
        assert max(unpacked.count(row) for row in unpacked) <= 2
        values = {tag_id: series(store, tag_id, *EVER).values.tolist() for tag_id in ids}
        assert values == {tag_id: [7, 1] if tag_id in wanted else [0, 1] for tag_id in ids}
        assert store.exec_driver_sql("select sum(readings) from journal").scalar() == 2 * 35
        assert before
        assert before.items() <= dict(store.exec_driver_sql("select id, payload from journal").all()).items()


def test_a_reader_of_a_long_journal_unpacks_the_rows_of_a_tag_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHERED_READINGS", 20)
    path = tmp_path / "plant.db"
    with writing(path) as connection:
        ids = _many(connection, 50, [MONDAY_US, MONDAY_US + 1])
        with transaction(connection):
            gather(connection)
            append(connection, entry_of({ids[3]: some_readings([MONDAY_US + 2], [2])}))
            connection.exec_driver_sql("update journal set payload = zeroblob(40) where first_tag > ?", (ids[30],))
    monkeypatch.setattr(recent, "MOST_UNPACKED", 50)
    with reading(path) as connection:
        assert [series(connection, one, *EVER).values.tolist() for one in ids[2:5]] == [[0, 1], [0, 1, 2], [0, 1]]
    monkeypatch.setattr(recent, "MOST_UNPACKED", 1000)
    with reading(path) as connection:
        assert len(series(connection, ids[2], *EVER)) == 2
        assert overlapping(connection, *EVER)  # it unpacked the rows of others, which are damaged


def test_an_import_is_the_latest_reading_though_older_ones_of_its_time_are_gathered_after_it(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US], [1])
    times = np.array([MONDAY_US], dtype=np.int64)
    imported = Readings(times, np.array([2.0]), np.zeros(1, np.uint32), times + 10, np.zeros(1, dtype=np.int64))
    with transaction(store):
        merge(store, tag_id, imported)
        assert latest(store)[tag_id].value == 2
        gather(store)
        assert latest(store)[tag_id].value == 2


def _damage(store: Connection, which: str) -> None:
    with transaction(store):
        (row,) = store.exec_driver_sql(f"select id, payload from journal where {which}").all()
        flipped = row.payload[:-1] + bytes([row.payload[-1] ^ 1])
        store.exec_driver_sql("update journal set payload = ? where id = ?", (flipped, row.id))


def test_a_damaged_row_is_set_aside_and_stepped_over_by_readers_until_then(
    store: Connection, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal_rows._say_damaged.cache_clear()
    monkeypatch.setattr(gathering, "AT_ONCE", 1)
    tag_id, _ = with_tags(store)
    for at in range(4):
        _append(store, tag_id, [MONDAY_US + at], [at])
    _damage(store, f"min_us = {MONDAY_US + 1}")
    _damage(store, f"min_us = {MONDAY_US + 2}")
    assert (stored_tags(store)["tag0"].first_us, stored_tags(store)["tag0"].last_us) == (MONDAY_US, MONDAY_US + 3)
    assert latest(store)[tag_id].value == 3
    store.rollback()
    with transaction(store):
        assert [gather(store), gather(store), gather(store)] == [1, 1, 0]
        assert latest(store)[tag_id].value == 3
        assert seal(store, MONDAY_US + HOUR_US) == Written(2, 0)
        assert store.exec_driver_sql("select count(*) from journal").scalar() == 0
        assert len(series(store, tag_id, *EVER)) == 2
        assert [gap.start_us for gap in overlapping(store, *EVER) if gap.tag == "tag0"] == [
            MONDAY_US + 1,
            MONDAY_US + 2,
        ]
    assert [record.message.split(" of ")[1] for record in caplog.records] == [
        "the journal cannot be read: checksum does not match",
        "the journal cannot be read: checksum does not match",
        "the journal is damaged and was set aside: checksum does not match",
        "the journal is damaged and was set aside: checksum does not match",
    ]


def test_a_damaged_row_that_was_gathered_keeps_no_other_from_being_gathered_and_sealed(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "GATHERED_READINGS", 4)
    ids = _many(store, 8, [MONDAY_US, MONDAY_US + 1])
    with transaction(store):
        gather(store)
    _damage(store, f"first_tag <= {ids[2]} and last_tag >= {ids[2]}")
    _damage(store, "id = (select max(id) from journal)")
    with transaction(store):
        append(store, entry_of({ids[-1]: some_readings([MONDAY_US + 2], [2])}))
        damaged = store.exec_driver_sql("select sum(readings) from journal where first_tag is not null").scalar_one()
        sealed = seal(store, MONDAY_US + HOUR_US).new
        left = store.exec_driver_sql("select count(*), sum(readings) from journal").one()
        aside = store.exec_driver_sql("select count(*), sum(readings) from damaged where readings > 1").one()
        assert (left[0], aside[0], sealed + aside[1]) == (0, 2, damaged + 1)
        assert len(series(store, ids[-1], MONDAY_US + 2, MONDAY_US + 3)) == 1


def _received(time_us: int, value: float, received_us: int) -> Readings:
    found = some_readings([time_us], [value])
    return Readings(found.times_us, found.values, found.status, np.array([received_us]), found.source_offset_us)


def test_the_last_to_arrive_is_the_latest_though_the_clock_was_set_back_meanwhile(store: Connection) -> None:
    replaced, appended = with_tags(store)
    with transaction(store):
        append(store, entry_of({tag: _received(MONDAY_US, 5, MONDAY_US + 20) for tag in (replaced, appended)}))
    with transaction(store):
        merge(store, replaced, _received(MONDAY_US, 7, MONDAY_US + 10), replace=True)
        append(store, entry_of({appended: _received(MONDAY_US, 8, MONDAY_US + 10)}))
        assert [latest(store)[tag].value for tag in (replaced, appended)] == [7, 8]
        gather(store)
        assert [latest(store)[tag].value for tag in (replaced, appended)] == [7, 8]


def test_a_reader_does_not_unpack_the_journal_for_a_time_before_it(tmp_path: Path) -> None:
    path = tmp_path / "plant.db"
    tag_id = make_store(path, [MONDAY_US])
    with writing(path) as connection, transaction(connection):
        connection.exec_driver_sql("update journal set payload = zeroblob(40)")
    with reading(path) as connection:
        assert len(series(connection, tag_id, MONDAY_US - HOUR_US, MONDAY_US)) == 0
        assert not overlapping(connection, *EVER)
        assert len(series(connection, tag_id, MONDAY_US - HOUR_US, MONDAY_US + 1)) == 0
        assert overlapping(connection, *EVER)


def test_a_reading_of_the_far_future_does_not_keep_others_in_the_journal(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US, MONDAY_US + 10_000 * DAY_US], [1, 2])
    with transaction(store):
        seal(store, MONDAY_US + HOUR_US)
        assert store.exec_driver_sql("select sum(readings) from journal").scalar() == 1
        assert len(series(store, tag_id, *EVER)) == 2


def test_another_value_at_a_sealed_time_stays_behind_the_first(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US, MONDAY_US + HOUR_US], [1, 1])
    _append(store, tag_id, [MONDAY_US], [2])
    with transaction(store):
        seal(store, MONDAY_US + 1)
        assert series(store, tag_id, MONDAY_US, MONDAY_US + 1).values.tolist() == [1, 2]


def test_a_late_reading_is_sealed_into_a_day_that_is_merged_already(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US, MONDAY_US + 5 * HOUR_US], [1, 2])
    with transaction(store):
        seal(store, MONDAY_US + DAY_US)
        assert merge_days(store, MONDAY_US + DAY_US) == 1
    _append(store, tag_id, [MONDAY_US + HOUR_US, MONDAY_US], [9, 1])
    with transaction(store):
        assert seal(store, MONDAY_US + DAY_US) == Written(1, 1)
        assert store.exec_driver_sql("select span_s, readings from chunk").all() == [(DAY_S, 3)]
        assert merge_days(store, MONDAY_US + DAY_US) == 0


def test_an_hour_of_a_day_that_is_merged_gets_no_chunk_of_its_own(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    with transaction(store):
        merge(store, tag_id, some_readings([MONDAY_US], [1]))
    _append(store, tag_id, [MONDAY_US + HOUR_US], [2])
    with transaction(store):
        assert seal(store, MONDAY_US + DAY_US) == Written(1, 0)
        assert store.exec_driver_sql("select span_s, readings from chunk").all() == [(DAY_S, 2)]


def test_a_reading_that_came_twice_is_sealed_once(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    for _ in range(2):
        _append(store, tag_id, [MONDAY_US, MONDAY_US + 1], [1, 2])
    with transaction(store):
        assert seal(store, MONDAY_US + DAY_US) == Written(2, 2)
        assert store.exec_driver_sql("select readings from chunk").scalars().all() == [2]


def test_readings_of_one_time_keep_their_order_though_only_the_first_were_gathered(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "AT_ONCE", 1)
    tag_id, _ = with_tags(store)
    for value in (1, 2):
        _append(store, tag_id, [MONDAY_US], [value])
    with transaction(store):
        assert gather(store) == 1
        assert series(store, tag_id, *EVER).values.tolist() == [1, 2]


def test_a_day_that_has_not_ended_is_not_merged(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US], [1])
    with transaction(store):
        seal(store, MONDAY_US + DAY_US)
        assert merge_days(store, MONDAY_US + DAY_US - 1) == 0
        assert merge_days(store, MONDAY_US + DAY_US) == 1


def test_merging_twice_counts_the_repeats_as_unchanged_and_rewrites_nothing(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    found = some_readings([MONDAY_US, MONDAY_US + DAY_US], [1, 2])
    with transaction(store):
        assert merge(store, tag_id, found) == Written(2, 0)
        before = store.exec_driver_sql("select * from chunk order by key").all()
        assert merge(store, tag_id, found) == Written(0, 2)
        assert store.exec_driver_sql("select * from chunk order by key").all() == before


def test_replacing_takes_out_what_stood_at_the_same_times_alone(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    with transaction(store):
        merge(store, tag_id, some_readings([MONDAY_US, MONDAY_US, MONDAY_US + 1], [1, 2, 3]))
        merge(store, tag_id, some_readings([MONDAY_US], [7]), replace=True)
        assert rows(series(store, tag_id, *EVER)) == [(MONDAY_US, 7, 0), (MONDAY_US + 1, 3, 0)]


def test_replacing_reaches_readings_that_are_still_in_the_journal(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    _append(store, tag_id, [MONDAY_US], [1])
    with transaction(store):
        merge(store, tag_id, some_readings([MONDAY_US], [7]), replace=True)
        assert rows(series(store, tag_id, *EVER)) == [(MONDAY_US, 7, 0)]
        seal(store, MONDAY_US + DAY_US)
        assert rows(series(store, tag_id, *EVER)) == [(MONDAY_US, 7, 0)]


def test_the_latest_reading_is_by_time_not_by_arrival_and_sealing_leaves_it(store: Connection) -> None:
    tag_id, other = with_tags(store)
    _append(store, tag_id, [MONDAY_US + 5], [5])
    _append(store, tag_id, [MONDAY_US + 3], [3])
    assert (latest(store)[tag_id].time_us, latest(store)[tag_id].value) == (MONDAY_US + 5, 5.0)
    store.rollback()
    with transaction(store):
        correction = {tag_id: some_readings([MONDAY_US + 5], [6]), other: some_readings([MONDAY_US + HOUR_US], [1])}
        append(store, entry_of(correction))
        seal(store, MONDAY_US + 10)
        assert (latest(store)[tag_id].time_us, latest(store)[tag_id].value) == (MONDAY_US + 5, 6.0)


def test_the_latest_of_many_commits_is_worked_out_without_holding_them_all(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag_id, other = with_tags(store)
    monkeypatch.setattr(journal_rows, "AT_ONCE", 4)
    for at in range(10):
        _append(store, tag_id, [MONDAY_US + 9 - at, MONDAY_US + 100], [at, at])
        _append(store, other, [MONDAY_US + at], [at])
    parts = list(journal_rows.fresh_readings(store))
    assert sum(len(part) for part in parts) == 30
    assert max(len(part) for part in parts) <= 5
    assert [(found.time_us, found.value) for found in latest(store).values()] == [
        (MONDAY_US + 100, 9.0),
        (MONDAY_US + 9, 9.0),
    ]
    assert first_and_last(store) == {tag_id: (MONDAY_US, MONDAY_US + 100), other: (MONDAY_US, MONDAY_US + 9)}
    store.rollback()


def test_the_latest_reading_under_a_bad_status_has_no_value(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    with transaction(store):
        append(store, entry_of({tag_id: some_readings([MONDAY_US], [float("nan")], [BAD])}))
    assert (latest(store)[tag_id].value, latest(store)[tag_id].status) == (None, BAD)
    store.rollback()


def test_ids_of_tags_never_meet_in_chunks(store: Connection) -> None:
    ids = with_tags(store, 5)
    with transaction(store):
        for tag_id in ids:
            merge(store, tag_id, some_readings([-DAY_US, 0, MONDAY_US], [tag_id] * 3))
        for tag_id in ids:
            assert series(store, tag_id, *EVER).values.tolist() == [tag_id] * 3


def test_a_series_over_half_a_century_is_read_without_asking_for_every_day(store: Connection) -> None:
    tag_id, _ = with_tags(store)
    with transaction(store):
        merge(store, tag_id, some_readings([0, 253_370_000_000_000_000], [1, 2]))
        assert [part.values.tolist() for part in series_by_day(store, tag_id, 0, 2**60)] == [[1.0], [2.0]]


def test_a_series_is_ascending_each_reading_once_also_within_one_entry(store: Connection, tmp_path: Path) -> None:
    tag_id, _ = with_tags(store)
    shuffled = np.random.default_rng(7).permutation(np.repeat(np.arange(50), 3))
    _append(store, tag_id, (MONDAY_US + shuffled).tolist(), shuffled.astype(float).tolist())
    assert series(store, tag_id, *EVER).values.tolist() == list(range(50))
    store.rollback()
