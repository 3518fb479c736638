"""The demo as a person runs it: real processes in an empty folder, with an empty home."""

import json
import os
import re
import signal
import socket
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.running_demo import START_S, demo

LISTENING = "0A"

pytestmark = pytest.mark.timeout(240)


def children(text: str) -> dict[int, list[str]]:
    """Processes of the demo whose command line holds this text."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:  # it has just ended
                continue
            if {"commands.demo_child", "collector.page"} & {*command} and any(text in part for part in command):
                found[int(entry.name)] = command
    return found


def gone(text: str, longest_s: float = 40) -> bool:
    end = time.monotonic() + longest_s
    while children(text) and time.monotonic() < end:
        time.sleep(0.1)
    return not children(text)


def listening(pid: int) -> set[str]:
    """Addresses, as the kernel writes them, on which a process listens for TCP."""
    links = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.add(os.readlink(entry))
        except OSError:  # closed meanwhile
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            if cells[3] == LISTENING and f"socket:[{cells[9]}]" in links:
                found.add(cells[1].split(":")[0])
    return found


def test_it_ends_by_itself_with_nothing_lost_and_nothing_left(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "5") as running:
        running.until_it_runs()
        assert len(children(str(tmp_path))) == 5
        # Loopback is 127.0.0.1, in the byte order of the machine.
        local = {f"{int.from_bytes(socket.inet_aton('127.0.0.1'), sys.byteorder):08X}"}
        addresses = [listening(pid) for pid in children(str(tmp_path))]
        assert set().union(*addresses) == local
        assert sum(map(bool, addresses)) == 3, "broker, plant and page"
        assert running.end() == 0
    assert running.said[-1] == "difference produced - counted: 0"
    assert any(re.fullmatch(r"reports made: \d+, accepted by the programme: \d+", line) for line in running.said)
    assert children(str(tmp_path)) == {}
    for folder in ("home", "temp", "here"):
        assert list((tmp_path / folder).iterdir()) == []


def test_all_that_it_prints_works_and_a_tampered_counter_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with demo(tmp_path, "--dir", str(folder)) as running:
        running.until_it_runs()
        said = "\n".join(running.said)
        for path in ("health", "metrics"):
            page = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert page is not None
            with urllib.request.urlopen(page[0] + path) as answer:
                assert answer.status == 200
        ports = [int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", said)]
        assert len(ports) >= 6
        for port in ports:
            socket.create_connection(("127.0.0.1", port), timeout=10).close()
        commands = [line.strip() for line in running.said if line.startswith("  smartwings ")]
        assert len(commands) >= 6
        watched = running.watch(next(command for command in commands if "--watch" in command), lines=30)
        assert any("press3.good" in line for line in watched)
        commands = [command for command in commands if "--watch" not in command]
        with ThreadPoolExecutor(2) as several:
            for command, done in zip(commands, several.map(running.run, commands), strict=True):
                assert (done.returncode, done.stderr) == (0, ""), command
                assert done.stdout, command
        day = datetime.now(UTC) - timedelta(days=20)
        found = running.run(f"smartwings kpi {folder}/site.yaml --at {day:%Y-%m-%d} --scope plant --json")
        grades = {value["kpi"]: value["grade"] for value in json.loads(found.stdout)["values"]}
        assert {grades[kpi] for kpi in ("good_quantity", "defect_rate", "energy", "energy_per_good_unit")} == {"good"}

        (tmp_path / "here" / "false.csv").write_text(f"time,tag,value\n{day:%Y-%m-%dT%H:%M:%S.000001Z},press2.good,0\n")
        done = running.run(f"smartwings import readings {folder}/site.yaml false.csv")
        assert done.returncode == 0, done.stderr
        running.process.send_signal(signal.SIGINT)
        assert running.end() == 3
    last = re.fullmatch(r"difference produced - counted: (\d+)", running.said[-1])
    assert last is not None
    assert int(last[1]) > 0
    assert gone(str(folder), 0)

    # What was found stays so in the next run, which two interrupts end at once.
    with demo(tmp_path, "--dir", str(folder)) as again:
        again.until_it_runs()
        assert not any("Imported" in line for line in again.said)
        again.process.send_signal(signal.SIGINT)
        again.until("stand still")
        again.process.send_signal(signal.SIGINT)
        assert again.end(20) == 130
    assert gone(str(folder), 2)  # killed, though the kernel may still be clearing up


def test_no_part_outlives_a_kill(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    with demo(tmp_path, "--dir", str(folder)) as running:
        running.until("Starting")
        end = time.monotonic() + START_S
        while len(children(str(folder))) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        assert len(children(str(folder))) >= 3
        running.process.kill()
        running.process.wait()
        assert gone(str(folder))


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear sir")
    with demo(tmp_path, "--dir", str(tmp_path)) as running:
        assert running.end() == 2
    assert running.said == [f"{tmp_path}: is not empty and not a folder of the demo; choose an empty or a new one"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "home", "letter.txt", "temp"]
