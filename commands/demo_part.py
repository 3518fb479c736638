"""What is one part of the demo? A process with a log of its own, started, waited for, and ended in order."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

END_S = 25.0


@dataclass(slots=True)
class Part:
    """One process. is_ready judges what its log says since the last start; starts counts them."""

    name: str
    arguments: list[str]
    log: Path
    is_ready: Callable[[str], bool]
    starts: int = 0
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _said_from: int = 0

    def start(self) -> None:
        """Start it, apart from the terminal: Ctrl-C reaches the demo alone, which ends its parts in order."""
        with self.log.open("ab") as log:
            self._said_from = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "commands.demo_child", *self.arguments],
                stdin=subprocess.PIPE,  # closed by our end, which ends the process; see demo_child
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.starts += 1

    def said(self) -> str:
        """What its log says since the last start."""
        with self.log.open("rb") as log:
            log.seek(self._said_from)
            return log.read().decode(errors="replace")

    @property
    def exit_code(self) -> int | None:
        """None while it runs; 0 for one that was never started."""
        return self._process.poll() if self._process is not None else 0

    @property
    def ready(self) -> bool:
        return self.exit_code is None and self.is_ready(self.said())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; one that has ended is left alone."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kill it and whatever it started; one that has ended is left alone."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, longest_s: float) -> None:
        """Wait for its end, then make sure of it."""
        if self._process is None:
            return
        try:
            self._process.wait(longest_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()


def end(parts: Iterable[Part]) -> None:
    """Ask all at once to end in order, and wait until they have."""
    asked = list(parts)
    for part in asked:
        part.signal(signal.SIGTERM)
    end_at = time.monotonic() + END_S
    for part in asked:
        part.wait(max(0.0, end_at - time.monotonic()))


def kill(parts: Iterable[Part]) -> None:
    """End all now, with what they started (the collector's page)."""
    for part in parts:
        part.kill()
        part.wait(END_S)


def program() -> str:
    """How the command line was called, for commands that a person is to copy."""
    called = sys.argv[0]
    return called if os.path.basename(called) == "smartwings" else "smartwings"
