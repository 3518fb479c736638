"""A plant with two days of readings, orders, reports and gaps, to ask through its addresses and by command."""

import json
from pathlib import Path
from typing import Any

from collector.store import gaps, reports
from collector.store.reports import StoredReport
from collector.store.store import transaction, writing
from plant.gap import Gap
from plant.instant import parse_instant
from tests.acceptance.plant_files import Plant, run
from tests.acceptance.simulated_plant import free_port

SITE = """
plant: {{id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}}
page: {{listen: 127.0.0.1:{port}}}
shifts: [{{name: day, start: 08:00, end: 20:00}}]
baselines: [{{kpi: defect_rate, scope: plant, value: 0.05, target: 0.01}}]
savings: {{currency: KRW, cost_per_defect: 4200}}
devices:
  - id: line
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    tags:
      - {{name: job, work_unit: press1, role: order_id, node: ns=2;s=Job}}
  - id: press-1
    protocol: modbus
    host: 127.0.0.1
    tags:
      - {{name: good, work_unit: press1, role: good_count, max_rate: 4000, table: holding, address: 0, type: uint32}}
      - {{name: scrap, work_unit: press1, role: scrap_count, max_rate: 4000, table: holding, address: 2, type: uint32}}
      - {{name: state, work_unit: press1, role: state, table: holding, address: 6, type: uint16}}
      - {{name: energy, work_unit: plant, role: energy_import, max_rate: 600, table: holding, address: 8, type: uint32}}
      - {{name: oil, work_unit: press1, role: temperature, unit: Cel, table: holding, address: 10, type: int16}}
"""
FIRST_DAY, LAST_DAY, AS_OF = "2026-11-18", "2026-11-20", "2026-11-20"


class ApiPlant:
    """The plant's folder; `asked` is what a command prints with --json."""

    def __init__(self, folder: Path) -> None:
        self.plant = Plant.made(folder, SITE.format(port=free_port()))
        self.site_file, self.store = Path(self.plant.site), folder / "plant.db"
        self._import("readings", ["time,tag,value,status", *_readings()])
        self._import("orders", ["order_id,quantity,due_date", "4711,100,2026-11-18", "4712,50,2026-11-19"])
        self._import("deliveries", ["order_id,line_id,quantity,delivered_date", "4711,1,100,2026-11-18"])
        with writing(self.store) as connection, transaction(connection):
            gaps.save(connection, _gaps())
            for report in _reports():
                reports.save(connection, report, b"{}")

    def asked(self, command: str, *arguments: str) -> Any:
        """What a command prints as JSON."""
        done = run(command, self.plant.site, *arguments, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def _import(self, kind: str, rows: list[str]) -> None:
        done = self.plant.imports(kind, self.plant.file("\n".join(rows) + "\n", f"{kind}.csv"))
        assert done.code == 0, done.err


def _readings() -> list[str]:
    rows = []
    for at in range(2 * 12 * 60):
        day, minute = 18 + at // 720, at % 720
        time = f"2026-11-{day}T{8 + minute // 60:02d}:{minute % 60:02d}:00+09:00"
        rows += [f"{time},good,{at * 30},Good", f"{time},scrap,{at // 2},Good", f"{time},energy,{at * 2},Good"]
        if minute % 60 == 0:
            rows += [
                f"{time},state,{'Setup' if minute == 0 else 'Executing'},Good",
                f'{time},job,"a ""{at}"" 작업",Good',
            ]
    return [*rows, "2026-11-19T20:00:00+09:00,oil,,BadDeviceFailure"]


def _gaps() -> list[Gap]:
    times = ("2026-11-18T09:00:00+09:00", "2026-11-19T09:00:00+09:00", "2026-11-19T10:00:00+09:00")
    first, second, third = map(parse_instant, times)
    return [
        Gap("press-1", None, first, first + 60_000_000, "no answer"),
        Gap("press-1", "oil", second, third, "skipped"),
        Gap("line", None, third, None, "not connected"),
    ]


def _reports() -> list[StoredReport]:
    made_us = parse_instant("2026-11-19T08:00:05+09:00")
    states = {1: ("accepted", made_us + 9, None), 2: ("rejected", None, "bad signature"), 3: ("pending", None, None)}
    found = []
    for sequence, (state, accepted_us, reason) in states.items():
        label, digest, sent_us = f"2026-11-{17 + sequence}", f"{sequence:064x}", made_us + 1 if accepted_us else None
        named = (f"kr-test-0001/day/{label}/1", "day", label, 1, "provisional", state, digest)
        found.append(StoredReport(1, sequence, *named, made_us, sent_us, accepted_us, reason))
    return found
