"""Does `simulate` serve until it is told to stop, and say in one line what is wrong?"""

import signal
import socket
import subprocess
import sys
from pathlib import Path

APP = "import typer; from commands.simulate import simulate; app = typer.Typer(); app.command()(simulate); app()"
SITE = """
plant: {{id: kr-test-0001, name: Test, time_zone: Asia/Seoul}}
devices:
  - {{id: meter, protocol: modbus, host: 127.0.0.1, port: {port}, tags: [
      {{name: energy, work_unit: plant, role: energy_import, table: input, address: 72, type: {type}}}]}}
  - {{id: far, protocol: modbus, host: 192.0.2.1}}
"""


def start(folder: Path, port: int, type_: str = "float32", *options: str) -> "subprocess.Popen[str]":
    (folder / "site.yaml").write_text(SITE.format(port=port, type=type_), encoding="utf-8")
    command = [sys.executable, "-c", APP, str(folder / "site.yaml"), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_it_serves_until_told_to_stop(tmp_path: Path) -> None:
    port = free_port()
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(tmp_path, port, "float32", "--truth", str(tmp_path / "truth.jsonl"))
        assert process.stdout is not None
        assert process.stdout.readline() == f"meter: modbus 127.0.0.1:{port} unit 1, 1 tags\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=20)
        assert (process.returncode, out) == (0, "")
        assert errors == "far: modbus 192.0.2.1:502 unit 1 is not on this machine\n"


def test_sigusr1_lets_the_plant_stand_still(tmp_path: Path) -> None:
    port = free_port()
    process = start(tmp_path, port)
    assert process.stdout is not None
    process.stdout.readline()
    said = []
    for _ in range(2):
        process.send_signal(signal.SIGUSR1)
        said.append(process.stdout.readline())
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "")
    assert said[0].startswith("frozen at 20")
    assert said[0].endswith("+09:00\n")
    assert said[1] == said[0], "it stands still already"


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        out, errors = (process := start(tmp_path, port)).communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert errors == f"meter: modbus 127.0.0.1:{port} unit 1: the port is taken\n"


def test_faults_are_lines(tmp_path: Path) -> None:
    out, errors = (process := start(tmp_path, 5020, "float33")).communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert len(errors.splitlines()) == 1
    assert "devices[0].tags[0].type: must be " in errors


def test_a_truth_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    truth = tmp_path / "none" / "truth.jsonl"
    out, errors = (process := start(tmp_path, free_port(), "float32", "--truth", str(truth))).communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert errors == f"{truth}: cannot be written: No such file or directory\n"
