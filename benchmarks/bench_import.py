"""How fast do readings come in from a file and leave as one, and in how much memory?

Run by hand: `python benchmarks/bench_import.py [--rows 1000000] [--folder FOLDER]`. Three tags of a row a second; the
file, the store and the history are made in a folder that is deleted afterwards. Times are of the wall clock; memory is
the most that this process ever held, with 20,000 rows before the first figure.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from collector.file_import import FileImport  # noqa: E402
from collector.history_rows import csv_parts, history_rows  # noqa: E402
from collector.store.store import reading, writing  # noqa: E402
from collector.store.tags import stored_tags  # noqa: E402
from config.load import load_site  # noqa: E402
from plant.instant import US_PER_S, format_instants  # noqa: E402

NAMES = ("oil", "level", "good")
START_US = 1_700_000_000 * US_PER_S
AT_ONCE = 30_000
SITE = """
plant: {id: bench, time_zone: Asia/Seoul}
devices:
  - id: press
    protocol: modbus
    host: 127.0.0.1
    tags:
      - {name: oil, work_unit: press1, role: temperature, unit: Cel, table: holding, address: 0, type: int16}
      - {name: level, work_unit: press1, role: level, unit: mm, table: holding, address: 1, type: int16}
      - {name: good, work_unit: press1, role: good_count, table: holding, address: 2, type: uint32}
"""


def measured(folder: Path, rows: int) -> dict[str, float]:
    """Rows a second in and out, and the most memory held [MiB], of a file of about so many rows."""
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load_site(folder / "site.yaml")
    count = write_file(folder / "in.csv", rows)
    begun_s = time.perf_counter()
    with writing(folder / "plant.db") as connection:
        FileImport(connection, site, time.time_ns() // 1000).readings([folder / "in.csv"])
    in_s = time.perf_counter() - begun_s
    begun_s = time.perf_counter()
    with reading(folder / "plant.db") as connection, (folder / "out.csv").open("w", encoding="utf-8") as out:
        tags = stored_tags(connection)
        wanted = [tags[name] for name in NAMES]
        out.writelines(csv_parts(history_rows(connection, wanted, 0, 2 * START_US, site.zone)))
    out_s = time.perf_counter() - begun_s
    most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": count, "in_per_s": count / in_s, "out_per_s": count / out_s, "most_mib": most_mib}


def write_file(path: Path, rows: int) -> int:
    """Write a file of about so many rows; how many it has."""
    random = np.random.default_rng(1)
    zone = load_site(path.parent / "site.yaml").zone
    seconds = rows // len(NAMES)
    with path.open("w", encoding="utf-8") as file:
        file.write("time,tag,value\n")
        for first in range(0, seconds, AT_ONCE):
            part = np.arange(first, min(first + AT_ONCE, seconds))
            times = format_instants(START_US + part * US_PER_S, zone)
            values = np.round(random.normal(60, 1, len(part)), 1).tolist()
            both = zip(times, values, part.tolist(), strict=True)
            file.writelines(f"{time},oil,{value}\n{time},level,{value}\n{time},good,{at}\n" for time, value, at in both)
    return seconds * len(NAMES)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        for name, rows in (("few", 20_000), ("many", chosen.rows)):
            found = measured(Path(folder) / name, rows)
            print(  # noqa: T201
                f"{found['rows']:,} rows: in {found['in_per_s']:,.0f}/s, out {found['out_per_s']:,.0f}/s,"
                f" {found['most_mib']:.0f} MiB"
            )


if __name__ == "__main__":
    main()
