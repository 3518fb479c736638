"""Which server is measured against, and what does it say of itself?"""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modbus.processes import AROUND, ROOT, on

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Sent:
    """What the server had to send in a window. skipped: values for which nobody had asked when they were due."""

    notifications: int
    values: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Plant:
    """A served plant. tags, hz, share: as `server.py` has them."""

    pid: int
    port: int
    tags: int
    hz: float
    log: Path

    def sent(self, begun_us: int, end_us: int) -> Sent:
        """Notifications with times in [begun, end)."""
        rows = [line.split() for line in self.log.read_text(encoding="utf-8").splitlines()]
        within = [(int(row[1]), row[2] == "1") for row in rows if len(row) == 3 and begun_us <= int(row[0]) < end_us]
        asked = [values for values, was_asked in within if was_asked]
        return Sent(len(asked), sum(asked), sum(values for values, was_asked in within if not was_asked))


@contextmanager
def served(folder: Path, tags: int, hz: float, share: float = 1.0) -> Iterator[Plant]:
    """A replaying server on the core around, until the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    log = folder / "sent.log"
    command = [sys.executable, HERE / "server.py", port, tags, hz, share, log]
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        preexec_fn=on(AROUND),
    ) as server:
        assert server.stdout is not None
        try:
            if server.stdout.readline() != "ready\n":
                raise SystemExit("the replaying server did not start")
            yield Plant(server.pid, port, tags, hz, log)
        finally:
            server.kill()
