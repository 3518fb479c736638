"""A machine whose clock starts in 1970, and an event loop that is held up: a real daemon, its clock alone is false."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.store import events, gaps, reports
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags
from plant.credible_time import RELEASED_US
from tests.acceptance.simulated_plant import ALWAYS, SimulatedPlant, smartwings, wait_until

pytestmark = pytest.mark.timeout(120)

IN_1970 = """
import pathlib, threading, time, time_machine
real = time_machine.travel(1000.0, tick=True)
real.start()
def watch():
    while not pathlib.Path("clock-is-set").exists():
        threading.Event().wait(0.05)
    real.stop()
threading.Thread(target=watch, daemon=True).start()
from commands.main import main
main()
"""
HELD_UP = """
import asyncio, pathlib, time
from collector.supervisor import Supervisor
begin = Supervisor.start
async def hold_up():
    while not pathlib.Path("hold-up").exists():
        await asyncio.sleep(0.05)
    time.sleep(2.5)
    await asyncio.sleep(1000)
def start(self, name, work):
    if name == "control":
        begin(self, "hold up", hold_up)
    return begin(self, name, work)
Supervisor.start = start
from commands.main import main
main()
"""


@contextmanager
def collecting(plant: SimulatedPlant, program: str) -> Iterator[None]:
    with (plant.folder / "run.log").open("ab") as log:
        command = [sys.executable, "-c", program, "run", "site.yaml"]
        daemon = subprocess.Popen(command, cwd=plant.folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(25)


def state(plant: SimulatedPlant) -> dict[str, Any]:
    said = smartwings("status", "site.yaml", "--json", folder=plant.folder).stdout
    found: dict[str, Any] = json.loads(said) if said.strip() else {}
    return found


def times(plant: SimulatedPlant, tag: str) -> list[int]:
    with reading(plant.store) as connection:
        stored = stored_tags(connection).get(tag)
        return [] if stored is None else series(connection, stored.id, 0, ALWAYS).times_us.tolist()


def test_nothing_is_dated_1970_and_data_comes_within_10_s_of_the_clock_being_set(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path, security="Basic256Sha256") as plant:
        plant.simulate()
        assert smartwings("trust", "site.yaml", "line", folder=tmp_path).returncode == 0
        with collecting(plant, IN_1970):
            wait_until(lambda: state(plant).get("readings_undated", 0) > 20, "Modbus devices are read")
            now = state(plant)
            line = next(one for one in now["devices"] if one["id"] == "line")
            assert (now["clock_trusted"], now["readings_committed"], line["connected"]) == (False, 0, False)
            assert "clock shows 1970-01-01" in line["last_error"]
            assert any("clock not trusted" in reason for reason in now["reasons"])
            (tmp_path / "clock-is-set").touch()
            set_s = time.monotonic()
            tags = ("press1.good", "main.power", "press2.good")
            wait_until(lambda: all(len(times(plant, tag)) > 2 for tag in tags), "all devices are stored", 30.0)
            assert time.monotonic() - set_s < 20.0
            assert state(plant)["clock_trusted"]
    assert min(min(times(plant, tag)) for tag in tags) > RELEASED_US
    with reading(plant.store) as connection:
        assert [gap for gap in gaps.overlapping(connection, 0, ALWAYS) if gap.start_us < RELEASED_US] == []
        assert reports.newest_of_periods(connection) == {}
        kinds = [kind for at_us, kind, _ in events.last(connection, 10) if at_us < RELEASED_US]
    assert kinds == ["start undated"]


def test_an_event_loop_that_is_held_up_is_told(tmp_path: Path) -> None:
    with SimulatedPlant(tmp_path) as plant, collecting(plant, HELD_UP):
        wait_until(lambda: "loop_late_hour_s" in state(plant), "it answers")
        (tmp_path / "hold-up").touch()
        wait_until(lambda: state(plant).get("loop_late_minute_s", 0.0) > 1.5, "it says how late it was")
        said = smartwings("status", "site.yaml", folder=tmp_path).stdout
    assert "The collector was held up for" in said
