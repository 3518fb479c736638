"""A work-centre table, as plants keep it in a spreadsheet, imported as states and hand counts: its own printed figures.

A row of the table is a shift of a work centre: planned and stopped minutes, item, ideal cycle, pieces made and good.
Stops become states, what was booked for maintenance planned downtime, pieces hand counts; what the table says of the
shift must come out of the command line.
"""

import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import time_machine

from tests.acceptance.plant_files import Plant, run, table

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = datetime(2026, 11, 16, 6, tzinfo=SEOUL)
NOW = datetime(2026, 12, 1, 9, tzinfo=SEOUL)
SHIFTS = ("A", "B", "C")
CENTRES = ("CNC-01", "CNC-02", "조립")
CYCLES_S = {"10-4711/B": 12.5, "10-4712": 36.0, "하우징 7": 61.25}
BREAK_MIN, SHIFT_MIN = 30, 480

SITE = """
plant: {id: kr-ansan-0421, time_zone: Asia/Seoul, production_day_start: 06:00}
shifts:
  - {name: A, start: 06:00, end: 14:00, breaks: [10:00-10:30], days: [mon, tue, wed, thu, fri, sat]}
  - {name: B, start: 14:00, end: 22:00, breaks: [18:00-18:30], days: [mon, tue, wed, thu, fri, sat]}
  - {name: C, start: 22:00, end: 06:00, breaks: [02:00-02:30], days: [mon, tue, wed, thu, fri, sat]}
products:
  10-4711/B: {planned_run_time_s: 12.5}
  10-4712: {planned_run_time_s: 36}
  하우징 7: {planned_run_time_s: 61.25}
devices:
  - id: paper
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:4840
    security: none
    tags:
      - {name: c1.state, work_unit: CNC-01, role: state, node: s=1}
      - {name: c2.state, work_unit: CNC-02, role: state, node: s=2}
      - {name: c3.state, work_unit: assembly, role: state, node: s=3}
"""
UNITS = {"CNC-01": ("CNC-01", "c1.state"), "CNC-02": ("CNC-02", "c2.state"), "조립": ("assembly", "c3.state")}


@dataclass(frozen=True)
class Row:
    """A row of the table; the figures at its right are the spreadsheet's own."""

    centre: str
    start: datetime
    shift: str
    booked_min: int
    stopped_min: int
    item: str
    made: int
    good: int

    @property
    def planned_min(self) -> int:
        return SHIFT_MIN - BREAK_MIN - self.booked_min

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=SHIFT_MIN)

    @property
    def printed(self) -> tuple[float, float | None, float | None, float]:
        """Availability, performance, quality and OEE; none where nothing ran or nothing was made."""
        run_min = self.planned_min - self.stopped_min
        cycle_min = CYCLES_S[self.item] / 60
        availability = run_min / self.planned_min
        performance = self.made * cycle_min / run_min if run_min else None
        quality = self.good / self.made if self.made else None
        return availability, performance, quality, self.good * cycle_min / self.planned_min


