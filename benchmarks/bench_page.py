"""How long does the page take to answer? Trends of four tags over a year down to a minute; live values of 1,000 tags.

Run by hand: `python benchmarks/bench_page.py [FOLDER]`; the store is made once in the folder and used again. Two tags
are read every 10 s for a year (3.15 million readings each), a state every 10 s, and a tag every second for a month (2.6
million readings): what a year of a second would cost shows in how the times grow. Times are medians of CPU time, so
that a busy machine does not decide. Trends: the whole way from the open store to the JSON text. Live: the whole answer
of the page through its application, and one look at the store while every tag changes, as happens twice a second while
somebody looks.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sqlalchemy import Connection  # noqa: E402

from collector.store.journal import JournalEntry  # noqa: E402
from collector.store.readings import append, merge  # noqa: E402
from collector.store.store import reading, transaction, writing  # noqa: E402
from collector.store.tags import register, stored_tags  # noqa: E402
from collector.trend import trend  # noqa: E402
from collector.trend_readings import Window  # noqa: E402
from plant.instant import US_PER_S, instant  # noqa: E402
from plant.reading import Readings  # noqa: E402
from plant.tag import Role, Tag  # noqa: E402

ROUNDS = 7
LIVE_TAGS = 1000
PIXELS = 1000
DAY_S = 86400
YEAR_DAYS, MONTH_DAYS = 365, 30
START_US = instant(datetime(2026, 1, 1, tzinfo=UTC))
SPANS_S = {"year": 365 * DAY_S, "month": 30 * DAY_S, "week": 7 * DAY_S, "day": DAY_S, "hour": 3600, "minute": 60}
TAGS = {  # name: role, seconds between readings, days
    "power": (Role.POWER, 10, YEAR_DAYS),
    "good": (Role.GOOD_COUNT, 10, YEAR_DAYS),
    "state": (Role.STATE, 10, YEAR_DAYS),
    "vibration": (Role.VIBRATION, 1, MONTH_DAYS),
}


def say(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)  # noqa: T201


def median_ms(work: Callable[[], object]) -> float:
    """Median CPU time of a piece of work [ms]."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return 1000 * statistics.median(took)


def _day(rng: np.random.Generator, role: Role, step_s: int, day: int) -> Readings:
    n = DAY_S // step_s
    times = START_US + (day * DAY_S + np.arange(n) * step_s) * US_PER_S
    if role is Role.GOOD_COUNT:
        values = day * n + np.cumsum(rng.integers(0, 3, n)).astype(float)
    elif role is Role.STATE:
        values = (np.cumsum(rng.random(n) < 0.01) % 4).astype(float)
    else:
        values = np.round(50 + 20 * np.sin(np.arange(n) / n * 6.28) + rng.normal(0, 3, n), 2)
    return Readings(times, values, np.zeros(n, dtype=np.uint32), times, np.zeros(n, dtype=np.int64))


def make_store(path: Path) -> None:
    """A store with a year of readings, a day chunk each."""
    rng = np.random.default_rng(4)
    with writing(path) as connection:
        tags = [("line", Tag(name, "press1", role, "")) for name, (role, _, _) in TAGS.items()]
        with transaction(connection):
            stored = register(connection, tags)
        for name, (role, step_s, days) in TAGS.items():
            for day in range(days):
                with transaction(connection):
                    at = day + YEAR_DAYS - days
                    merge(connection, stored[name].id, _day(rng, role, step_s, at))


def trends(connection: Connection) -> None:
    """Four tags over ever shorter windows that end within the year's last day, as JSON."""
    stored = stored_tags(connection)
    end_us = START_US + (YEAR_DAYS * DAY_S - 3600) * US_PER_S
    for name, span_s in SPANS_S.items():
        window = Window(end_us - span_s * US_PER_S, end_us, PIXELS)

        def answer(window: Window = window) -> str:
            connection.rollback()
            found = [trend(connection, stored[tag], window, end_us).json() for tag in TAGS]
            return json.dumps({"trends": found}, allow_nan=False)

        text = json.loads(answer())
        finest = [one["resolution_s"] for one in text["trends"]]
        say(f"trends  {name:<7} {median_ms(answer):7.1f} ms  {len(answer()) / 1000:7.0f} kB  every {finest} s")


def _live_site(folder: Path) -> Path:
    """A site of 1,000 tags on 10 devices, each with a reading."""
    lines = ["plant: {id: kr-bench-0002, time_zone: Asia/Seoul}", "page: {listen: 127.0.0.1:8420}", "devices:"]
    roles = ("temperature", "pressure", "vibration", "current")
    for device in range(10):
        lines += [f"  - id: device{device}", "    protocol: modbus", "    host: 127.0.0.1", "    tags:"]
        for at in range(LIVE_TAGS // 10):
            place = f"name: d{device}.tag{at}, work_unit: unit{at % 7 + device}, role: {roles[at % 4]}"
            lines.append(f"      - {{{place}, table: holding, address: {at * 2}, type: uint16}}")
    (folder / "site.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "site.yaml"


def _read_all(path: Path, value: float) -> None:
    now_us = time.time_ns() // 1000
    with writing(path) as connection:
        ids = np.array([stored.id for stored in stored_tags(connection).values()], dtype=np.uint32)
        connection.rollback()
        times = np.full(len(ids), now_us)
        nothing = np.zeros(len(ids), dtype=np.int64)
        rows = Readings(times, np.full(len(ids), value), nothing.astype(np.uint32), times, nothing)
        with transaction(connection):
            append(connection, JournalEntry(ids, rows))


def live(folder: Path) -> None:
    """The page of 1,000 tags, and a look at what changed."""
    from httpx import ASGITransport, AsyncClient

    from collector.page.app import protected_app
    from collector.page.live_values import LiveValues
    from collector.page.source import Source

    site_file = _live_site(folder)
    source = Source(site_file)
    with writing(source.store) as connection, transaction(connection):
        register(connection, [(device.id, tag.tag()) for device in source.site.devices for tag in device.tags])
    _read_all(source.store, 1.0)

    async def measure() -> None:
        transport = ASGITransport(app=protected_app(source), client=("127.0.0.1", 50000))
        async with AsyncClient(transport=transport, base_url="http://127.0.0.1:8420") as client:
            took, size = [], 0
            for _ in range(ROUNDS + 1):
                began = time.process_time()
                answer = await client.get("/live")
                took.append(time.process_time() - began)
                assert answer.status_code == 200, answer.text
                size = int(answer.headers["content-length"])
        say(f"live    page    {1000 * statistics.median(took[1:]):7.1f} ms  {size / 1000:7.0f} kB compressed")
        values, took = LiveValues(source), []
        for at in range(ROUNDS + 1):
            _read_all(source.store, 2.0 + at)
            began = time.process_time()
            rows = await values.now()
            json.dumps([row.json("ko") for row in rows], ensure_ascii=False)
            took.append(time.process_time() - began)
        say(f"live    look    {1000 * statistics.median(took[1:]):7.1f} ms  {len(rows):7d} rows changed")

    asyncio.run(measure())


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as live_folder:
        live(Path(live_folder))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        path = folder / "page.db"
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            make_store(path)
        say(f"store of {path.stat().st_size / 1e6:.0f} MB")
        with reading(path) as connection:
            trends(connection)


if __name__ == "__main__":
    main()
