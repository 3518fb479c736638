"""How long do a year of quarter hours take from file to KPIs? Three meters, through the command line.

Run by hand: `python benchmarks/bench_year.py`. Prints medians of interleaved runs; the reference in the same run is
Python's csv module reading the same file, so that a busy machine does not decide.
"""

import csv
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROUNDS = 3
SMARTWINGS = [sys.executable, "-c", "from commands.main import main; main()"]
SITE = """\
plant: {id: kr-bench-0001, time_zone: Asia/Seoul}
devices:
  - id: meter
    protocol: modbus
    host: 127.0.0.1
    tags:
      - {name: energy, work_unit: plant, role: energy_import, table: input, address: 0, type: float64}
      - {name: lagging, work_unit: plant, role: reactive_import, table: input, address: 4, type: float64}
      - {name: leading, work_unit: plant, role: reactive_export, table: input, address: 8, type: float64}
"""


def write_year(file: Path) -> None:
    """35,041 readings of each meter, two decimals."""
    start = datetime(2018, 1, 1, tzinfo=UTC)
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("time", "tag", "value"))
        for at in range(365 * 96 + 1):
            moment = (start + timedelta(minutes=15 * at)).isoformat()
            for number, tag in enumerate(("energy", "lagging", "leading"), 1):
                rows.writerow((moment, tag, f"{at * 27.38 / number:.2f}"))


def read_csv(file: Path) -> None:
    """The reference: every cell read once."""
    with file.open(encoding="utf-8", newline="") as source:
        for _ in csv.reader(source):
            pass


def timed(work: Callable[[], object]) -> float:
    """Seconds that a piece of work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def run(folder: Path, *arguments: str) -> None:
    """A command, its output left aside; a failure ends the benchmark."""
    subprocess.run([*SMARTWINGS, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Measure and print."""
    found: dict[str, list[float]] = {"csv alone": [], "import": [], "year": [], "12 months": [], "365 days": []}
    listing = ("kpi", "site.yaml", "--from", "2018-01-01", "--to", "2019-01-01", "--json", "--period")
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "site.yaml").write_text(SITE, encoding="utf-8")
            write_year(folder / "year.csv")
            found["csv alone"].append(timed(lambda: read_csv(folder / "year.csv")))  # noqa: B023
            found["import"].append(timed(lambda: run(folder, "import", "readings", "site.yaml", "year.csv")))  # noqa: B023
            for what, kind in (("year", "year"), ("12 months", "month"), ("365 days", "day")):
                found[what].append(timed(lambda: run(folder, *listing, kind)))  # noqa: B023
    reference = statistics.median(found["csv alone"])
    for what, seconds in found.items():
        median = statistics.median(seconds)
        print(f"{what:<10} {median:7.2f} s   {median / reference:6.1f} x csv alone")  # noqa: T201


if __name__ == "__main__":
    main()
