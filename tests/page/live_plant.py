"""A plant whose tags are in every condition, with a month of readings, gaps and states; written to meanwhile."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from collector.store import gaps
from collector.store.devices import extend_known
from collector.store.journal import JournalEntry
from collector.store.readings import append, merge
from collector.store.store import transaction, writing
from collector.store.tags import register, stored_tags
from config.load import load_site
from plant.gap import Gap
from plant.reading import Readings, sound
from plant.status_code import GOOD, parse_status
from tests.acceptance.simulated_plant import free_port

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
STEP_US = 10_000_000
PEAK = 777.0
SITE = """\
plant: {{id: kr-test-0002, name: Trend Precision, time_zone: Asia/Seoul}}
page: {{listen: 127.0.0.1:{port}}}
devices:
  - id: press
    protocol: modbus
    host: 127.0.0.1
    poll_s: 600
    tags:
      - {{name: press1.good, work_unit: press1, role: good_count, table: holding, address: 0, type: uint32}}
      - {{name: press1.state, work_unit: press1, role: state, table: holding, address: 2, type: uint16}}
      - {{name: press1.power, work_unit: press1, role: power, table: holding, address: 3, type: float32}}
      - {{name: press1.oil, work_unit: press1, role: temperature, table: holding, address: 5, type: float32}}
      - {{name: press1.torque, work_unit: press1, role: torque, table: holding, address: 7, type: float32}}
      - {{name: press1.none, work_unit: press1, role: level, table: holding, address: 9, type: float32}}
  - id: meter
    protocol: modbus
    host: 127.0.0.1
    poll_s: 600
    tags:
      - {{name: main.power, work_unit: plant, role: power, table: holding, address: 0, type: float32}}
"""


def columns(times_us: Sequence[int], values: Sequence[float], status: int = GOOD) -> Readings:
    """Readings received at once."""
    times = np.array(times_us, dtype=np.int64)
    kept, codes = sound(np.array(values, dtype=float), np.full(len(times), status, dtype=np.uint32))
    return Readings(times, kept, codes, times, np.zeros(len(times), dtype=np.int64))


class LivePlant:
    """press1.torque is bad, press1.oil stands still, press1.none never had a reading, the meter is cut off."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.site_file = folder / "site.yaml"
        self.site_file.write_text(SITE.format(port=free_port()), encoding="utf-8")
        self.store = folder / "plant.db"
        site = load_site(self.site_file)
        self.now_us = time.time_ns() // 1000
        self.start_us = self.now_us - 30 * DAY_US
        self.gap = (self.now_us - 30 * HOUR_US, self.now_us - 27 * HOUR_US)
        self.peak_us = self.now_us - 20 * DAY_US
        with writing(self.store) as connection:
            with transaction(connection):
                register(connection, [(device.id, tag.tag()) for device in site.devices for tag in device.tags])
            self._history(connection)

    def read(self, value: float, name: str = "press1.power", status: int = GOOD) -> None:
        """A reading of now."""
        now_us = time.time_ns() // 1000
        with writing(self.store) as connection:
            tag_id = stored_tags(connection)[name].id
            connection.rollback()
            with transaction(connection):
                ids = np.array([tag_id], dtype=np.uint32)
                append(connection, JournalEntry(ids, columns([now_us], [value], status)))

    def _history(self, connection: Connection) -> None:
        ids = {name: stored.id for name, stored in stored_tags(connection).items()}
        connection.rollback()
        times = np.arange(self.start_us, self.now_us, STEP_US)
        times = times[(times < self.gap[0]) | (times >= self.gap[1])]
        rng = np.random.default_rng(2)
        power = np.round(40 + 5 * np.sin(times / DAY_US * 6.28) + rng.normal(0, 1, len(times)), 2)
        power[np.searchsorted(times, self.peak_us)] = PEAK
        oil = np.where(times < self.now_us - 8 * HOUR_US, np.round(50 + rng.normal(0, 1, len(times)), 1), 51.5)
        state = np.where(times % (4 * HOUR_US) < 3 * HOUR_US, 1.0, 3.0)
        known = {"press1.power": power, "press1.oil": oil, "press1.state": state, "main.power": power * 2}
        known["press1.good"] = np.arange(len(times)).astype(float)
        with transaction(connection):
            for name, values in known.items():
                merge(connection, ids[name], columns(times.tolist(), values.tolist()))
            bad = parse_status("BadSensorFailure")
            merge(connection, ids["press1.torque"], columns([self.now_us - HOUR_US], [float("nan")], bad))
            cut = Gap("meter", None, self.now_us - HOUR_US, None, "no answer")
            gaps.save(connection, [Gap("press", None, *self.gap, "cable pulled"), cut])
            extend_known(connection, {"press": self.now_us, "meter": self.now_us - HOUR_US})
