"""What does it cost to seal an hour and to merge a day? On a store of its own: sealing.py FOLDER TAGS PERIOD_S HOURS.

The journal is filled as the daemon leaves it (rows gathered), which is not measured; then every hour is sealed, and
where there are 24 of them, the day is merged. Prints CPU-s for a million readings of each, and the memory it took.
"""

import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import numpy as np
from modbus.registers import by_type, live_values
from sqlalchemy import Connection

from collector import housekeeping
from collector.housekeeping import DAY_US, HOUR_US
from collector.store import readings as stored_readings
from collector.store.journal import JournalEntry
from collector.store.recent import GATHERED_READINGS
from collector.store.store import transaction, writing
from collector.store.tags import register
from plant.reading import Readings
from plant.tag import Role, Tag

US_PER_S = 1_000_000
VERSIONS = 3600
START_US = 20_000 * DAY_US


def fill(connection: Connection, ids: np.ndarray, period_s: float, start_us: int) -> int:
    """An hour of readings of all tags, in rows as large as gathered ones; how many readings."""
    values = np.concatenate([live_values(by_type().runs, VERSIONS, start_us // HOUR_US)] * -(-len(ids) // 550), axis=1)[
        :, : len(ids)
    ]
    polls = round(3600 / period_s)
    together = max(1, GATHERED_READINGS // len(ids))
    for first in range(0, polls, together):
        at = np.arange(first, min(polls, first + together))
        times = start_us + (at * period_s * US_PER_S).astype(np.int64)[:, None] + np.arange(len(ids)) // 61 * 997
        n, zero = times.size, np.zeros(times.size, np.int64)
        found = Readings(times.ravel(), values[at % VERSIONS].ravel(), zero.astype(np.uint32), times.ravel() + 90, zero)
        with transaction(connection):
            stored_readings.append(connection, JournalEntry(np.tile(ids, len(at)), found))
        assert n == len(found)
    return polls * len(ids)


def main() -> None:
    """Fill, then measure."""
    folder, tags, period_s, hours = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    stored_readings.update_latest = lambda *_: None  # filling is not measured, and need not know what is the latest
    sealed, sealing_s, merging_s = 0, 0.0, 0.0
    with writing(folder / "plant.db") as connection:
        with transaction(connection):
            rows = register(connection, [("d", Tag(f"t{n}", "w", Role.OTHER, "")) for n in range(tags)])
        ids = np.array([tag.id for tag in rows.values()], dtype=np.uint32)
        for hour in range(hours):
            sealed += fill(connection, ids, period_s, START_US + hour * HOUR_US)
            begun_s = time.process_time()
            with transaction(connection):
                new = housekeeping.seal_hours(connection, START_US + (hour + 1) * HOUR_US + HOUR_US // 2)
            sealing_s += time.process_time() - begun_s
            assert new == sealed // (hour + 1)
        if hours == 24:
            begun_s = time.process_time()
            with transaction(connection):
                merged = housekeeping.merge_days(connection, START_US + 2 * DAY_US)
            merging_s = time.process_time() - begun_s
            assert merged == tags
        size = connection.exec_driver_sql("select sum(length(payload)) from chunk").scalar_one()
    said = {"readings": sealed, "seal_s": sealing_s, "merge_s": merging_s, "bytes": size / sealed}
    said["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(said), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
