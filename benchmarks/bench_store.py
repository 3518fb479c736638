"""Is the store as fast and as small as it is to be? Against a row table, DuckDB and Parquet.

Run by hand on a quiet machine with two cores: `python benchmarks/bench_store.py [--only ingest,rate,size,ten,hundred,
year] [--rounds 3] [--window 60] [--json FILE] [--columnar FOLDER]`. `ingest`: as fast as it goes, each commit durable,
hours sealed, in turn with rows of a table through SQLAlchemy Core. `rate`: 200,000 readings a second for a minute,
and 100,000, then more until it gives way. `size`: a day of 100 tags at 1 Hz. `ten`, `hundred`: queries among so many
million readings, half of them of tags read every 10 s; `ten` with the row table, and with DuckDB and Parquet in an
environment of their own (`--columnar FOLDER` keeps it). `year`: what a trend of a year takes. Queries: median CPU time,
nothing kept from one to the next.
"""

import argparse
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from modbus.figures import Run, say  # noqa: E402
from modbus.processes import contender  # noqa: E402
from sqlalchemy import Connection  # noqa: E402
from store import row_table  # noqa: E402
from store.mix import DAY_US, START_US, Mix, kind_of  # noqa: E402

from collector.store.journal import JournalEntry  # noqa: E402
from collector.store.journal_rows import joined_entries  # noqa: E402
from collector.store.latest import latest  # noqa: E402
from collector.store.readings import append, merge, series  # noqa: E402
from collector.store.store import reading, transaction, writing  # noqa: E402
from collector.store.tags import StoredTag, register, stored_tags  # noqa: E402
from collector.trend import trend  # noqa: E402
from collector.trend_readings import Window  # noqa: E402
from kpi.counter import Restarting, counter_steps  # noqa: E402
from kpi.series import TagSeries  # noqa: E402
from plant.reading import Readings  # noqa: E402

