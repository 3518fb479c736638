"""A counter as lines have them: it restarts some minutes before or after the shift, readings change places or are lost.

What was really made is known here; what the command line says of each shift must be it, but for what a restart hides.
"""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine

from tests.acceptance.plant_files import Plant, run, table

START = datetime.fromisoformat("2026-11-16T06:00:00+09:00")
NOW = START + timedelta(days=8)
SHIFT = timedelta(hours=8)
SHIFTS = 9
MOST_A_MINUTE = 10

SITE = """
plant: {id: kr-ansan-0421, time_zone: Asia/Seoul, production_day_start: 06:00}
shifts:
  - {name: A, start: 06:00, end: 14:00}
  - {name: B, start: 14:00, end: 22:00}
  - {name: C, start: 22:00, end: 06:00}
devices:
  - id: line
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: line.n, work_unit: line, role: produced_count, node: s=1,
         restarts: shift, max_rate: 1800, swap_tolerance: 30}
"""


def counted(seed: int) -> tuple[list[list[object]], list[int]]:
    """Readings a minute apart, and the pieces of each shift."""
    luck = random.Random(seed)
    restarts = [START + SHIFT * number + timedelta(minutes=luck.randint(-8, 8)) for number in range(1, SHIFTS)]
    values, made, value = [], [0] * SHIFTS, 0
    for minute in range(SHIFTS * 480 + 1):
        at = START + timedelta(minutes=minute)
        pieces = luck.randint(0, MOST_A_MINUTE) if minute else 0
        value = luck.randint(0, pieces) if at in restarts else value + pieces
        values.append(value)
        made[max(0, minute - 1) // 480] += pieces
    at = 0
    while at < len(values) - 1:
        if luck.random() < 0.03:
            values[at], values[at + 1] = values[at + 1], values[at]
            at += 1
        at += 1
    times = [(START + timedelta(minutes=minute)).isoformat() for minute in range(len(values))]
    return [
        [at, "line.n", "" if luck.random() < 0.02 else value] for at, value in zip(times, values, strict=True)
    ], made


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_shift_has_its_pieces_but_for_what_a_restart_hides(tmp_path: Path, seed: int) -> None:
    plant = Plant.made(tmp_path / "plant", SITE)
    rows, made = counted(seed)
    with time_machine.travel(NOW, tick=False):
        assert plant.imports("readings", plant.file("time,tag,value\n" + table(*rows))).code == 0
        asked = (
            "--json",
            "--scope",
            "line",
            "--kpi",
            "produced_quantity",
            "--from",
            "2026-11-16",
            "--to",
            "2026-11-19",
        )
        found = json.loads(run("kpi", plant.site, "--period", "shift", *asked).out)["values"]
    assert len(found) == SHIFTS
    for value, truth in zip(found, made, strict=True):
        # lost or moved at either end: a minute of a restart, of a swapped pair, and of a reading that is missing
        assert value["value"] == pytest.approx(truth, abs=6 * MOST_A_MINUTE)
        assert value["coverage"] == pytest.approx(1, abs=0.01)
    total = sum(value["value"] for value in found)
    assert sum(made) * 0.99 <= total <= sum(made) + 2 * MOST_A_MINUTE
    flags = {flag for value in found for flag in value["flags"]}
    assert {"counter_reset", "counter_disorder"} <= flags <= {"counter_reset", "counter_disorder", "counter_jump"}
