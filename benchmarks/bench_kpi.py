"""What does a KPI cost? A reading, a day of 50 machines, a month of kept days, and a day with years behind it.

Run by hand: `python benchmarks/bench_kpi.py [readings|day|history …]`; without arguments all of it, with history up to
10 million readings (`history 100` for 100 million; that takes some minutes and 200 MB). Times are medians of
interleaved runs; ratios are against a reference of the same run.
"""

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

from collector.evaluation import Evaluation  # noqa: E402
from collector.kept_records import missing_records  # noqa: E402
from collector.store.readings import merge  # noqa: E402
from collector.store.store import reading, transaction, writing  # noqa: E402
from collector.store.tags import StoredTag, register  # noqa: E402
from config.load import load_site  # noqa: E402
from config.site import Site  # noqa: E402
from kpi.counter import Restarting, counter_steps  # noqa: E402
from kpi.counter_record import counter_record  # noqa: E402
from kpi.gauge_record import gauge_record  # noqa: E402
from kpi.series import TagSeries  # noqa: E402
from plant.instant import US_PER_S, instant  # noqa: E402
from plant.kpi_id import KpiId  # noqa: E402
from plant.period import PeriodKind, day_period  # noqa: E402
from plant.reading import Readings  # noqa: E402
from plant.tag import CounterRules, Restarts, Role, Tag  # noqa: E402

ROUNDS = 7
MACHINES = 50
DAY_S = 86400
DAY_US = DAY_S * US_PER_S
START_US = instant(datetime(2026, 9, 1, tzinfo=UTC))
NONE = np.empty(0, dtype=np.int64)


def say(text: str) -> None:
    """A line of the result."""
    print(text, flush=True)  # noqa: T201