PARTS = ("ingest", "rate", "size", "ten", "hundred", "year")
HERE = Path(__file__).resolve().parent / "store"
ROUNDS = 7
TAGS = 1_000
MONTH_DAYS, YEAR_DAYS = 30, 365
END_US = START_US + MONTH_DAYS * DAY_US
COUNTER, POWER = 4, 3
"""Tags of a mix."""
NEVER = Restarting(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
EVERY_S = 10
FEW = {EVERY_S: tuple(range(22)), 1: (POWER, COUNTER)}
MANY = {EVERY_S: tuple(range(190)), 1: tuple(range(20))}
"""Tags by seconds between readings: 11 and 101 million readings a month."""
RATES = (200_000, 400_000, 800_000, 1_200_000, 1_600_000)
COLUMNAR = ("duckdb==1.4.2", "pyarrow==22.0.0", "numpy")


def ingest(run: Run) -> None:
    """Flat out, in turn."""
    for _ in range(run.rounds):
        for name, seconds in (("row table", 20), ("ours", 1)):
            _note(run, "ingest", name, name, 0, seconds)
    run.judge("durable ingest, sealing included, over the row table", 5, run.over("ingest", "ours", "row table"))


def rate(run: Run) -> None:
    """As many as must be sustained, and more until it gives way; the memory at half of it."""
    found = _note(run, "rate", "100,000/s", "ours", 100_000, 45)
    run.judge("memory of the writer at 100,000 readings/s [MB]", 150, found["rss_mb"], most=True)
    for asked in RATES:
        found = _note(run, "rate", f"{asked:,}/s", "ours", asked, run.window_s)
        sustained = found["values_per_s"] > 0.95 * asked
        if asked == RATES[0]:
            run.judge("readings/s sustained on one core", 0.95 * asked, found["values_per_s"])
            run.judge("commits meanwhile, p99 [ms]", 250, found["p99_ms"], most=True)
        if not sustained or found["p99_ms"] > 1000:
            run.notes.append(
                f"at {asked:,}/s it gives way: {found['cores']:.2f} of a core, p99 {found['p99_ms']:.0f} ms"
            )
            return


def _note(run: Run, part: str, name: str, kind: str, asked: float, seconds: float) -> dict[str, float]:
    command: list[str | Path] = [sys.executable, HERE / "ingest.py", kind, run.folder / "ingest", str(TAGS)]
    found = contender([*command, str(asked), str(seconds)], seconds * 60 + 600)
    run.note(part, name, **found)
    return found


def size(run: Run) -> None:
    """A day of tags at 1 Hz, sealed and merged: payloads, and pages of the file."""
    mix = Mix(100, 1.0)
    with filled(run.folder, {1: tuple(range(mix.tags))}, 1) as connection:
        rows = connection.exec_driver_sql("select key >> 40, sum(length(payload)), sum(readings) from chunk group by 1")
        by_kind: dict[str, list[float]] = {}
        for tag_id, held, readings in rows:
            by_kind.setdefault(kind_of(_number(connection, tag_id)), []).append(held / readings)
        shared = connection.exec_driver_sql("select sum(length(payload)) from stamp").scalar_one()
        pages = "select (page_count - freelist_count) * page_size from pragma_page_count, pragma_freelist_count,"
        total = connection.exec_driver_sql(f"{pages} pragma_page_size").scalar_one()
        readings = connection.exec_driver_sql("select sum(readings) from chunk").scalar_one()
    each = shared / readings
    for kind, found in by_kind.items():
        run.note("size", kind, bytes=statistics.mean(found), with_stamps=statistics.mean(found) + each)
    run.note("size", "mix, whole file", bytes=total / readings, stamps=each)
    run.judge("bytes a reading, mix at 1 Hz, all pages of the file", 5, total / readings, most=True)
    slow = max(run.median("size", kind, "with_stamps") for kind in ("state", "slow counter"))
    run.judge("bytes a reading, states and slow counters, with stamps", 0.5, slow, most=True)


def _number(connection: Connection, tag_id: int) -> int:
    name = connection.exec_driver_sql("select name from tag where id = ?", (tag_id,)).scalar_one()
    return int(name.rpartition("t")[2])


@contextmanager
def filled(folder: Path, tags: dict[int, tuple[int, ...]], days: int) -> Iterator[Connection]:
    """A store of our own with these tags of mixes, in day chunks."""
    path = folder / "plant.db"
    begun_s = time.monotonic()
    with writing(path) as connection:
        for step_s, numbers in tags.items():
            mix = Mix(max(numbers) + 1, float(step_s))
            with transaction(connection):
                stored = register(connection, mix.registered())
            for day in range(days):
                with transaction(connection):
                    for number in numbers:
                        found = mix.readings(number, START_US + day * DAY_US, 86_400 // step_s)
                        merge(connection, stored[f"s{step_s}.t{number}"].id, found)
    with reading(path) as connection:
        held = connection.exec_driver_sql("select sum(readings) from chunk").scalar_one()
        say(f"  {held:,} readings in {path.stat().st_size / held:.2f} bytes each, {time.monotonic() - begun_s:.0f} s")
        connection.rollback()
        yield connection
    for file in folder.glob("plant.db*"):
        file.unlink()


def queries(run: Run, part: str, connection: Connection) -> None:
    """What a month of a tag takes, among all readings."""
    stored = stored_tags(connection)
    for step_s, most_ms in ((EVERY_S, 20), (1, 120)):
        counter, power = stored[f"s{step_s}.t{COUNTER}"], stored[f"s{step_s}.t{POWER}"]
        took = median_ms(connection, lambda c=counter: increase(c, series(connection, c.id, START_US, END_US)))
        run.note(part, f"ours, every {step_s} s", increase_ms=took)
        run.judge(f"{part}: increase of a month every {step_s} s [ms]", most_ms, took, most=True)
        window = Window(START_US, END_US, MONTH_DAYS * 96)
        took = median_ms(connection, lambda p=power, w=window: trend(connection, p, w, END_US))
        run.note(part, f"peaks, every {step_s} s", peaks_ms=took)
        run.judge(f"{part}: quarter-hour peaks of a month every {step_s} s [ms]", 20, took, most=True)


def increase(counter: StoredTag, readings: Readings) -> float:
    """As a KPI works it out."""
    steps = counter_steps(TagSeries(counter.tag, readings), NEVER)
    return float(steps.amount.sum())


def median_ms(connection: Connection, work: Callable[[], object]) -> float:
    """Median CPU time of a piece of work, each in a transaction of its own [ms]."""
    took = []
    for _ in range(ROUNDS):
        connection.rollback()
        begun_s = time.process_time()
        work()
        took.append(time.process_time() - begun_s)
    return 1000 * statistics.median(took)


def ten(run: Run) -> None:
    """Ten million readings, also as rows, in DuckDB and in Parquet."""
    with filled(run.folder, FEW, MONTH_DAYS) as connection:
        queries(run, "ten", connection)
        counter = stored_tags(connection)[f"s{EVERY_S}.t{COUNTER}"]
        expected = increase(counter, series(connection, counter.id, START_US, END_US))
        with row_table.opened(run.folder / "rows.db") as rows:
            for entry in days_of(FEW):
                row_table.append(rows, entry)
            for step_s in FEW:
                tag = 1000 * step_s + COUNTER
                took = median_ms(rows, lambda t=tag: increase(counter, row_table.series(rows, t, START_US, END_US)))
                run.note("ten", f"row table, every {step_s} s", increase_ms=took)
                theirs = took / run.median("ten", f"ours, every {step_s} s", "increase_ms")
                run.judge(f"ten: increase of a month every {step_s} s, the row table over ours", 15, theirs)
            found = increase(counter, row_table.series(rows, 1000 * EVERY_S + COUNTER, START_US, END_US))
            if not math.isclose(found, expected):
                raise SystemExit(f"the row table gives {found}, the store {expected}")
    held = sum(len(numbers) * 86_400 // step_s for step_s, numbers in FEW.items()) * MONTH_DAYS
    run.note("ten", "row table", bytes=(run.folder / "rows.db").stat().st_size / held)
    columnar(run)


def days_of(tags: dict[int, tuple[int, ...]]) -> Iterator[JournalEntry]:
    """Day by day, all tags of a day in order of time, as they would arrive; ids: 1000 times the step, plus the tag."""
    for day in range(MONTH_DAYS):
        parts = []
        for step_s, numbers in tags.items():
            mix = Mix(max(numbers) + 1, float(step_s))
            for number in numbers:
                found = mix.readings(number, START_US + day * DAY_US, 86_400 // step_s)
                parts.append(JournalEntry(np.full(len(found), 1000 * step_s + number, dtype=np.uint32), found))
        whole = joined_entries(parts)
        yield whole[np.argsort(whole.readings.times_us, kind="stable")]


def columnar(run: Run) -> None:
    """DuckDB and Parquet, in a Python of their own."""
    python = run.environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", run.environment], check=True)
        done = subprocess.run([python, "-m", "pip", "install", "--quiet", *COLUMNAR], check=False)
        if done.returncode:
            run.notes.append("DuckDB and Parquet are not measured: pip install failed")
            return
    folder = run.folder / "columns"
    folder.mkdir()
    whole = joined_entries(days_of(FEW))
    whole = whole[np.lexsort((whole.readings.times_us, whole.tag_ids))]
    found = whole.readings
    for name, column in (
        ("tag", whole.tag_ids),
        ("time_us", found.times_us),
        ("value", found.values),
        ("status", found.status),
        ("received_us", found.received_us),
    ):
        np.save(folder / f"{name}.npy", column)
    for step_s in FEW:
        tag = 1000 * step_s + COUNTER
        said = contender([python, HERE / "columnar.py", folder, str(tag), str(START_US), str(END_US)], 900)
        for name, figures in said.items():
            run.note("ten", f"{name}, every {step_s} s", **figures)
    shutil.rmtree(folder)


def hundred(run: Run) -> None:
    """A hundred million readings."""
    with filled(run.folder, MANY, MONTH_DAYS) as connection:
        queries(run, "hundred", connection)


def year(run: Run) -> None:
    """A year of a tag on 2,000 pixels, and the newest of 1,000 tags."""
    with filled(run.folder, {EVERY_S: (COUNTER, POWER)}, YEAR_DAYS) as connection:
        power = stored_tags(connection)[f"s{EVERY_S}.t{POWER}"]
        end_us = START_US + YEAR_DAYS * DAY_US
        took = median_ms(connection, lambda: trend(connection, power, Window(START_US, end_us, 2000), end_us))
        run.judge("a year on 2,000 pixels [ms]", 100, took, most=True)
    path = run.folder / "latest.db"
    with writing(path) as connection:
        mix = Mix(TAGS, 1.0)
        with transaction(connection):
            ids = [stored.id for stored in register(connection, mix.registered()).values()]
        parts = [
            JournalEntry(np.full(9, at, dtype=np.uint32), mix.readings(n, START_US, 9)) for n, at in enumerate(ids)
        ]
        with transaction(connection):
            append(connection, joined_entries(parts))
    with writing(path), reading(path) as connection:
        took = median_ms(connection, lambda: latest(connection))
    run.judge(f"the newest of {TAGS:,} tags [ms]", 1, took, most=True)
    path.unlink()


def main() -> None:
    """Measure and print; exit code 1 where a floor is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts with commas between: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=float, default=60.0, help="seconds for which a rate is held")
    parser.add_argument(
        "--columnar", type=Path, help="the environment of DuckDB and pyarrow; made where it is not there"
    )
    parser.add_argument("--json", type=Path, help="where to write all figures")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    environment = options.columnar or folder / "environment"
    run = Run(folder, tuple(options.only.split(",")), 0.0, options.window, options.rounds, environment)
    try:
        for part in PARTS:
            if part in run.only:
                say(part)
                globals()[part](run)
    finally:
        shutil.rmtree(folder)
    run.show()
    if options.json:
        run.write(options.json)
    sys.exit(0 if run.passed else 1)


if __name__ == "__main__":
    main()
