"""A simulated plant and its collector as real processes on free ports, and the judgement of truth against store."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from collector.control import ask
from collector.store import gaps
from collector.store.readings import series
from collector.store.store import reading
from collector.store.tags import stored_tags, texts
from plant.gap import Gap
from plant.instant import parse_instant
from plant.tag import Kind

SMARTWINGS = [sys.executable, "-c", "from commands.main import main; main()"]
ALWAYS = 2**62

SITE = """
plant: {{id: kr-test-0001, name: Test, time_zone: Asia/Seoul, production_day_start: 08:00}}
devices:
  - id: line
    protocol: opcua
    endpoint: opc.tcp://127.0.0.1:{line}
    security: {security}
    sampling_ms: 100
    publishing_ms: 200
    tags:
      - {{name: press1.good, work_unit: press1, role: good_count, node: ns=2;s=P1.Good}}
      - {{name: press1.scrap, work_unit: press1, role: scrap_count, node: ns=2;s=P1.Scrap}}
      - {{name: press1.temperature, work_unit: press1, role: temperature, unit: Cel, node: ns=2;s=P1.Temperature}}
      - {{name: press1.product, work_unit: press1, role: product_id, node: ns=2;s=P1.Product}}
  - id: meter
    protocol: modbus
    host: 127.0.0.1
    port: {meter}
    poll_s: 0.2
    tags:
      - {{name: main.energy, work_unit: plant, role: energy_import, table: input, address: 72, type: float32}}
      - {{name: main.power, work_unit: plant, role: power, table: input, address: 52, type: float32}}
  - id: press2
    protocol: modbus
    host: 127.0.0.1
    port: {press2}
    poll_s: 0.1
    tags:
      - {{name: press2.good, work_unit: press2, role: good_count, table: holding, address: 0, type: uint32}}
      - {{name: press2.state, work_unit: press2, role: state, table: holding, address: 10, type: uint16}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, longest_s: float = 120.0) -> None:
    end = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {longest_s} s in vain until {what}")
        time.sleep(0.1)


def smartwings(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SMARTWINGS, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


@contextmanager
def process(*arguments: str, folder: Path, log: str) -> Iterator[subprocess.Popen[bytes]]:
    """A smartwings command that runs until the end of the block, its output in `log`."""
    with (folder / log).open("ab") as output:
        running = subprocess.Popen([*SMARTWINGS, *arguments], cwd=folder, stdout=output, stderr=output)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGTERM)
            try:
                running.wait(25)
            except subprocess.TimeoutExpired:
                running.kill()
                raise
        running.wait()


class SimulatedPlant:
    """A folder with a site file, its simulators and its collector."""

    def __init__(self, folder: Path, security: str = "none", more: str = "") -> None:
        self.folder = folder
        ports = {name: free_port() for name in ("line", "meter", "press2")}
        self.text = SITE.format(security=security, **ports) + more
        (folder / "site.yaml").write_text(self.text)
        self.store = folder / "plant.db"
        self._stack = ExitStack()

    def __enter__(self) -> "SimulatedPlant":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def simulate(self) -> subprocess.Popen[bytes]:
        started = self._start("simulate", "site.yaml", "--truth", "truth.jsonl", log="simulate.log")
        # The log is appended to over restarts: one line a device each time.
        wait_until(lambda: self._lines("simulate.log") % 3 == 0 and self._lines("simulate.log") > 0, "devices serve")
        return started

    def collect(self) -> subprocess.Popen[bytes]:
        return self._start("run", "site.yaml", log="run.log")

    def _start(self, *arguments: str, log: str) -> subprocess.Popen[bytes]:
        return self._stack.enter_context(process(*arguments, folder=self.folder, log=log))

    def _lines(self, log: str) -> int:
        return len((self.folder / log).read_text().splitlines()) if (self.folder / log).exists() else 0

    def status(self) -> dict:
        """What `status --json` gives, asked as it asks: it is asked often."""
        answer = ask(self.store, {"command": "status"})
        return answer["status"] if answer else {"running": False, "well": False, "devices": []}

    def stored(self, tag: str) -> int:
        if not self.store.exists():
            return 0
        with reading(self.store) as connection:
            found = stored_tags(connection).get(tag)
            return len(series(connection, found.id, 0, ALWAYS)) if found else 0

    def wait_for_new(self, *tags: str, count: int = 5) -> None:
        before = {tag: self.stored(tag) for tag in tags}
        wait_until(lambda: all(self.stored(tag) >= before[tag] + count for tag in tags), f"{count} more of {tags}")

    def wait_for_contact(self) -> None:
        """Until no gap is open: on a busy machine a poll may have failed a moment ago, which is declared and passes."""

        def closed() -> bool:
            with reading(self.store) as connection:
                return all(gap.end_us is not None for gap in gaps.overlapping(connection, 0, ALWAYS))

        wait_until(closed, "no gap is open")

    def judge(self, from_us: int = 0) -> "Judgement":
        return judge(self.folder / "truth.jsonl", self.store, from_us)


def kill(running: subprocess.Popen[bytes]) -> None:
    os.kill(running.pid, signal.SIGKILL)
    running.wait()


class Judgement:
    """What is wrong between what a perfect reader would have seen and what is stored."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.doubled_or_wrong: list[str] = []
        self.matched = 0
        self.gaps: list[Gap] = []


def judge(truth_file: Path, store: Path, from_us: int = 0) -> Judgement:
    """Every true value from an instant on is stored once, or lies in a declared gap; nothing else is stored.

    OPC UA readings carry the time of the change; a Modbus reading is received shortly after its value was served.
    """
    truth: dict[str, list[tuple[int, object]]] = defaultdict(list)
    for line in truth_file.read_text().splitlines():
        entry = json.loads(line)
        truth[entry["tag"]].append((parse_instant(entry["time"]), entry["value"]))
    result = Judgement()
    with reading(store) as connection:
        result.gaps = gaps.overlapping(connection, 0, ALWAYS)
        named = texts(connection)
        for name, stored in stored_tags(connection).items():
            found = series(connection, stored.id, from_us, ALWAYS)
            is_text = stored.tag.kind is Kind.TEXT
            values = [named[int(v)] if is_text else v for v in found.values.tolist() if v == v]
            times = [at for at, v in zip(found.times_us.tolist(), found.values.tolist(), strict=True) if v == v]
            own = [gap for gap in result.gaps if gap.device == stored.device and gap.tag in (None, name)]
            _match(name, truth[name], list(zip(times, values, strict=True)), own, result)
    return result


def _match(
    name: str, truth: list[tuple[int, object]], stored: list[tuple[int, object]], own: list[Gap], result: Judgement
) -> None:
    """From the end: a value was read just after it was served, so a reading belongs to the last such value before it.

    From the start, a value served to a collector that was killed could take the next reading, of the same value.
    """
    reach_us = 1_500_000
    first_us = stored[0][0] if stored else ALWAYS
    last_us = stored[-1][0] if stored else 0
    rest = list(stored)
    for time_us, value in reversed(truth):
        while rest and rest[-1][0] - time_us > reach_us:
            result.doubled_or_wrong.append(f"{name} {rest.pop()}")
        if rest and rest[-1][1] == value and rest[-1][0] - time_us >= -1:
            result.matched += 1
            rest.pop()
        elif first_us <= time_us <= last_us and not any(
            gap.start_us - reach_us <= time_us <= (gap.end_us or ALWAYS) for gap in own
        ):
            result.lost.append(f"{name} {time_us} {value}")
    result.doubled_or_wrong += [f"{name} {one}" for one in rest]
