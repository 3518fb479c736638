"""Summaries go with their chunks, whatever is sealed, merged, imported, replaced or deleted."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings

from collector.store import summaries
from collector.store.aggregates import QUARTER_US, columns, of_readings, widened
from collector.store.chunk_rows import DAY_S, HOUR_S
from collector.store.merging import merge_days
from collector.store.readings import append, delete_before, merge, series
from collector.store.sealing import seal
from collector.store.store import transaction, writing
from collector.store.summaries import MOST_READINGS_AT_ONCE, StoredSummary, fill_summaries, stored_summaries
from collector.store.summary import aggregates_of, changes_in
from collector.store.tags import register
from plant.reading import Readings
from plant.tag import Role, Tag

EVER_S = (-(2**38), 2**38)


@pytest.fixture
def store(tmp_path: Path) -> Connection:
    with writing(tmp_path / "plant.db") as opened:
        yield opened


def _tags(store: Connection) -> tuple[int, int]:
    tags = [("d", Tag("power", "u", Role.POWER, "kW")), ("d", Tag("state", "u", Role.STATE, ""))]
    with transaction(store):
        registered = register(store, tags)
    return registered["power"].id, registered["state"].id


def _every_second(start_us: int, count: int, seed: int = 1) -> Readings:
    values = np.round(np.random.default_rng(seed).normal(50, 9, count), 3)
    return some_readings(range(start_us, start_us + count * 1_000_000, 1_000_000), values.tolist())


def _holds_what_the_chunks_hold(store: Connection, tag_id: int) -> list[StoredSummary]:
    found = stored_summaries(store, tag_id, *EVER_S)
    assert all(part.payload for part in found)
    summed = aggregates_of([part.payload for part in found if part.payload])
    wanted = widened(of_readings(series(store, tag_id, MONDAY_US - DAY_US, MONDAY_US + 9 * DAY_US)), QUARTER_US)
    for left, right in zip(columns(summed), columns(wanted), strict=True):
        assert np.allclose(left, right, rtol=1e-12, equal_nan=True)
    store.rollback()
    return found


def test_sealed_hours_and_merged_days_have_summaries_that_agree_with_their_readings(store: Connection) -> None:
    power, _ = _tags(store)
    with transaction(store):
        append(store, entry_of({power: _every_second(MONDAY_US + HOUR_US // 2, 7200)}))
        seal(store, MONDAY_US + DAY_US)
    assert [part.span_s for part in _holds_what_the_chunks_hold(store, power)] == [HOUR_S] * 3
    with transaction(store):
        merge_days(store, MONDAY_US + DAY_US)
    assert [(part.span_s, part.readings) for part in _holds_what_the_chunks_hold(store, power)] == [(DAY_S, 7200)]


def test_late_and_replaced_readings_renew_the_summary(store: Connection) -> None:
    power, _ = _tags(store)
    for replace, seed in ((False, 1), (True, 2)):
        with transaction(store):
            merge(store, power, _every_second(MONDAY_US, 3600, seed), replace=replace)
        _holds_what_the_chunks_hold(store, power)
    with transaction(store):
        merge(store, power, _every_second(MONDAY_US + 500_000, 100))
    _holds_what_the_chunks_hold(store, power)


def test_a_state_is_summed_up_by_its_changes(store: Connection) -> None:
    _, state = _tags(store)
    times = range(MONDAY_US, MONDAY_US + 3_600_000_000, 1_000_000)
    with transaction(store):
        merge(store, state, some_readings(times, [float(at // 1800) for at in range(3600)]))
    (found,) = stored_summaries(store, state, *EVER_S)
    assert found.payload
    changes = changes_in([found.payload])
    assert changes.start_us.tolist() == [MONDAY_US, MONDAY_US + 1_800_000_000]
    assert changes.code.tolist() == [0.0, 1.0]


def test_a_chunk_as_small_as_its_summary_would_be_has_none_and_is_not_looked_at_again(
    store: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    power, _ = _tags(store)
    with transaction(store):
        merge(store, power, some_readings([MONDAY_US], [1.0]))
    assert [(part.readings, part.payload) for part in stored_summaries(store, power, *EVER_S)] == [(1, None)]
    store.exec_driver_sql("update chunk set payload = zeroblob(40)")
    last_key = fill_summaries(store)
    assert last_key is not None
    assert fill_summaries(store, last_key) is None
    assert caplog.messages == []  # what is damaged would be told of


def test_chunks_are_looked_through_for_summaries_a_thousand_at_a_time(
    store: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    power, _ = _tags(store)
    with transaction(store):
        for day in range(5):
            merge(store, power, some_readings([MONDAY_US + day * DAY_US], [1.0]))
    monkeypatch.setattr(summaries, "MOST_CHUNKS", 2)
    calls, after_key = 0, 0
    while after_key is not None:
        after_key = fill_summaries(store, after_key)
        calls += 1
    assert calls == 4


def test_deleted_readings_take_their_summaries_with_them(store: Connection) -> None:
    power, _ = _tags(store)
    with transaction(store):
        for day in range(3):
            merge(store, power, _every_second(MONDAY_US + day * DAY_US, 3600))
        delete_before(store, MONDAY_US + 2 * DAY_US)
    assert store.exec_driver_sql("select count(*) from summary").scalar() == 1
    assert len(stored_summaries(store, power, *EVER_S)) == 1


def test_only_chunks_that_reach_into_the_time_are_found(store: Connection) -> None:
    power, _ = _tags(store)
    with transaction(store):
        append(store, entry_of({power: _every_second(MONDAY_US, 3 * 3600)}))
        seal(store, MONDAY_US + DAY_US)
    start_s = MONDAY_US // 1_000_000
    found = stored_summaries(store, power, start_s + HOUR_S, start_s + HOUR_S + 1)
    assert [part.start_s for part in found] == [start_s + HOUR_S]


def test_chunks_of_an_earlier_program_get_their_summaries_bit_by_bit(store: Connection) -> None:
    power, _ = _tags(store)
    with transaction(store):
        for day in range(6):
            merge(store, power, _every_second(MONDAY_US + day * DAY_US, 86_400, day))
        store.exec_driver_sql("delete from summary")
    assert all(part.payload is None for part in stored_summaries(store, power, *EVER_S))
    transactions, after_key = 0, 0
    while after_key is not None:
        before = store.exec_driver_sql("select count(*) from summary").scalar_one()
        store.rollback()
        with transaction(store):
            after_key = fill_summaries(store, after_key)
        filled = store.exec_driver_sql("select count(*) from summary").scalar_one() - before
        assert (filled - 1) * 86_400 < MOST_READINGS_AT_ONCE
        transactions += 1
    assert transactions == 3  # three days, three days, nothing left
    _holds_what_the_chunks_hold(store, power)
