"""A plant of files whose values are explained, at a time of the test's choosing."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import time_machine

from tests.acceptance.plant_files import Plant, Ran, run

HEAD = "plant: {id: kr-test-0001, time_zone: Asia/Seoul, production_day_start: 08:00}\n"
DEVICE = """
devices:
  - id: machines
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
"""


class ExplainedPlant:
    """A folder with a site file of one device, and files imported into it. tags: keys of each tag without its node."""

    def __init__(self, folder: Path, settings: str = "", tags: tuple[str, ...] = (), now: str = "2026-11-22") -> None:
        rows = [f"      - {{{keys}, node: ns=2;s={keys.split(',')[0].removeprefix('name: ')}}}" for keys in tags]
        self.plant = Plant.made(folder, HEAD + settings + (DEVICE + "\n".join(rows) if rows else "") + "\n")
        self.now = datetime.fromisoformat(f"{now}T09:00:00+09:00")
        self.store = folder / "plant.db"

    def imported(self, kind: str, *rows: str) -> "ExplainedPlant":
        """Import rows of CSV, the headings first."""
        with time_machine.travel(self.now, tick=False):
            done = self.plant.imports(kind, self.plant.file("\n".join(rows) + "\n", f"{kind}.csv"))
        assert done.code == 0, done.err
        return self

    def asked(self, *arguments: str) -> Ran:
        """What `smartwings kpi` says."""
        return run_at(self.now, "kpi", self.plant.site, *arguments)

    def text(self, kpi: str, *arguments: str) -> str:
        """The explanation of one KPI as text."""
        done = self.asked("--explain", "--kpi", kpi, *arguments)
        assert done.code == 0, done.err
        return done.out

    def json(self, kpi: str, *arguments: str) -> dict[str, Any]:
        """The values and charts of one KPI."""
        done = self.asked("--explain", "--json", "--kpi", kpi, *arguments)
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert isinstance(found, dict)
        return found

    def explanation(self, kpi: str, *arguments: str) -> dict[str, Any]:
        """The explanation of one value."""
        (value,) = self.json(kpi, *arguments)["values"]
        explained = value["explanation"]
        assert isinstance(explained, dict)
        return explained


def run_at(now: datetime, *arguments: str) -> Ran:
    """Run the command line at a time."""
    with time_machine.travel(now, tick=False):
        return run(*arguments)


def at(clock: str, day: str = "2026-11-21") -> str:
    """A time of a day in the plant."""
    return f"{day}T{clock}+09:00"