def rows() -> Iterator[Row]:
    """Two weeks of three shifts; among them a shift without production, and one without any good piece."""
    luck = random.Random(421)
    for centre in CENTRES:
        for day in range(12):
            for number, shift in enumerate(SHIFTS):
                start = MONDAY + timedelta(days=day + day // 6, hours=8 * number)
                item = luck.choice(list(CYCLES_S))
                booked = luck.choice((0, 0, 0, 60, 200))
                stopped = luck.choice((0, 3, 17, 47, luck.randrange(0, 450 - booked)))
                most = (450 - booked - stopped) * 60 / CYCLES_S[item]
                made = round(most * luck.uniform(0.6, 1.02))
                good = made - luck.randrange(0, 1 + made // 8)
                if (day, shift) == (3, "B"):
                    booked, stopped, made, good = 0, 450, 0, 0
                if (day, shift) == (8, "C"):
                    good = 0
                yield Row(centre, start, shift, booked, stopped, item, made, good)


TABLE = list(rows())


def states(row: Row) -> list[list[object]]:
    """The stop is put at the start of the shift; a break in it is no part of it."""
    name = UNITS[row.centre][1]
    pause = row.start + timedelta(hours=4)
    run = row.start + timedelta(minutes=row.stopped_min)
    if run > pause:
        run += timedelta(minutes=BREAK_MIN)
    stop = [[row.start.isoformat(), name, "NotExecuting"]] if row.stopped_min else []
    return [*stop, *([[run.isoformat(), name, "Executing"]] if row.stopped_min < row.planned_min else [])]


def counts(row: Row) -> list[object]:
    return [row.end.isoformat(), UNITS[row.centre][0], row.made, row.good, row.made - row.good, row.item]


def site() -> str:
    """The site file, with the maintenance that the table has booked, always at the end of a shift."""
    booked = [
        f'    - {{from: "{row.end - timedelta(minutes=row.booked_min)}", to: "{row.end}",'
        f" work_units: [{UNITS[row.centre][0]}], reason: maintenance}}"
        for row in TABLE
        if row.booked_min
    ]
    return SITE + "calendar:\n  planned_downtime:\n" + "\n".join(booked) + "\n"


def workbook(head: list[str], body: list[list[object]]) -> bytes:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for cells in [head, *body]:
        sheet.append(cells)
    book.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    made = Plant.made(tmp_path_factory.mktemp("table") / "plant", site())
    last = [[NOW.isoformat(), name, "NotExecuting"] for _, name in UNITS.values()]
    read = made.file(
        ("time,tag,value\n" + table(*(one for row in TABLE for one in states(row)), *last)).encode("cp949")
    )
    head = ["time", "work_unit", "produced", "good", "scrap", "product"]
    counted = made.file(workbook(head, [counts(row) for row in TABLE]), "counts.xlsx")
    with time_machine.travel(NOW, tick=False):
        assert made.imports("readings", read).code == 0
        done = made.imports("quantities", counted)
        assert (done.code, done.err) == (0, "")
    return made


Values = dict[str, dict[str, dict[str, object]]]


def values(plant: Plant, scope: str, *asked: str) -> Values:
    with time_machine.travel(NOW, tick=False):
        done = run("kpi", plant.site, "--json", "--scope", scope, *asked)
    assert done.code == 0, done.err
    found: Values = {}
    for value in json.loads(done.out)["values"]:
        found.setdefault(value["period"]["label"], {})[value["kpi"]] = value
    return found


KPIS = ("availability", "effectiveness", "quality_ratio", "oee")
ASKED = [word for kpi in KPIS for word in ("--kpi", kpi)]


@pytest.mark.parametrize("centre", CENTRES)
def test_every_shift_has_the_figures_of_the_table(plant: Plant, centre: str) -> None:
    found = values(plant, UNITS[centre][0], "--period", "shift", "--from", "2026-11-16", "--to", "2026-11-30", *ASKED)
    own = [row for row in TABLE if row.centre == centre]
    assert len(found) == len(own) == 36
    for row in own:
        for kpi, printed in zip(KPIS, row.printed, strict=True):
            value = found[f"{row.start.date()}/{row.shift}"][kpi]
            assert value["value"] == (None if printed is None else pytest.approx(printed, rel=1e-12)), (row, kpi)
            assert (value["coverage"], value["grade"]) == (1, "good"), (row, kpi)
            assert value["reason"] == (None if printed is not None else "no_denominator"), (row, kpi)


def test_the_plant_over_both_weeks_is_sums_over_sums(plant: Plant) -> None:
    span = ("--period", "range", "--from", "2026-11-16", "--to", "2026-11-30")
    (found,) = values(plant, "plant", *span, *ASKED).values()
    planned_s = sum(row.planned_min * 60 for row in TABLE)
    run_s = planned_s - sum(row.stopped_min * 60 for row in TABLE)
    made_s = sum(row.made * CYCLES_S[row.item] for row in TABLE)
    good_s = sum(row.good * CYCLES_S[row.item] for row in TABLE)
    made, good = sum(row.made for row in TABLE), sum(row.good for row in TABLE)
    wanted = (run_s / planned_s, made_s / run_s, good / made, good_s / planned_s)
    assert [found[kpi]["value"] for kpi in KPIS] == pytest.approx(wanted, rel=1e-12)
    assert {tuple(found[kpi]["flags"]) for kpi in KPIS} == {(), ("manual",)}  # type: ignore[arg-type]


def test_days_and_weeks_hold_their_shifts(plant: Plant) -> None:
    for period, first in (("day", "2026-11-20"), ("week", "2026-11-16")):
        (found,) = values(plant, "CNC-01", "--period", period, "--at", first, *ASKED).values()
        length = timedelta(days=1 if period == "day" else 7)
        start = datetime.fromisoformat(f"{first}T06:00:00+09:00")
        own = [row for row in TABLE if row.centre == "CNC-01" and start <= row.start < start + length]
        assert found["oee"]["denominator"] == sum(row.planned_min * 60 for row in own)
        assert found["oee"]["numerator"] == pytest.approx(sum(row.good * CYCLES_S[row.item] for row in own))


def test_an_item_has_the_pieces_of_all_work_centres(plant: Plant) -> None:
    span = ("--period", "range", "--from", "2026-11-16", "--to", "2026-11-30")
    for item in CYCLES_S:
        (found,) = values(
            plant, f"product:{item}", *span, "--kpi", "produced_quantity", "--kpi", "good_quantity"
        ).values()
        own = [row for row in TABLE if row.item == item]
        assert found["produced_quantity"]["value"] == sum(row.made for row in own)
        assert found["good_quantity"]["value"] == sum(row.good for row in own)


def test_importing_the_table_again_changes_nothing(plant: Plant, tmp_path: Path) -> None:
    head = ["time", "work_unit", "produced", "good", "scrap", "product"]
    again = plant.file(workbook(head, [counts(row) for row in TABLE]), "again.xlsx")
    done = plant.imports("quantities", again, "--json")
    assert (done.json["files"][0]["new"], done.json["files"][0]["unchanged"]) == (0, len(TABLE))
