"""A real daemon whose files are damaged while it runs or while it is down: it collects again, and says what is lost."""

import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collector.store import gaps
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags, texts
from plant.gap import Gap
from tests.acceptance.simulated_plant import ALWAYS, SimulatedPlant, kill, smartwings, wait_until

sys.path.insert(0, str(Path(__file__).parents[1] / "store"))
from damages import KINDS

pytestmark = pytest.mark.timeout(7200)

DAMAGES = int(os.environ.get("SMARTWINGS_SOAK_LIVE_DAMAGES", "50"))
SEED = int(os.environ.get("SMARTWINGS_SOAK_SEED", "7"))
TAGS = ("press2.good", "main.power", "press1.temperature")
OF_TEXTS = "press1.product"
OF_FILES_AT_REST = ("the write-ahead log", "the shared memory")
"""While a process has them open, they are its memory: SQLite takes them for sound."""

Stored = dict[str, dict[int, float]]


def test_a_damaged_plant_goes_on_and_tells_what_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance, took_s, bad = random.Random(SEED), [], []
    for at in range(DAMAGES):
        kind = list(KINDS)[at // 2 % len(KINDS)]
        runs = at % 2 == 1 and kind not in OF_FILES_AT_REST
        folder, seed = tmp_path / str(at), chance.randrange(2**32)
        folder.mkdir()
        with SimulatedPlant(folder) as plant:
            seconds, faults = _damaged(plant, kind, runs, seed)
        took_s.append(seconds)
        if faults:
            bad.append((kind, "running" if runs else "down", seed, faults[:4]))
        with capsys.disabled():
            sys.stdout.write(f"\n{kind}, {'running' if runs else 'down'}, {seed}: {seconds:.1f} s {faults[:3]}")
        shutil.rmtree(folder)
    with capsys.disabled():
        sys.stdout.write(f"\ncollects again after {statistics.median(took_s):.1f} s, at most {max(took_s):.1f} s\n")
    assert bad == []
    assert max(took_s) < 30


def _damaged(plant: SimulatedPlant, kind: str, runs: bool, seed: int) -> tuple[float, list[str]]:
    """Damage a plant; seconds until each device is stored again, and what is wrong in the end."""
    plant.simulate()
    daemon = plant.collect()
    plant.wait_for_new(*TAGS)
    _stop(daemon)  # so that its file holds a plant, not its log alone
    daemon = plant.collect()
    plant.wait_for_new(*TAGS, count=20)
    if not runs:
        kill(daemon)
    before = _stored(plant)
    KINDS[kind](plant.store, random.Random(seed))
    begun_s = time.monotonic()
    if not runs:
        daemon = plant.collect()
    seconds = _seconds_until_new(plant, time.time_ns() // 1000, begun_s)
    if runs:  # what SQLite has in memory hides damage until the next start, or its look at the whole file once a day
        _stop(daemon)
        daemon = plant.collect()
    wait_until(lambda: _is_whole(plant), "verify finds no fault", 150)
    plant.wait_for_contact()
    _stop(daemon)
    found = plant.judge()
    judged = _lost(plant, before) + found.lost + found.doubled_or_wrong
    with reading(plant.store) as connection:
        names_are_lost = any(text.startswith("(lost text ") for text in texts(connection).values())
    if names_are_lost:  # but not that something was read; what is sent again with its name is another reading
        judged = [one for one in judged if not one.startswith(f"{OF_TEXTS} ")]
    return seconds, judged


def _stop(daemon: "subprocess.Popen[bytes]") -> None:
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(25)


def _stored(plant: SimulatedPlant) -> Stored:
    with reading(plant.store) as connection:
        tags = stored_tags(connection)
        found = {name: series(connection, tag.id, 0, ALWAYS) for name, tag in tags.items()}
    return {name: dict(zip(one.times_us.tolist(), one.values.tolist(), strict=True)) for name, one in found.items()}


def _seconds_until_new(plant: SimulatedPlant, after_us: int, begun_s: float) -> float:
    def all_new() -> bool:
        try:
            return all(max(_stored(plant).get(tag, {0: 0.0}), default=0) > after_us for tag in TAGS)
        except Exception:  # whatever a reader makes of a damaged file: it is about to be replaced
            return False

    wait_until(all_new, "new readings are stored", 90)
    return time.monotonic() - begun_s


def _is_whole(plant: SimulatedPlant) -> bool:
    salvaging = [one for one in plant.folder.glob("plant.db.damaged-*") if ".salvaged" not in one.name]
    return not salvaging and smartwings("verify", "site.yaml", folder=plant.folder).returncode == 0


def _lost(plant: SimulatedPlant, before: Stored) -> list[str]:
    """Readings that were stored before and neither are now, nor lie in a gap."""
    now = _stored(plant)
    with reading(plant.store) as connection:
        declared = gaps.overlapping(connection, 0, ALWAYS)
        devices = {name: tag.device for name, tag in stored_tags(connection).items()}
    return [
        f"{name} {at}"
        for name, values in before.items()
        for at, value in values.items()
        if now.get(name, {}).get(at) != value
        and not _declared(declared, devices.get(name), name, at)
        and value == value
    ]


def _declared(declared: list[Gap], device: str | None, tag: str, at_us: int) -> bool:
    return any(
        gap.device == device and gap.tag in (None, tag) and gap.start_us <= at_us <= (gap.end_us or ALWAYS)
        for gap in declared
    )
