"""A plant with something to see on every page of KPIs: three closed days of files, up to this morning."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.acceptance.plant_files import Plant, run
from tests.acceptance.simulated_plant import free_port

ZONE = ZoneInfo("Asia/Seoul")
STEP = timedelta(minutes=10)
DAYS = 25
SITE = """
plant: {{id: kr-test-0001, name: Test Precision, time_zone: Asia/Seoul, production_day_start: 08:00}}
page: {{listen: 127.0.0.1:{port}}}
shifts:
  - {{name: day, start: 08:00, end: 20:00}}
  - {{name: night, start: 20:00, end: 08:00}}
devices:
  - id: line
    protocol: modbus
    host: 127.0.0.1
    port: {device}
    tags:
      - {{name: press1.good, work_unit: press1, role: good_count, table: holding, address: 0, type: uint32}}
      - {{name: press1.scrap, work_unit: press1, role: scrap_count, table: holding, address: 2, type: uint32}}
      - {{name: press1.state, work_unit: press1, role: state, table: holding, address: 4, type: uint16}}
      - {{name: press2.good, work_unit: press2, role: good_count, table: holding, address: 6, type: uint32}}
      - {{name: press2.scrap, work_unit: press2, role: scrap_count, table: holding, address: 8, type: uint32}}
      - {{name: press2.state, work_unit: press2, role: state, table: holding, address: 10, type: uint16}}
      - {{name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}}
work_units:
  press1: {{planned_run_time_s: 20}}
  press2: {{planned_run_time_s: 20}}
baselines:
  - {{kpi: defect_rate, value: 0.031, target: 0.010}}
  - {{kpi: on_time_delivery, value: 0.5, target: 0.97}}
energy: {{emission_factor_t_per_mwh: 0.4173, tariff: kepco-industrial-gap2-hv-a1, contract_power_kw: 100}}
savings: {{currency: KRW, cost_per_defect: 350, cost_per_late_line: 150000, price_per_kwh: 160}}
"""


class KpiPlant:
    """A folder with a site file and its store."""

    def __init__(self, folder: Path) -> None:
        text = SITE.format(port=free_port(), device=free_port())
        self.plant = Plant.made(folder, text)
        self.folder, self.site_file = folder, folder / "site.yaml"
        now = datetime.now(ZONE)
        self.today: date = (now - timedelta(hours=8)).date()
        self.end = datetime(self.today.year, self.today.month, self.today.day, 8, tzinfo=ZONE)
        for kind, rows in (
            ("readings", self._readings()),
            ("quantities", self._quantities()),
            ("orders", self._orders()),
        ):
            done = self.plant.imports(kind, self.plant.file("\n".join(rows) + "\n", f"{kind}.csv"))
            assert done.code == 0, done.err

    @property
    def day(self) -> date:
        """The last closed production day."""
        return self.today - timedelta(days=1)

    def values(self, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
        """What `smartwings kpi` says, by KPI and scope."""
        done = run("kpi", str(self.site_file), "--json", *arguments)
        assert done.code == 0, done.err
        return {(one["kpi"], one["scope"]): one for one in json.loads(done.out)["values"]}

    def _readings(self) -> list[str]:
        """Both presses make pieces around the clock; the second stands still for half an hour a day, and its counter
        starts again from 0 once."""
        rows = ["time,tag,value"]
        start = self.end - timedelta(days=DAYS)
        energy = 1000.0
        counts = {"press1.good": 0, "press1.scrap": 0, "press2.good": 50_000, "press2.scrap": 0}
        for step in range(int((self.end - start) / STEP) + 1):
            at = start + step * STEP
            stands = at.hour == 14 and at.minute < 30
            hour_of_day = at.hour + at.minute / 60
            energy += 8.0 + (4.0 if 9 <= hour_of_day < 18 else 0.0)
            counts["press1.good"] += 28
            counts["press1.scrap"] += 1 if step % 3 == 0 else 0
            counts["press2.good"] += 0 if stands else 27
            counts["press2.scrap"] += 0 if stands else 1
            if at == self.end - timedelta(hours=6):
                counts["press2.good"] = 5
            states = {"press1.state": 2 if at.hour == 20 and at.minute < 20 else 1, "press2.state": 3 if stands else 1}
            for tag, value in {**counts, **states, "main.energy": energy}.items():
                rows.append(f"{at.isoformat()},{tag},{value}")
        return rows

    def _quantities(self) -> list[str]:
        rows = ["time,work_unit,produced,good,scrap,rework,reason"]
        for shift in range(2 * DAYS):
            at = self.end - timedelta(hours=12 * shift + 2)
            rows.append(f"{at.isoformat()},press1,,,2,1,burr")
            rows.append(f"{at.isoformat()},press1,,,1,,dent")
        return rows

    def _orders(self) -> list[str]:
        rows = ["order_id,line_id,product,quantity,due_date,customer,status,delivered_quantity,delivered_date"]
        monday = self.today - timedelta(days=self.today.weekday() + 7)
        for number in range(12):
            due = monday + timedelta(days=number % 5)
            shipped = due + timedelta(days=2 if number % 4 == 0 else 0)
            done = f"100,{shipped}" if number != 5 else ","
            rows.append(f"SO-{number},1,P-100,100,{due},Daehan Motors,open,{done}")
        rows.append(f"SO-99,1,P-200,40,{self.today + timedelta(days=3)},Seojin Tech,open,,")
        return rows
