"""Stamps of tags that are read together are stored once, for as long as one of the tags needs them."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, rows, with_tags

from collector.store.chunk import ChunkError
from collector.store.chunk_rows import HOUR_S, readings_of, stored_chunks
from collector.store.merging import merge_days
from collector.store.readings import append, delete_before, merge, series
from collector.store.sealing import seal
from collector.store.stamp_rows import LEAST_SHARED
from collector.store.store import transaction, writing
from plant.reading import Readings

EVER = (-(2**60), 2**60)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Connection:
    with writing(tmp_path_factory.mktemp("store") / "plant.db") as opened:
        yield opened


def _polled(start_us: int, count: int = 600, seed: int = 1, value: float = 0.0, step_us: int = 6_000_000) -> Readings:
    """Readings of a poll that is never quite on time; what a tag reads does not change when."""
    jitter = np.random.default_rng(seed).integers(0, 2000, count)
    times = start_us + np.arange(count) * step_us + jitter
    zeros = np.zeros(count, dtype=np.int64)
    return Readings(times, np.arange(count) + value, zeros.astype(np.uint32), times + 7000 + jitter, zeros)


def _stamps(store: Connection) -> int:
    found: int = store.exec_driver_sql("select count(*) from stamp").scalar_one()
    assert store.exec_driver_sql("pragma foreign_key_check").all() == []
    unused = "select count(*) from stamp where not exists (select 1 from chunk where chunk.stamp = stamp.id)"
    assert store.exec_driver_sql(unused).scalar_one() == 0
    return found


def test_tags_that_are_read_together_share_their_stamps_in_hours_and_in_days(store: Connection) -> None:
    ids = with_tags(store, 4)
    alone = _polled(MONDAY_US, seed=2)
    parts = {tag: _polled(MONDAY_US, value=tag) for tag in ids[:3]} | {ids[3]: alone}
    with transaction(store):
        append(store, entry_of(parts))
        seal(store, MONDAY_US + HOUR_US)
        assert _stamps(store) == 2
    with transaction(store):
        merge_days(store, MONDAY_US + DAY_US)
        assert store.exec_driver_sql("select distinct span_s from chunk").scalars().all() == [86400]
        assert _stamps(store) == 2
    for tag, part in parts.items():
        found = series(store, tag, *EVER)
        assert rows(found) == rows(part)
        assert ((found.received_us - found.times_us) == (part.received_us - part.times_us) // 1000 * 1000).all()


def test_tags_whose_readings_came_at_other_times_do_not_share(store: Connection) -> None:
    first, second = with_tags(store)
    polled = _polled(MONDAY_US)
    with transaction(store):
        merge(store, first, polled, HOUR_S)
        merge(store, second, replace(polled, received_us=polled.received_us + 1000), HOUR_S)
        assert _stamps(store) == 2
    hour_later = replace(polled, times_us=polled.times_us + HOUR_US, received_us=polled.received_us + HOUR_US)
    with transaction(store):
        merge(store, first, hour_later, HOUR_S)
        merge(store, second, replace(hour_later, source_offset_us=hour_later.source_offset_us + 1), HOUR_S)
        assert _stamps(store) == 4


def test_a_late_reading_of_one_tag_leaves_the_stamps_of_the_others(store: Connection) -> None:
    first, second = with_tags(store)
    late = _polled(MONDAY_US + 999, 1)
    with transaction(store):
        for tag in (first, second):
            merge(store, tag, _polled(MONDAY_US))
        assert _stamps(store) == 1
        merge(store, first, late)
        assert _stamps(store) == 2
        merge(store, second, late)
        assert _stamps(store) == 1
    assert len(series(store, first, *EVER)) == len(series(store, second, *EVER)) == 601


def test_stamps_go_with_the_last_chunk_that_has_them(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        for tag in (first, second):
            merge(store, tag, _polled(MONDAY_US))
        merge(store, second, _polled(MONDAY_US + DAY_US))
        delete_before(store, MONDAY_US + DAY_US, second)
        assert _stamps(store) == 2
        delete_before(store, MONDAY_US + DAY_US)
        assert _stamps(store) == 1
    assert len(series(store, first, *EVER)) == 0


def test_few_readings_keep_their_stamps(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        merge(store, first, _polled(MONDAY_US, LEAST_SHARED - 1))
        assert _stamps(store) == 0
        merge(store, second, _polled(MONDAY_US, LEAST_SHARED))
        assert _stamps(store) == 1


@pytest.mark.parametrize("damage", ["zeroblob(50)", "substr(payload, 1, 40)", "(select payload from chunk)"])
def test_damaged_stamps_are_noticed(store: Connection, damage: str) -> None:
    first, _ = with_tags(store)
    with transaction(store):
        merge(store, first, _polled(MONDAY_US))
        store.exec_driver_sql(f"update stamp set payload = {damage}")
        (chunk,) = stored_chunks(store, first, MONDAY_US // 1_000_000, (MONDAY_US + DAY_US) // 1_000_000)
        with pytest.raises(ChunkError):
            readings_of([chunk])


def test_stamps_of_another_number_of_readings_are_noticed(store: Connection) -> None:
    first, second = with_tags(store)
    with transaction(store):
        merge(store, first, _polled(MONDAY_US))
        merge(store, second, _polled(MONDAY_US, 500))
        store.exec_driver_sql("update chunk set stamp = (select max(id) from stamp)")
        (chunk,) = stored_chunks(store, first, MONDAY_US // 1_000_000, (MONDAY_US + DAY_US) // 1_000_000)
        with pytest.raises(ChunkError, match="another number"):
            readings_of([chunk])
