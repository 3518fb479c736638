"""Fifty kills of each part, while reports are made and sent: nothing lost, nothing doubled, nothing undeclared."""

import os
import random
from pathlib import Path

import pytest
from mosquitto import Broker

from tests.acceptance.kill_storm import Storm
from tests.acceptance.reporting_plant import ReportingPlant, own_broker

__all__ = ["own_broker"]

KILLS = int(os.environ.get("SMARTWINGS_SOAK_KILLS", "50"))
SEED = int(os.environ.get("SMARTWINGS_SOAK_SEED", "1"))


@pytest.mark.parametrize("victims", [("collector", "receiver"), ("broker", "devices")], ids="-".join)
def test_kills_lose_and_double_nothing(tmp_path: Path, own_broker: Broker, victims: tuple[str, ...]) -> None:
    order = list(victims) * KILLS
    random.Random(SEED).shuffle(order)
    with ReportingPlant(tmp_path, own_broker, devices=True) as plant:
        storm = Storm(plant, SEED)
        storm.kill_each(order)
        storm.end()
        storm.check_readings()
    assert sum(storm.kills.values()) == len(order)
