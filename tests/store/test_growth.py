from pathlib import Path

import numpy as np
from stored import DAY_US, HOUR_US, MONDAY_US, entry_of, some_readings, with_tags

from collector import housekeeping
from collector.store import devices
from collector.store.growth import TYPICAL_BYTES, Growth, growth
from collector.store.readings import append
from collector.store.store import transaction, writing

NOW = MONDAY_US + 9 * DAY_US + 5 * HOUR_US


def test_bytes_are_told_by_the_days_of_the_readings(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    with writing(tmp_path / "plant.db") as connection:
        one, two = with_tags(connection)
        assert growth(connection, NOW) == Growth((), 0, None)
        connection.rollback()
        with transaction(connection):
            for day in range(10):
                for tag, count in ((one, 500 * (day + 1)), (two, 10)):
                    times = [MONDAY_US + day * DAY_US + at * 1_000_000 for at in range(count)]
                    values = chance.normal(size=count).tolist()
                    append(connection, entry_of({tag: some_readings(times, values)}))
        in_journal = growth(connection, NOW)
        connection.rollback()
        with transaction(connection):
            housekeeping.seal_hours(connection, NOW)
        found = growth(connection, NOW)
    assert len(found.days) == len(in_journal.days) == 7
    assert list(found.days) == sorted(found.days)
    assert found.days[-1] > 1.3 * found.days[0]
    assert found.today > 0
    assert found.first_us == MONDAY_US


def test_what_devices_bring_is_told_by_the_time_of_receipt(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection:
        with_tags(connection)
        with transaction(connection):
            devices.add_received(connection, [("press", NOW - 2 * DAY_US, 9999)])
            devices.add_received(connection, [("press", NOW - HOUR_US, 100)])
            devices.add_received(connection, [("press", NOW, 50)])
        found = growth(connection, NOW)
    assert (found.live_bytes, found.live_s) == (150 * TYPICAL_BYTES, 3600.0)


def test_days_without_anything_are_left_out(tmp_path: Path) -> None:
    with writing(tmp_path / "plant.db") as connection:
        one, _ = with_tags(connection)
        with transaction(connection):
            append(connection, entry_of({one: some_readings([NOW - 3 * DAY_US, NOW], [1.0, 2.0])}))
            housekeeping.seal_hours(connection, NOW)
        found = growth(connection, NOW)
    assert (len(found.days), found.today > 0) == (1, True), found