def seconds(work: Callable[[], object]) -> float:
    """Time that a piece of work takes [s]."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def good(times_us: np.ndarray, values: np.ndarray) -> Readings:
    """Good readings that were received at once."""
    none = np.zeros(len(times_us), dtype=np.int64)
    return Readings(times_us, values, np.zeros(len(times_us), dtype=np.uint32), times_us, none)


def second_by_second(start_us: int, count: int) -> np.ndarray:
    """Instants, one a second."""
    return start_us + np.arange(count, dtype=np.int64) * US_PER_S


def bench_readings() -> None:
    """Guarded increase and time-weighted mean of a day at 1 Hz, against NumPy without any guard."""
    times = second_by_second(START_US, DAY_S)
    counts = np.cumsum(np.random.default_rng(1).integers(0, 2, DAY_S)).astype(np.float64)
    power = np.random.default_rng(2).normal(40, 5, DAY_S)
    rules = CounterRules(Restarts.ANY, modulus=2.0**32, max_rate_per_h=8000.0)
    counter = Tag("n", "press", Role.GOOD_COUNT, "1", counter=rules)
    gauge = Tag("kw", "press", Role.POWER, "kW", max_hold_s=10.0)
    end_us = int(times[-1])

    def guarded() -> float:
        series = TagSeries(counter, good(times, counts), START_US, end_us)
        steps = counter_steps(series, Restarting(NONE, NONE))
        held = TagSeries(gauge, good(times, power), START_US, end_us)
        record = gauge_record(held, START_US, end_us)
        return counter_record(series, steps, START_US, end_us).amount + record.integral

    def unguarded() -> float:
        rises = np.diff(counts)
        return float(rises[rises > 0].sum() + (power[:-1] * np.diff(times)).sum() / US_PER_S)

    assert abs(guarded() - unguarded()) < 1e-3
    pairs = [(seconds(guarded), seconds(unguarded)) for _ in range(50)]
    ours, numpy = (statistics.median(column) for column in zip(*pairs, strict=True))
    n = 2 * DAY_S
    say(f"a reading: {ours / n * 1e9:.1f} ns, NumPy unguarded {numpy / n * 1e9:.1f} ns: {ours / numpy:.1f} times")


def site_file(folder: Path, machines: int) -> Path:
    """A plant whose machines have two counters, a power gauge and a state each."""
    tags = []
    for number in range(machines):
        unit = f"m{number:02d}"
        for name, role, more in (
            ("good", "good_count", "max_rate: 8000, "),
            ("scrap", "scrap_count", "max_rate: 8000, "),
            ("kw", "power", ""),
            ("state", "state", ""),
        ):
            tags.append(f"{{name: {unit}.{name}, work_unit: {unit}, role: {role}, {more}node: ns=2;s={unit}.{name}}}")
    lines = [
        "plant: {id: kr-bench-0001, time_zone: Etc/UTC}",
        "shifts: [{name: all, start: 00:00, end: 24:00, breaks: [12:00-13:00]}]",
        "work_units:",
        *(f"  m{number:02d}: {{planned_run_time_s: 1.9}}" for number in range(machines)),
        "devices:",
        "  - {id: line, protocol: opcua, endpoint: 'opc.tcp://127.0.0.1:4840', security: none, tags: [",
        *(f"      {tag}," for tag in tags),
        "    ]}",
    ]
    path = folder / "site.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def fill(connection: Connection, stored: dict[str, StoredTag], days: int) -> None:
    """Days of readings: counters and gauge at 1 Hz, a state that changes about every 5 min."""
    random = np.random.default_rng(3)
    for name, tag in stored.items():
        with transaction(connection):
            total = 0.0
            for day in range(days):
                times = second_by_second(START_US + day * DAY_US, DAY_S)
                kind = name.split(".")[1]
                if kind == "state":
                    times = np.sort(random.choice(times, 288, replace=False))
                    values = random.choice([0.0, 1.0, 1.0, 1.0, 2.0, 3.0], 288)
                elif kind == "kw":
                    values = np.round(random.normal(40, 5, DAY_S), 2)
                else:
                    steps = random.random(DAY_S) < (0.5 if kind == "good" else 0.01)
                    values = total + np.cumsum(steps).astype(np.float64)
                    total = float(values[-1])
                merge(connection, tag.id, good(times, values))


def filled(folder: Path, machines: int, days: int) -> tuple[Site, Path]:
    """A plant and its store."""
    site = load_site(site_file(folder, machines))
    store = folder / "plant.db"
    with writing(store) as connection:
        with transaction(connection):
            stored = register(connection, [(d.id, settings.tag()) for d in site.devices for settings in d.tags])
        fill(connection, stored, days)
    return site, store


def worked_out(site: Site, store: Path, kind: PeriodKind, day: datetime, now_us: int) -> int:
    """All KPIs of all scopes over one period; returns how many have a value."""
    clock = site.clock()
    with reading(store) as connection:
        evaluation = Evaluation(connection, site, clock, now_us)
        values = evaluation.values([day_period(kind, day.date(), clock)], evaluation.scopes(), list(KpiId))
        return sum(value.outcome.value is not None for value in values)


def keep_all(site: Site, store: Path, now_us: int) -> int:
    """Keep every closed day, as the daemon does in the background; returns how many."""
    kept = 0
    while (found := missing_records(store, site, now_us)) is not None:
        with writing(store) as writer, transaction(writer):
            kept += found.keep(writer)
    return kept


def bench_day(days: int = 30) -> None:
    """A closed day of 50 machines from readings, and the month of such days from what was kept."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        site, store = filled(Path(folder), MACHINES, days)
        size = store.stat().st_size / 1e6
        say(f"made {days} days of {MACHINES} machines in {time.perf_counter() - began:.0f} s, {size:.0f} MB")
        now_us = START_US + days * DAY_US
        first = datetime(2026, 9, 2, tzinfo=UTC)
        runs = [seconds(lambda: worked_out(site, store, PeriodKind.DAY, first, now_us)) for _ in range(3)]
        say(f"a day of {MACHINES} machines from readings: {statistics.median(runs):.2f} s")
        began = time.perf_counter()
        kept = keep_all(site, store, now_us + DAY_US)
        say(f"kept {kept} days of work units in {time.perf_counter() - began:.0f} s")
        month = [seconds(lambda: worked_out(site, store, PeriodKind.MONTH, first, now_us)) for _ in range(ROUNDS)]
        day = [seconds(lambda: worked_out(site, store, PeriodKind.DAY, first, now_us)) for _ in range(ROUNDS)]
        say(f"the month from kept days: {statistics.median(month):.2f} s, a kept day: {statistics.median(day):.2f} s")


def bench_history(millions: int) -> None:
    """A day of one machine with 1 million and with so many million readings of it behind."""
    per_day = 3 * DAY_S
    with tempfile.TemporaryDirectory() as short, tempfile.TemporaryDirectory() as long:
        days = {short: max(2, 10_000_000 // per_day // 10), long: millions * 1_000_000 // per_day}
        plants = {folder: filled(Path(folder), 1, count) for folder, count in days.items()}
        times: dict[str, list[float]] = {short: [], long: []}
        for _ in range(3 * ROUNDS):
            for folder, (site, store) in plants.items():
                last_us = START_US + (days[folder] - 1) * DAY_US
                day = datetime.fromtimestamp(last_us / US_PER_S, UTC)
                args = (site, store, PeriodKind.DAY, day, last_us + DAY_US)
                times[folder].append(seconds(lambda: worked_out(*args)))  # noqa: B023
        few, many = (statistics.median(found) for found in times.values())
        say(
            f"a day with {days[short] * per_day / 1e6:.0f} M readings behind it: {few * 1e3:.0f} ms,"
            f" with {days[long] * per_day / 1e6:.0f} M: {many * 1e3:.0f} ms: {many / few:.2f} times"
        )


def main(arguments: list[str]) -> None:
    """Run what is asked for."""
    if not arguments or "readings" in arguments:
        bench_readings()
    if not arguments or "day" in arguments:
        bench_day()
    if not arguments or "history" in arguments:
        bench_history(next((int(word) for word in arguments if word.isdigit()), 10))


if __name__ == "__main__":
    main(sys.argv[1:])
