"""Trends over a real store: what is drawn is what was read, near and far, with chunks and journal together."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Connection
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings

from collector.store import gaps
from collector.store.aggregates import QUARTER_US
from collector.store.devices import extend_known
from collector.store.merging import merge_days
from collector.store.readings import append, merge, series
from collector.store.sealing import seal
from collector.store.store import transaction, writing
from collector.store.tags import StoredTag, register, stored_tags, text_ids, texts
from collector.trend import Trend, trend
from collector.trend_line import Unknown
from collector.trend_readings import Window
from plant.gap import Gap
from plant.status_code import BAD, GOOD, UNCERTAIN
from plant.tag import Role, Tag

SECOND_US = 1_000_000
END_US = MONDAY_US + 3 * DAY_US
TAGS = (
    Tag("power", "u", Role.POWER, "kW"),
    Tag("good", "u", Role.GOOD_COUNT, "1"),
    Tag("state", "u", Role.STATE, ""),
    Tag("order", "u", Role.ORDER_ID, ""),
)


@pytest.fixture
def store(tmp_path: Path) -> Connection:
    with writing(tmp_path / "plant.db") as opened:
        with transaction(opened):
            register(opened, [("d", tag) for tag in TAGS])
        yield opened


def _tag(store: Connection, name: str) -> StoredTag:
    return stored_tags(store)[name]


def _put(store: Connection, name: str, times: list[int], values: list[float], status: list[int] | None = None) -> None:
    tag_id = _tag(store, name).id
    store.rollback()
    with transaction(store):
        merge(store, tag_id, some_readings(times, values, status))


def _trend(store: Connection, name: str, start_us: int, end_us: int, pixels: int = 100) -> Trend:
    return trend(store, _tag(store, name), Window(start_us, end_us, pixels), END_US, texts(store))


def _pairs(found: Trend) -> list[tuple[int, float | None]]:
    form = found.json()
    return list(zip(form["times_us"], form["values"], strict=True))


def test_near_every_reading_is_drawn_and_the_one_before_leads_in(store: Connection) -> None:
    _put(store, "power", [MONDAY_US, MONDAY_US + 10, MONDAY_US + 20], [1.5, 2.5, 3.5])
    found = _trend(store, "power", MONDAY_US + 5, MONDAY_US + 30)
    assert found.width_us == 0
    times = [MONDAY_US + at for at in (5, 10, 20, 20)]  # up to the last reading the one before holds
    assert _pairs(found) == list(zip(times, [1.5, 2.5, 2.5, 3.5], strict=True))
    assert found.figures is not None
    assert (found.figures.readings, found.figures.lowest, found.figures.mean) == (2, 2.5, 3.0)


def test_a_value_that_does_not_change_is_drawn_as_long_as_the_device_is_known_to_be_well(store: Connection) -> None:
    _put(store, "power", [MONDAY_US], [7.0])
    with transaction(store):
        extend_known(store, {"d": MONDAY_US + HOUR_US})
    found = _trend(store, "power", MONDAY_US + HOUR_US // 2, MONDAY_US + 2 * HOUR_US)
    assert _pairs(found) == [(MONDAY_US + HOUR_US // 2, 7.0), (MONDAY_US + HOUR_US, 7.0)]


def test_far_and_near_agree_on_peaks_counts_and_the_last_value(store: Connection) -> None:
    rng = np.random.default_rng(3)
    times = [MONDAY_US + at * 30 * SECOND_US for at in range(2 * 2880)]
    values = np.round(rng.normal(40, 5, len(times)), 2)
    values[3333] = 999.0
    status = [BAD if at % 500 == 0 else UNCERTAIN if at % 501 == 0 else GOOD for at in range(len(times))]
    _put(store, "power", times, values.tolist(), status)
    far = _trend(store, "power", MONDAY_US, MONDAY_US + 2 * DAY_US, 50)
    near = _trend(store, "power", MONDAY_US, MONDAY_US + 2 * DAY_US, 5000)
    assert (far.width_us, near.width_us) == (4 * QUARTER_US, 0)
    assert far.figures is not None
    assert near.figures is not None
    assert math.isclose(far.figures.mean or 0, near.figures.mean or 0)
    assert replace(far.figures, mean=0) == replace(near.figures, mean=0)
    assert max(value for value in far.json()["high"] if value is not None) == 999.0


def test_chunks_with_and_without_summary_and_the_journal_are_drawn_as_one(store: Connection) -> None:
    power = _tag(store, "power").id
    store.rollback()
    for day in range(2):
        _put(store, "power", [MONDAY_US + day * DAY_US + at * 10 * SECOND_US for at in range(8640)], [day + 1.0] * 8640)
    today = [MONDAY_US + 2 * DAY_US + at * 10 * SECOND_US for at in range(2000)]
    with transaction(store):
        append(store, entry_of({power: some_readings(today, [3.0] * 2000)}))
        seal(store, MONDAY_US + 2 * DAY_US + 4 * HOUR_US)
        append(store, entry_of({power: some_readings(today[:1], [3.0])}))  # the same again, which is nothing new
        store.exec_driver_sql("delete from summary where key = (select min(key) from summary)")
    found = _trend(store, "power", MONDAY_US, MONDAY_US + 3 * DAY_US, 72)
    assert found.width_us == 4 * QUARTER_US
    assert found.figures is not None
    assert found.figures.readings == 2 * 8640 + 2000 == len(series(store, power, MONDAY_US, END_US))
    assert [value for _, value in _pairs(found)] == [1.0] * 24 + [2.0] * 24 + [3.0] * 7


def test_a_declared_gap_breaks_the_line_and_says_its_cause(store: Connection) -> None:
    _put(store, "power", [MONDAY_US, MONDAY_US + HOUR_US, MONDAY_US + 3 * HOUR_US], [1.0, 2.0, 3.0])
    with transaction(store):
        gaps.save(
            store,
            [
                Gap("d", None, MONDAY_US + HOUR_US, MONDAY_US + 3 * HOUR_US, "no answer"),
                Gap("other", None, MONDAY_US, MONDAY_US + HOUR_US, "not ours"),
                Gap("d", "good", MONDAY_US, MONDAY_US + HOUR_US, "not this tag"),
            ],
        )
    found = _trend(store, "power", MONDAY_US, MONDAY_US + 4 * HOUR_US)
    assert found.unknown == (Unknown(MONDAY_US + HOUR_US, MONDAY_US + 3 * HOUR_US, "no answer"),)
    assert (MONDAY_US + HOUR_US, None) in _pairs(found)
    assert found.json()["gaps"] == [[MONDAY_US + HOUR_US, MONDAY_US + 3 * HOUR_US, "no answer"]]


def test_a_gap_that_lasts_ends_now(store: Connection) -> None:
    _put(store, "power", [MONDAY_US], [1.0])
    with transaction(store):
        gaps.save(store, [Gap("d", None, MONDAY_US + 10, None, "no answer")])
    now_us = MONDAY_US + HOUR_US
    found = trend(store, _tag(store, "power"), Window(MONDAY_US, END_US, 100), now_us)
    assert found.unknown == (Unknown(MONDAY_US + 10, now_us, "no answer"),)


def test_max_hold_ends_a_value_that_no_reading_follows(store: Connection) -> None:
    _put(store, "power", [MONDAY_US, MONDAY_US + HOUR_US], [1.0, 2.0])
    stored = _tag(store, "power")
    short = replace(stored, tag=replace(stored.tag, max_hold_s=60.0))
    found = trend(store, short, Window(MONDAY_US, MONDAY_US + 2 * HOUR_US, 100), END_US)
    assert (MONDAY_US + 60 * SECOND_US, None) in _pairs(found)


def test_a_state_is_drawn_as_bands_with_its_names_and_how_long_each_held(store: Connection) -> None:
    times = [MONDAY_US, MONDAY_US + HOUR_US, MONDAY_US + 2 * HOUR_US, MONDAY_US + 3 * HOUR_US]
    _put(store, "state", times, [1.0, 3.0, 0.0, 9.0], [GOOD, GOOD, BAD, GOOD])
    found = _trend(store, "state", MONDAY_US, MONDAY_US + 4 * HOUR_US)
    assert found.json()["bands"] == [[*times[:2], "Executing"], [*times[1:3], "OutOfService"]]
    assert found.unknown == (Unknown(times[2], times[3], "Bad"),)
    assert found.held == (("Executing", 3600.0), ("OutOfService", 3600.0))


def test_the_state_from_before_the_window_holds_in_it(store: Connection) -> None:
    _put(store, "state", [MONDAY_US, MONDAY_US + 3 * HOUR_US], [1.0, 0.0])
    start_us = MONDAY_US + HOUR_US
    bands = _trend(store, "state", start_us, MONDAY_US + 2 * HOUR_US).json()["bands"]
    assert bands == [[start_us, MONDAY_US + 2 * HOUR_US, "Executing"]]


def test_a_text_is_drawn_as_bands_of_its_texts(store: Connection) -> None:
    with transaction(store):
        ids = text_ids(store, ["4711", "4712"])
    _put(store, "order", [MONDAY_US, MONDAY_US + HOUR_US, MONDAY_US + 2 * HOUR_US], [ids["4711"], ids["4712"], 0.0])
    bands = _trend(store, "order", MONDAY_US, MONDAY_US + 3 * HOUR_US).json()["bands"]
    assert [text for _, _, text in bands] == ["4711", "4712"]


def test_far_away_a_busy_state_is_told_by_what_held_longest_and_durations_stay_exact(store: Connection) -> None:
    seconds = 2 * 86_400
    times = [MONDAY_US + at * SECOND_US for at in range(seconds)]
    values = [1.0 if at % 10 < 7 else 0.0 for at in range(seconds)]
    _put(store, "state", times, values)
    found = _trend(store, "state", MONDAY_US, MONDAY_US + 2 * DAY_US, 100)
    assert found.width_us == 2 * QUARTER_US
    assert [band.text for band in found.bands] == ["Executing"]
    assert dict(found.held)["Executing"] == seconds * 7 // 10


def test_a_tag_that_was_a_number_before_it_became_a_state_is_read_anew(store: Connection) -> None:
    for day in range(2):
        times = [MONDAY_US + day * DAY_US + at * 10 * SECOND_US for at in range(8640)]
        _put(store, "good", times, [float(at // 4320) for at in range(8640)])
    stored = _tag(store, "good")
    now_a_state = replace(stored, tag=Tag("good", "u", Role.STATE, ""))
    found = trend(store, now_a_state, Window(MONDAY_US, MONDAY_US + 2 * DAY_US, 50), END_US)
    assert [band.text for band in found.bands] == ["NotExecuting", "Executing"] * 2


def test_a_tag_or_window_without_readings_is_empty(store: Connection) -> None:
    assert _trend(store, "power", MONDAY_US, END_US).line is None
    _put(store, "power", [MONDAY_US + HOUR_US], [1.0])
    assert _trend(store, "power", MONDAY_US, MONDAY_US + HOUR_US).line is None


def test_merging_days_changes_nothing_that_is_drawn(store: Connection) -> None:
    power = _tag(store, "power").id
    store.rollback()
    rng = np.random.default_rng(5)
    times = [MONDAY_US + at * 7 * SECOND_US for at in range(12_000)]
    with transaction(store):
        append(store, entry_of({power: some_readings(times, rng.normal(5, 2, len(times)).tolist())}))
    seen = []
    for step in (lambda: 0, lambda: seal(store, END_US), lambda: merge_days(store, END_US)):
        with transaction(store):
            step()
        form = _trend(store, "power", MONDAY_US, MONDAY_US + DAY_US, 24).json()
        store.rollback()
        seen.append(
            {key: np.round([value or 0 for value in form[key]], 9).tolist() for key in ("low", "high", "values")}
        )
    assert seen[0] == seen[1] == seen[2]
