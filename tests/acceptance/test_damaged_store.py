"""A real daemon whose file was damaged or removed: it collects again at once, and what can be read follows."""

import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from collector.store import gaps
from collector.store.readings import series
from collector.store.renewal import newest_aside
from collector.store.store import reading
from collector.store.tags import stored_tags
from tests.acceptance.simulated_plant import ALWAYS, SimulatedPlant, kill, wait_until

pytestmark = pytest.mark.timeout(150)


def _first_us(plant: SimulatedPlant) -> int | None:
    with reading(plant.store) as connection:
        found = series(connection, stored_tags(connection)["press2.good"].id, 0, ALWAYS)
        return int(found.times_us[0]) if len(found) else None


def test_a_daemon_whose_file_is_damaged_collects_into_a_new_one_and_takes_over_the_rest(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant:
        plant.simulate()
        daemon = plant.collect()
        plant.wait_for_new("press2.good", "main.power")
        kill(daemon)
        with sqlite3.connect(plant.store) as connection:
            names = dict(connection.execute("select id, name from tag").fetchall())
            (page,) = connection.execute("select rootpage from sqlite_master where name = 'gap'").fetchone()
            connection.execute("pragma wal_checkpoint(truncate)")
        first_us = _first_us(plant)
        with plant.store.open("r+b") as file:
            file.seek((page - 1) * 4096)
            file.write(b"\xaa" * 4096)
        plant.collect()
        begun_s = time.monotonic()
        wait_until(lambda: newest_aside(plant.store) is not None, "the damaged file is put aside", 30)
        plant.wait_for_new("press2.good", "main.power")
        took_s = time.monotonic() - begun_s
        wait_until(lambda: _first_us(plant) == first_us, "readings of before are taken over", 60)
        with reading(plant.store) as connection:
            assert dict(connection.exec_driver_sql("select id, name from tag").all()) == names
            assert [one for one in gaps.overlapping(connection, 0, ALWAYS) if one.device == "press2"]
        reasons = plant.status()["reasons"]
    assert any("its file was damaged" in reason for reason in reasons), reasons
    assert took_s < 30


def test_a_daemon_whose_files_are_removed_while_it_runs_writes_them_again_and_loses_nothing(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant:
        plant.simulate()
        daemon = plant.collect()
        plant.wait_for_new("press2.good", "main.power", "press1.temperature")
        for file in tmp_path.glob("plant.db*"):
            if not file.is_socket():
                file.unlink()
        wait_until(plant.store.exists, "the store is there again", 30)
        plant.wait_for_new("press2.good", "main.power", "press1.temperature")
        plant.wait_for_contact()
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(25)
        found = plant.judge()
    assert (found.lost, found.doubled_or_wrong) == ([], [])
    assert found.matched > 20


def test_a_daemon_whose_file_is_cut_short_while_it_runs_collects_into_a_new_one_at_once(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant:
        plant.simulate()
        daemon = plant.collect()
        plant.wait_for_new("press2.good", "main.power")
        daemon.send_signal(signal.SIGTERM)  # so that its file holds a plant, not its log alone
        daemon.wait(25)
        plant.collect()
        plant.wait_for_new("press2.good", "main.power")
        os.truncate(plant.store, plant.store.stat().st_size // 2)
        wait_until(lambda: newest_aside(plant.store) is not None, "the cut file is put aside", 30)
        plant.wait_for_new("press2.good", "main.power")
        reasons = plant.status()["reasons"]
    assert any("its file was damaged" in reason for reason in reasons), reasons
