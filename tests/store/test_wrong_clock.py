"""Readings whose device had a wrong clock count at the time of receipt, and every value that rests on them says so."""

from pathlib import Path

import numpy as np

from collector.evaluation import Evaluation
from collector.store.readings import merge
from collector.store.store import reading, transaction, writing
from collector.store.tags import register
from config.load import load_site
from plant.instant import parse_instant
from plant.kpi_id import KpiId
from plant.period import PeriodKind, periods
from plant.reading import Readings

SITE = """
plant: {id: kr-test-0001, time_zone: Asia/Seoul}
shifts:
  - {name: all, start: 00:00, end: 24:00}
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: p.good, work_unit: press1, role: good_count, node: s=1}
      - {name: p.state, work_unit: press1, role: state, node: s=2}
      - {name: p.kw, work_unit: press1, role: power, node: s=3}
      - {name: p.kwh, work_unit: press1, role: energy_import, node: s=4}
"""
HOUR_US = 3_600_000_000
START_US = parse_instant("2026-11-20T00:00:00+09:00")
WANTED = (KpiId.GOOD_QUANTITY, KpiId.AVAILABILITY, KpiId.MEAN_POWER, KpiId.ENERGY, KpiId.IDLE_ENERGY_SHARE)


def test_the_day_of_the_wrong_clock_is_flagged_and_the_day_before_is_not(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load_site(tmp_path / "site.yaml")
    times = START_US + np.array([0, 24, 30, 48], dtype=np.int64) * HOUR_US
    offsets = np.array([0, 0, -HOUR_US, 0], dtype=np.int64)  # the third reading had a source time an hour before
    with writing(tmp_path / "plant.db") as connection:
        with transaction(connection):
            tags = register(connection, [("machines", one) for one in site.tags()])
        for name, tag in tags.items():
            values = np.array([1.0, 1.0, 1.0, 1.0]) if name == "p.state" else np.array([0.0, 10.0, 20.0, 30.0])
            with transaction(connection):
                merge(connection, tag.id, Readings(times, values, np.zeros(4, dtype=np.uint32), times, offsets))
    now_us = START_US + 48 * HOUR_US
    with reading(tmp_path / "plant.db") as connection:
        evaluation = Evaluation(connection, site, site.clock(), now_us)
        days = list(periods(PeriodKind.DAY, START_US, now_us, site.clock()))
        found = list(evaluation.values(days, ["press1"], WANTED))
    assert [(one.period.label, one.id, set(one.outcome.flags)) for one in found] == [
        *(("2026-11-20", kpi, set()) for kpi in WANTED),
        *(("2026-11-21", kpi, {"clock"}) for kpi in WANTED),
    ]
