"""How fast do readings come in from a file and leave as one, and in how much memory?

Run by hand: `python benchmarks/bench_import.py [--rows 1000000] [--folder FOLDER] [--live]`. Three tags of a row a
second; the file, the store and the history are made in a folder that is deleted afterwards. Times are of the wall
clock; memory is the most that this process ever held, with 20,000 rows before the first figure. With `--live`: how long
a collector's commits take, of a reading of each of 1,000 tags ten times a second, while it imports the file, in the
same process and through the same writer as in `smartwings run`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from collector.acquisition import now_us  # noqa: E402
from collector.answers import Answers  # noqa: E402
from collector.file_import import FileImport  # noqa: E402
from collector.history_rows import csv_parts, history_rows  # noqa: E402
from collector.log_lines import LogLines  # noqa: E402
from collector.store.gathering import gather  # noqa: E402
from collector.store.journal import JournalEntry  # noqa: E402
from collector.store.readings import append  # noqa: E402
from collector.store.store import reading, writing  # noqa: E402
from collector.store.tags import register, stored_tags  # noqa: E402
from collector.store.writer import Writer  # noqa: E402
from config.load import load_site  # noqa: E402
from plant.instant import US_PER_S  # noqa: E402
from plant.instant_column import format_instants  # noqa: E402
from plant.reading import Readings  # noqa: E402

NAMES = ("oil", "level", "good")
START_US = 1_700_000_000 * US_PER_S
AT_ONCE = 30_000
LIVE_TAGS, LIVE_EVERY_S, LIVE_GATHER_S, LIVE_ALONE_S = 1_000, 0.1, 20.0, 10.0
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
    return {"rows": count, "in_per_s": count / in_s, "out_per_s": count / out_s, "most_mib": most_mib()}


def most_mib() -> float:
    """The most memory that this program ever held [MiB]; `getrusage` would count what its parent held too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measured_live(folder: Path, rows: int) -> dict[str, float]:
    """Length of a collector's commits [s] while it imports a file of about so many rows, and alone (alone_*)."""
    folder.mkdir()
    (folder / "site.yaml").write_text(SITE, encoding="utf-8")
    count = write_file(folder / "in.csv", rows)
    return asyncio.run(_live(folder)) | {"rows": count}


async def _live(folder: Path) -> dict[str, float]:
    site = load_site(folder / "site.yaml")
    writer = Writer(folder / "plant.db")
    writer.open()
    names = [f"live{at}" for at in range(LIVE_TAGS)]
    like = site.devices[0].tags[0].tag()
    tags = await writer.write(
        lambda connection: register(connection, [("live", replace(like, name=name)) for name in names])
    )
    tag_ids = np.array([tags[name].id for name in names], dtype=np.uint32)
    alone = await _commits(writer, tag_ids, asyncio.create_task(asyncio.sleep(LIVE_ALONE_S)))
    answers = Answers(site, writer, _unasked, {}, LogLines(), folder / "site.yaml", asyncio.Event())
    request = {"command": "import", "kind": "readings", "files": [str(folder / "in.csv")]}
    begun_s = time.perf_counter()
    asked = asyncio.create_task(answers.answer(request | {"replace": False, "skip_bad": False}))
    meanwhile = await _commits(writer, tag_ids, asked)
    took_s = time.perf_counter() - begun_s
    writer.close()
    if not asked.result()["ok"]:
        raise RuntimeError(asked.result()["message"])
    return _spread("alone", alone) | _spread("meanwhile", meanwhile) | {"took_s": took_s}


async def _commits(writer: Writer, tag_ids: NDArray[np.uint32], until: asyncio.Task[Any]) -> list[float]:
    """Commit a reading of each tag again and again until a task ends; how long each commit took [s], from when it was
    due: one that is late because the process was busy counts as long as it was late."""
    took_s = []
    due_s = gathered_s = time.perf_counter()
    none = np.zeros(len(tag_ids), dtype=np.int64)
    while not until.done():
        due_s += LIVE_EVERY_S
        await asyncio.sleep(max(due_s - time.perf_counter(), 0))
        times = np.full(len(tag_ids), now_us())
        found = Readings(times, np.ones(len(tag_ids)), none.astype(np.uint32), times, none)
        entry = JournalEntry(tag_ids, found)
        await writer.write(lambda connection: append(connection, entry))  # noqa: B023
        took_s.append(time.perf_counter() - due_s)
        due_s = max(due_s, time.perf_counter() - LIVE_EVERY_S)
        if time.perf_counter() - gathered_s > LIVE_GATHER_S:
            gathered_s = time.perf_counter()
            await writer.write(gather)
    return took_s


def _spread(name: str, took_s: list[float]) -> dict[str, float]:
    p50_s, p99_s = np.quantile(took_s, [0.5, 0.99]).tolist()
    return {f"{name}_p50_s": p50_s, f"{name}_p99_s": p99_s, f"{name}_max_s": max(took_s), f"{name}_n": len(took_s)}


def _unasked() -> NoReturn:
    raise RuntimeError("nobody asks for the status")


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
    options.add_argument("--live", action="store_true")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        if chosen.live:
            live = measured_live(Path(folder) / "live", chosen.rows)
            print(f"{live['rows']:,} rows in {live['took_s']:.0f} s beside a collector")  # noqa: T201
            for name in ("alone", "meanwhile"):
                p50, p99, most = (1000 * live[f"{name}_{part}_s"] for part in ("p50", "p99", "max"))
                print(  # noqa: T201
                    f"commits {name}: {live[name + '_n']:.0f},"
                    f" p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {most:.0f} ms"
                )
            return
        for name, rows in (("few", 20_000), ("many", chosen.rows)):
            found = measured(Path(folder) / name, rows)
            print(  # noqa: T201
                f"{found['rows']:,} rows: in {found['in_per_s']:,.0f}/s, out {found['out_per_s']:,.0f}/s,"
                f" {found['most_mib']:.0f} MiB"
            )


if __name__ == "__main__":
    main()
