"""A demo as a process in an empty folder with an empty home."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SMARTWINGS = [sys.executable, "-P", "-c", "from commands.main import main; main()"]
START_S = 60.0


class Demo:
    """A running demo. said: the lines that it printed so far."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        for name in ("home", "temp", "here"):
            (folder / name).mkdir(exist_ok=True)
        self.temp = folder / "temp"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
            "HOME": str(folder / "home"),
            "TMPDIR": str(self.temp),
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
        }
        self.here = folder / "here"
        self.process = subprocess.Popen(
            [*SMARTWINGS, "demo", *arguments],
            cwd=self.here,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said: list[str] = []

    def until(self, text: str) -> str:
        """Read on until a line holds this; the line."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            if text in line:
                return self.said[-1]
        raise AssertionError(f"the demo ended without {text!r}: {self.said}")

    def until_it_runs(self) -> None:
        started = time.monotonic()
        self.until("programme summary")
        assert time.monotonic() - started < START_S

    def end(self, longest_s: float = 90) -> int:
        """Read on to its end; the exit code."""
        out, _ = self.process.communicate(timeout=longest_s)
        self.said += out.splitlines()
        return self.process.returncode

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a command that the demo printed."""
        name, *arguments = line.split()
        assert name == "smartwings"
        return subprocess.run(
            [*SMARTWINGS, *arguments], cwd=self.here, env=self.environment, capture_output=True, text=True, timeout=60
        )

    def watch(self, line: str, lines: int) -> list[str]:
        """Run a command that goes on for ever, until it has printed so many lines."""
        command = [*SMARTWINGS, *line.split()[1:]]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=self.here, env=self.environment, stdout=pipe, text=True) as watching:
            assert watching.stdout is not None
            found = [watching.stdout.readline() for _ in range(lines)]
            watching.terminate()
        return found


@contextmanager
def demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    started = Demo(folder, *arguments)
    try:
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
        started.process.communicate()
