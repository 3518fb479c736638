"""DuckDB and Parquet on the same readings: columnar.py FOLDER TAG START_US END_US; needs duckdb and pyarrow, no store.

FOLDER has the columns tag, time_us, value, status and received_us as .npy, sorted by tag, then time. Prints JSON:
bytes a reading, and CPU for the increase of a tag over the time, at the best of seven.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROUNDS = 7
NAMES = ("tag", "time_us", "value", "status", "received_us")


def increase(values: np.ndarray) -> float:
    """Of a counter; a drop starts again at 0."""
    steps = np.diff(values)
    return float(np.where(steps < 0, values[1:], steps).sum())


def best_ms(work: Callable[[], float]) -> tuple[float, float]:
    """The least CPU time of some rounds [ms], and what the work gives."""
    took = []
    for _ in range(ROUNDS):
        begun_s = time.process_time()
        found = work()
        took.append(time.process_time() - begun_s)
    return 1000 * min(took), found


def main() -> None:
    """Write, read, print."""
    folder, tag, start_us, end_us = Path(sys.argv[1]), *map(int, sys.argv[2:5])
    table = pa.table({name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in NAMES})
    pq.write_table(table, folder / "readings.parquet", compression="zstd", row_group_size=100_000)
    (folder / "readings.duckdb").unlink(missing_ok=True)
    database = duckdb.connect(str(folder / "readings.duckdb"))
    database.register("arrow_rows", table)
    database.execute("create table reading as select * from arrow_rows order by tag, time_us")
    database.execute("checkpoint")
    database.execute("set threads = 1")
    pa.set_cpu_count(1)
    query = "select value from reading where tag = ? and time_us >= ? and time_us < ? order by time_us"

    def of_duckdb() -> float:
        return increase(database.execute(query, (tag, start_us, end_us)).fetchnumpy()["value"])

    def of_parquet() -> float:
        where = (pc.field("tag") == tag) & (pc.field("time_us") >= start_us) & (pc.field("time_us") < end_us)
        found = pq.read_table(folder / "readings.parquet", columns=["value"], filters=where, use_threads=False)
        return increase(found["value"].to_numpy())

    said = {}
    for name, work, file in (("duckdb", of_duckdb, "readings.duckdb"), ("parquet", of_parquet, "readings.parquet")):
        took_ms, found = best_ms(work)
        size = (folder / file).stat().st_size / len(table)
        said[name] = {"bytes": size, "increase_ms": took_ms, "increase": found}
    print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
